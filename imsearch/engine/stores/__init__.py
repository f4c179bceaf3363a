"""Interfaces of the catalog and the indexes, and the homes that implement them."""
