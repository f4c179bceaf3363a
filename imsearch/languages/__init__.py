"""Words: the lexicon of tags, letters and their forms, tables of other languages."""
