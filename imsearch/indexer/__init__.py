"""Indexing: scan, plan, read, annotate, write; runs and their progress."""
