"""Behavior windows and affinities as Ibis expressions over the canonical tables."""
