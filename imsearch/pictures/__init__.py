"""Picture files: decoding, metadata, and hashes to recognize copies."""
