"""Run by every Python process that finds this folder on ``PYTHONPATH``: tests have no network."""

from network_guard import block

block()
