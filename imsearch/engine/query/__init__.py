"""The query language: text in, a tree out.  Pure."""
