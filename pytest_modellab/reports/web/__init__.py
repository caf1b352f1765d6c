"""A read-only web server for a folder of reports, on this machine, with the standard library alone."""
