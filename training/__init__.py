"""Profiles and interactions to models that are evaluated and tracked."""
