"""Executors of several machines."""
