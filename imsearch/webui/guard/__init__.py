"""What stands around every request: host names, the token, rates, sizes, headers."""
