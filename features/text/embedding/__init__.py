"""Sentence vectors, Chinese and English in one space."""
