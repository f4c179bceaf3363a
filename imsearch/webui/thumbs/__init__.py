"""Thumbnails and original files: made, cached, served."""
