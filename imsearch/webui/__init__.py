"""The web pages and the JSON API over one library."""
