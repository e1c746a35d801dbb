"""What a student learns from: texts, and the audio that a teacher makes of them."""
