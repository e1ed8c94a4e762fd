"""Findings of a business's own: files in a folder of its choice, as Python or as SQL."""
