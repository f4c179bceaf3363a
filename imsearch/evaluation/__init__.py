"""Protocols that judge what people meet: tags that are shown, on photos whose labels tell what is there.

docs/everyday.md says how to run them and what the figures mean.
"""
