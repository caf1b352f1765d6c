"""What records, killed sessions and the cache take up, and what of it may go."""
