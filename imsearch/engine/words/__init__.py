"""What the words of a query mean: tags, written words, kinds and forms."""
