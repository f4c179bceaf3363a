"""Languages of queries beside English: tables of words, and which of them are in use."""
