"""A release: everything that is required measured afresh, checked, and put into one file that others can check."""
