"""Comparison of two or more sets of records: regressions, improvements, and differences that can't be detected."""
