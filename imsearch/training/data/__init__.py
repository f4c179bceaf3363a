"""Labelled pictures: one reader a kind of dataset."""
