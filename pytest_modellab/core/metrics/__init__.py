"""What is measured (`definitions`), and the arithmetic: recognition errors (`asr`) and speed (`speed`)."""
