"""Variety at ranking time: a list chosen anew from the first items of any model."""
