"""Published models beside what was measured here: a table, CSV, JSON, and one static page with two plots."""
