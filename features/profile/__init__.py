"""Behavior, mood and topics fused into one profile, with the traits that people read."""
