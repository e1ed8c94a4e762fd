"""The words that set apart: a text from others, a conversation, a stretch of time from the rest."""

from features.text.keywords.analyzer import (
    CODE_VERSION,
    KeywordAnalyzer,
    WordWeights,
    fit_weights,
)
from features.text.keywords.dictionary import Dictionary

__all__ = ["CODE_VERSION", "Dictionary", "KeywordAnalyzer", "WordWeights", "fit_weights"]
