"""Retrain on a schedule: watch the champion, refit it on what is new, let the gate decide."""
