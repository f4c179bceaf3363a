"""Thumbnails and original files: made, kept, handed out."""
