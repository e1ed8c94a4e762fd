"""Text analysis in Chinese and English: one analyzer a file, results kept by content."""
