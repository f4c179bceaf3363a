"""Query languages other than English: word tables, and the set of languages in use."""
