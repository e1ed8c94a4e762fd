"""Negative, neutral or positive: learned from ratings where there are some, else from seeds."""
