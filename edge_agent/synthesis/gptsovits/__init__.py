"""A user's own GPT-SoVITS voice, numerically the model they trained."""
