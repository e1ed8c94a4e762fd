"""One finding, one file."""
