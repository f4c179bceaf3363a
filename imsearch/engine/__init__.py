"""Everything that keeps and finds: query language, words, stores, search, review."""
