"""Exports of records: tables, the Hugging Face hub's metadata, experiment trackers."""
