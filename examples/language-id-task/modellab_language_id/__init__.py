"""Spoken language identification: which language a recording is in."""
