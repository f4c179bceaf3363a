"""The meaning of query words: tags, written words, kinds and forms."""
