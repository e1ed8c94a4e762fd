"""How people type: joined clauses, typos, homophones, emoji, case, punctuation and mixed words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from random import Random

from ingest.sources.simulation.grammar import document, happens
from ingest.sources.simulation.people import Person
from ingest.sources.simulation.truth import MARKED

_NAMES = {"zh": "chinese", "en": "english"}
_EMOJI = {"pos": "noise.emoji", "neg": "noise.emoji", "neu": "noise.emoji_neutral"}
_LONG = 5
_LATIN = re.compile(r"[A-Za-z]{2,}")
_PUNCTUATION = "。！？!?.~…，,; "


def join(clauses: Sequence[str], language: str, rng: Random) -> str:
    """Join clauses to a text with the commas and stops of the language."""
    ends = document("noise")[language]["ends"]
    said = ""
    for clause in clauses:
        if not said:
            said = clause
            continue
        stop = happens(rng, f"noise.{_NAMES[language]}_stop")
        if said[-1] in "?？":
            said += "" if language == "zh" else " "
        elif stop:
            end = rng.choice(ends)
            said += (end or ".") + ("" if language == "zh" else " ")
        else:
            said += "，" if language == "zh" else ", "
        new = stop or said.rstrip()[-1] in "?？"
        said += _capital(clause) if new and language == "en" else clause
    if said and said[-1] not in "?？":
        said += rng.choice(ends)
    return (_capital(said) if language == "en" else said).strip()


def spoken(text: str, person: Person) -> str:
    """Return the language of a text: a mixed speaker's text without Latin words is Chinese."""
    if person.language == "mixed" and not _LATIN.search(text):
        return "zh"
    return person.language


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def roughen(text: str, person: Person, polarity: str, rng: Random) -> str:
    """Return the text as this person would have typed it; marked facts stay as they are."""
    language = person.base
    parts = MARKED.split(text)
    for at in range(0, len(parts), 2):
        part = parts[at]
        if person.language == "mixed":
            part = _mix(part, rng)
        if rng.random() < person.typos and len(part) >= _LONG:
            part = _mistype(part, language, rng)
        if language == "en":
            part = _case(part, person, polarity, rng)
        parts[at] = part
    return _decorate("".join(parts), person, polarity, rng)


def _decorate(text: str, person: Person, polarity: str, rng: Random) -> str:
    if happens(rng, _EMOJI[polarity], person.emoji):
        emoji = rng.choice(document("noise")[person.base]["emoji"][polarity])
        times = rng.choice((1, 1, 1, 1, 1, 2, 3))
        text = f"{text}{' ' if person.base == 'en' else ''}{emoji * times}"
    elif polarity == "neg" and happens(rng, "noise.outcry"):
        text = text.rstrip(_PUNCTUATION) + rng.choice(("！！！", "!!!", "？？", "?!"))
    elif happens(rng, "noise.no_end"):
        text = text.rstrip(_PUNCTUATION)
    return text


def _case(text: str, person: Person, polarity: str, rng: Random) -> str:
    if person.lower:
        return text.lower()
    if polarity == "neg" and happens(rng, "noise.shout"):
        words = text.split(" ")
        words[rng.randrange(len(words))] = words[rng.randrange(len(words))].upper()
        return " ".join(words)
    return text


@cache
def _mixer() -> tuple[re.Pattern[str], dict[str, str]]:
    words = {str(zh): str(en) for zh, en in document("zh")["mixed_words"].items()}
    return re.compile("|".join(sorted(words, key=len, reverse=True))), words


def _mix(text: str, rng: Random) -> str:
    pattern, words = _mixer()

    def swap(match: re.Match[str]) -> str:
        if not happens(rng, "noise.mixed_word"):
            return match.group()
        space = " " if happens(rng, "noise.mixed_space") else ""
        return f"{space}{words[match.group()]}{space}"

    return pattern.sub(swap, text)


def _mistype(text: str, language: str, rng: Random) -> str:
    swaps = document("noise")[language]["swaps"]
    found = [key for key in swaps if key in text]
    if found and happens(rng, f"noise.{_NAMES[language]}_swap"):
        key = rng.choice(found)
        return _replace_one(text, key, str(rng.choice(swaps[key])), whole=language == "en")
    return text if language == "zh" else _slip(text, rng)


def _replace_one(text: str, old: str, new: str, *, whole: bool) -> str:
    if not whole:
        return text.replace(old, new, 1)
    return re.sub(rf"\b{re.escape(old)}\b", lambda _: new, text, count=1)


def _slip(text: str, rng: Random) -> str:
    """Swap, drop, double or miss one key inside a word."""
    at = rng.randrange(1, len(text) - 1)
    if not (text[at].isalpha() and text[at + 1].isalpha()):
        return text
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:  # noqa: PLR2004 - the third of four slips
        return text[:at] + text[at] + text[at:]
    near = str(document("noise")["keyboard"].get(text[at], text[at]))
    return text[:at] + near + text[at + 1 :]
