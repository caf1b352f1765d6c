"""What knows nothing of pytest, the catalog or engines: files, git, language tags."""
