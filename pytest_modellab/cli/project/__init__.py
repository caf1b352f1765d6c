"""The files of a project that measures its own recordings: catalog, test, settings, what git leaves out, CI."""
