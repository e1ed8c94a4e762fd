"""Bundles, profiles and findings to a batch job and an online endpoint."""
