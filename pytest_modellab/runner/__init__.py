"""The runner: runs a case in a worker, measures it, writes the record. Knows nothing of pytest."""
