"""Cues of signals as data, compiled once: what speaks for each, and what against."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

_FILE = Path(__file__).parent / "cues.yaml"
Signal = Literal[
    "service_dissatisfaction",
    "usability_pain",
    "public_opinion",
    "pain_point",
    "suggestion",
    "purchase_intent",
    "urgency",
]
SIGNALS: tuple[Signal, ...] = get_args(Signal)
Patterns = dict[Literal["zh", "en"], tuple[str, ...]]


class Cues(BaseModel):
    """What tells one signal.

    Parameters
    ----------
    aspects : tuple of str
        A negative statement about one of them counts as a strong cue.
    strong, weak, against : dict
        Regular expressions by language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    aspects: tuple[str, ...] = ()
    strong: Patterns
    weak: Patterns
    against: Patterns

    def compiled(self) -> dict[str, dict[str, re.Pattern[str]]]:
        """Return one pattern for each of strong, weak and against, for either language."""
        return {
            kind: {
                language: re.compile("|".join(f"(?:{one})" for one in patterns[language]))
                for language in ("zh", "en")
            }
            for kind, patterns in (
                ("strong", self.strong),
                ("weak", self.weak),
                ("against", self.against),
            )
        }


@cache
def all_cues() -> dict[Signal, Cues]:
    """Return the cues of every signal.

    Raises
    ------
    ValueError
        If the file names other signals than there are.
    """
    content = yaml.safe_load(_FILE.read_text("utf-8"))
    if set(content) != set(SIGNALS):
        raise ValueError(f"{_FILE}: signals {sorted(content)}, expected {sorted(SIGNALS)}")
    return {signal: Cues(**content[signal]) for signal in SIGNALS}
