"""How a student learns: data, losses, steps and checkpoints."""
