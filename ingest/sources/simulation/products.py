"""What is spoken about: names people use for an item, its aspects and their latent quality."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from ingest.sources.simulation.grammar import document, generator, happens

_SINGULAR_IN_S = ("gas", "hummus", "molasses", "asparagus", "swiss")
_AGREE = {
    "is": ("is", "are"),
    "was": ("was", "were"),
    "has": ("has", "have"),
    "does": ("does", "do"),
    "it": ("it", "they"),
    "them": ("it", "them"),
    "this": ("this", "these"),
    "s": ("s", ""),
    "es": ("es", ""),
}


@dataclass(frozen=True)
class Product:
    """An item as people see it.

    Attributes
    ----------
    item_id : str
        Item of the store.
    group : str
        The level of the category path that shares latent qualities.
    kind : str
        fresh, food, drink, care, goods, …: decides which aspects are spoken about.
    zh, en : tuple of str
        What people call it.
    title : str
        The store's own title, "" where there is none.
    """

    item_id: str
    group: str
    kind: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    title: str

    @property
    def aspects(self) -> list[str]:
        """Aspects that make sense for this kind of product."""
        return list(document("glossary")["aspects"][self.kind]["aspects"])

    def slots(self, language: str, rng: Random) -> dict[str, str]:
        """Return the slots of a template for one text: the name it is called, verb, agreement."""
        if language == "mixed":
            name = rng.choice(self.en if happens(rng, "product.english_name") else self.zh)
        else:
            name = rng.choice(self.en if language == "en" else self.zh)
        if self.title and happens(rng, "product.own_title"):
            name = self.title if language != "en" else self.title.lower()
        plural = name.endswith("s") and not name.endswith(_SINGULAR_IN_S)
        verb = str(document("glossary")["aspects"][self.kind]["verb"])
        return {"p": name, "eat": verb} | {key: pair[plural] for key, pair in _AGREE.items()}


@cache
def _names() -> dict[str, tuple[tuple[str, ...], tuple[str, ...], str]]:
    entries = document("glossary")["names"].items()
    return {
        str(key): (tuple(entry["zh"]), tuple(entry["en"]), str(entry["kind"]))
        for key, entry in entries
    }


def describe(item_id: str, title: str | None, category: str | None) -> Product | None:
    """Return the product behind an item, or None for lines nobody writes about.

    Parameters
    ----------
    item_id : str
        Item of the store.
    title, category : str, optional
        As in the canonical table; levels of the category are joined by " > ".
    """
    glossary = document("glossary")
    levels = [level.strip() for level in (category or "").split(" > ") if level.strip()]
    if not (title or levels) or (levels and levels[0] in glossary["skip"]):
        return None
    group = levels[min(1, len(levels) - 1)] if levels else "other"
    short = (title or levels[-1]).split(", ")[0][:60].strip()
    for level in reversed(levels):
        if level in _names():
            zh, en, kind = _names()[level]
            return Product(item_id, group, kind, zh, en, short)
    kind = str(glossary["kinds"].get(levels[0], "goods")) if levels else "goods"
    return Product(item_id, group, kind, (short,), (short.lower(),), short)


@cache
def quality(seed: int, group: str, aspect: str) -> float:
    """Return how good a group of products is in one aspect; standard normal, drawn by seed."""
    shared = generator(seed, "group", group).gauss(0, 0.5)
    return shared + generator(seed, "quality", group, aspect).gauss(0, 0.87)


@cache
def season(seed: int, aspect: str, block: int) -> float:
    """Return how delivery and service went in one block of four weeks, drawn by seed."""
    if aspect not in ("delivery", "service"):
        return 0.0
    return generator(seed, "season", aspect, block).gauss(0, 0.7)
