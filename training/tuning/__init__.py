"""Searching for the settings of models, with an equal budget for each, before the test window."""
