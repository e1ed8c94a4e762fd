"""Copies of a workspace that can be trusted: taken while it is used, checked before they count."""
