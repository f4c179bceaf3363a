"""Web pages and JSON API of a library."""
