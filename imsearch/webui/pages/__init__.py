"""The pages: one file and one template each, listed in `registry`."""
