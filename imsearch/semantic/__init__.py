"""Optional: what words mean, by a sentence encoder (the extra ``semantic``).  Nothing here is imported unless it is used."""
