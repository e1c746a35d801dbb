"""A user's own GPT-SoVITS voice (v1, v2, v2Pro, v2ProPlus), from its two checkpoints to a voice the device can load."""
