"""The ways a text is read: own words, and together with an earlier turn."""
