"""Disk usage of records, killed sessions and the cache, and removal of what isn't needed."""
