"""Corrections of tags, doubtful tags, and the health of the library."""
