"""A library in a folder: SQLite, arrays, FAISS, and the lock."""
