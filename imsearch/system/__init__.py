"""The operating system in words: refusals, processes, what threads are doing, code of others."""
