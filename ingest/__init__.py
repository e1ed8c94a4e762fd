"""Raw sources to checked, canonical tables."""
