"""Wording and JSON shapes that the command line and the pages share."""
