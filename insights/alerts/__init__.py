"""Alerts: rules over buckets of time, one incident for what belongs together, and who is told."""
