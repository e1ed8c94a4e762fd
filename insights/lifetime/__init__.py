"""Customers who leave without saying so: whether they are still there, what they will yet bring."""
