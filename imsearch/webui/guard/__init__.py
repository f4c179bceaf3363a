"""Guards around every request: host names, the token, rates, sizes, headers."""
