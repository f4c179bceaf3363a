"""Optional: what words mean, by a sentence encoder (the extra ``semantic``).  Imported only when it is used."""
