"""The JSON API: one file a group of addresses."""
