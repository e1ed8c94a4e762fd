"""Answers of a fine-tuned transformer: fitted in training, asked by text analysis."""
