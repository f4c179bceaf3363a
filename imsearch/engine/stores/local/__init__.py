"""Indexes derived from a catalog, as files on this machine, and the lock on them; for any home."""
