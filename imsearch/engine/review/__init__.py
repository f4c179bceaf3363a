"""Tags in doubt, and whether the library is sound."""
