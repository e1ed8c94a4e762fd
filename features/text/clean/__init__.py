"""Cleaning: what the writer said, apart from markup, quotations, notices and stickers."""
