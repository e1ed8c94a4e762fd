"""What each message tells the business, each signal with its score and the words that show it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import pyarrow as pa
from pydantic import Field, validate_call

from features.text.aspects.analyzer import AspectAnalyzer
from features.text.aspects.find import Statement
from features.text.base import fingerprint
from features.text.signals.cues import Signal, all_cues
from features.text.spans import folded

CODE_VERSION = "1"
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LATIN = re.compile(r"[a-z]")
_STRONG, _WEAK, _STATED = 0.7, 0.35, 0.6
_AGAINST = 0.4  # of the score where something speaks for the contrary
_BAD = -0.45  # polarity from which a statement is a complaint
# What is said of service, of use or in public is less often a pain of the product besides.
_NARROWER = frozenset({"service_dissatisfaction", "usability_pain", "public_opinion"})
_SPECIAL = 0.6
_EXCLAIMED, _MOST_MARKS = 0.1, 3
SIGNAL_ROWS = pa.list_(
    pa.struct(
        [
            ("signal", pa.string()),
            ("score", pa.float32()),
            ("evidence", pa.string()),
            ("start", pa.int32()),
            ("end", pa.int32()),
        ]
    )
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One signal: its score in (0, 1], and ``text[start:end]`` that shows it."""

    signal: Signal
    score: float
    start: int
    end: int


class SignalAnalyzer:
    """Pain points, anger about service, trouble with use, wishes, intent to buy, publicity.

    Every score is the noisy-or of its cues: 1 minus the product of what each leaves open. The same
    text always has the same scores; nothing is drawn at random.

    Parameters
    ----------
    threshold : float
        Least score of a signal that is reported, in (0, 1].

    Examples
    --------
    >>> rows = SignalAnalyzer().analyze(["建议增加夜间模式", "客服不回复,马上处理!"]).to_pylist()
    >>> [[found["signal"] for found in row["signals"]] for row in rows]
    [['suggestion'], ['service_dissatisfaction']]
    >>> rows[1]["urgency"] > 0.5 > rows[0]["urgency"]
    True
    """

    name = "signals"
    schema = pa.schema(
        [("signals", SIGNAL_ROWS), ("purchase_intent", pa.float32()), ("urgency", pa.float32())]
    )

    @validate_call
    def __init__(self, *, threshold: Annotated[float, Field(gt=0, le=1)] = 0.5) -> None:
        cues = all_cues()
        self._threshold = threshold
        self._patterns = {signal: cue.compiled() for signal, cue in cues.items()}
        self._about = {signal: frozenset(cue.aspects) for signal, cue in cues.items()}
        self._aspects = AspectAnalyzer()
        state = fingerprint(threshold, [cue.model_dump_json() for cue in cues.values()])
        self.version = f"{CODE_VERSION}:{state}:{self._aspects.version}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return ``signals`` with evidence, and the scores ``purchase_intent`` and ``urgency``.

        The two scores are given for every text, 0 where nothing speaks for them; urgency is not
        repeated among the signals.
        """
        found = [{heard.signal: heard for heard in self.heard(text)} for text in texts]
        rows = [
            [
                {"signal": one.signal, "score": one.score, "evidence": text[one.start : one.end],
                 "start": one.start, "end": one.end}
                for one in many.values()
                if one.signal != "urgency" and one.score >= self._threshold
            ]
            for text, many in zip(texts, found, strict=True)
        ]  # fmt: skip
        columns = {
            "signals": pa.array(rows, SIGNAL_ROWS),
            "purchase_intent": [_score(many.get("purchase_intent")) for many in found],
            "urgency": [_score(many.get("urgency")) for many in found],
        }
        return pa.table(columns, schema=self.schema)

    def heard(self, text: str) -> Iterator[Heard]:
        """Yield every signal that anything speaks for, whatever its score."""
        plain = folded(text)
        lower = plain.lower()
        lower = lower if len(lower) == len(text) else plain
        languages = [
            name for name, letters in (("zh", _HAN), ("en", _LATIN)) if letters.search(lower)
        ]
        if not languages:
            return
        said = self._aspects.statements(text)
        special = False
        for signal in self._patterns:
            heard = self._one(signal, lower, languages, said)
            if heard is None:
                continue
            if signal == "pain_point" and special:
                heard = replace(heard, score=round(heard.score * _SPECIAL, 6))
            special |= signal in _NARROWER and heard.score >= self._threshold
            yield heard

    def _one(
        self, signal: Signal, text: str, languages: Sequence[str], said: Sequence[Statement]
    ) -> Heard | None:
        parts: list[tuple[float, int, int]] = []
        for kind, weight in (("strong", _STRONG), ("weak", _WEAK)):
            for language in languages:
                pattern = self._patterns[signal][kind][language]
                parts += [(weight, *match.span()) for match in pattern.finditer(text)]
        about = self._about[signal]
        parts += [
            (_STATED, one.start, one.end)
            for one in said
            if one.polarity <= _BAD and one.aspect in about
        ]
        parts = [part for part in parts if part[1] < part[2]]
        if not parts:
            return None
        if signal == "urgency":
            marks = min(text.count("!"), _MOST_MARKS)
            parts += [(_EXCLAIMED, parts[0][1], parts[0][2])] * marks
        left = 1.0
        for weight, _, _ in parts:
            left *= 1 - weight
        score = 1 - left
        against = self._patterns[signal]["against"]
        if any(against[language].search(text) for language in languages):
            score *= _AGAINST
        _, start, end = max(parts, key=lambda part: (part[0], part[2] - part[1]))
        return Heard(signal, round(score, 6), start, end)


def _score(heard: Heard | None) -> float:
    return 0.0 if heard is None else heard.score
