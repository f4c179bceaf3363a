"""From a query's text to ranked images."""
