"""Search: from a query's text to ranked images."""
