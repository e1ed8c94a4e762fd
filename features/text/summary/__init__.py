"""Summaries made of sentences that were really written, each linked to where it stands."""

from features.text.summary.conversation import Message, Sentence, summarize

__all__ = ["Message", "Sentence", "summarize"]
