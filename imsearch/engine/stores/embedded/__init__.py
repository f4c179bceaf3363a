"""A library in a folder: SQLite, Whoosh, FAISS, and the lock."""
