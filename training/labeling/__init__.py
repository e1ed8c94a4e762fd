"""The loop around a classifier: what to label next, and how much those who label agree."""
