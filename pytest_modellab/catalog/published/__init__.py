"""Published models: open models as data, with the sources of what is said of each, in a file that ships."""
