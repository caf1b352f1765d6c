"""Releases: all required cases measured anew, checked, and packed into one file that others can verify."""
