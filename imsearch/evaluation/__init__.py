"""Evaluation protocols for what users see: the shown tags, on photos with ground-truth labels.

docs/everyday.md describes how to run them and how to read the figures.
"""
