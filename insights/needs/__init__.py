"""Needs of customers: what many of them ask for, suffer from or wish, in their own words."""
