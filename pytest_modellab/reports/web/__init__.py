"""A folder of reports shown to a browser on this machine: read only, from the standard library alone."""
