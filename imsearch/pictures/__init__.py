"""Pictures as files: opening and decoding them, reading what is said of them, recognizing copies."""
