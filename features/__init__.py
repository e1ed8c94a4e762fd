"""Canonical tables to text analysis, behavior windows and customer profiles in Feast."""
