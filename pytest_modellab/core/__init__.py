"""Building blocks independent of pytest, the catalog and engines: audio, devices, files, metrics, statistics."""
