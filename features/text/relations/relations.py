"""What a customer has to do with a product or thing: asks about it, complains of it, owns it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from features.text.entities.products import Catalog
from features.text.relations.patterns import Cue, Patterns, patterns, patterns_of
from features.text.relations.things import Thing, things
from features.text.spans import Span, folded, settle

VERSION = "2"
KINDS = ("asks_about", "complains_of", "owns")
_AFTER_FIRST = ("owns",)  # their thing follows the cue; of the others it precedes it in Chinese
RELATIONS = pa.list_(
    pa.struct(
        [
            ("relation", pa.string()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("target_start", pa.int32()),
            ("target_end", pa.int32()),
            ("item_id", pa.string()),
            ("denied", pa.bool_()),
            ("confidence", pa.float32()),
        ]
    )
)


@dataclass(frozen=True, slots=True)
class Found:
    """One relation of the customer to a thing, and where the text says so."""

    relation: str
    cue: Cue
    thing: Thing
    denied: bool


def find_relations(text: str, catalog: Catalog | None = None) -> tuple[Found, ...]:
    """Return what the writer has to do with which thing, each pair once, in order.

    Parameters
    ----------
    text : str
        One message.
    catalog : Catalog, optional
        The business's own products; what it does not know goes by the noun phrase that names it.

    Examples
    --------
    >>> [(one.relation, one.thing.text) for one in find_relations("净水器又漏水了")]
    [('complains_of', '净水器')]
    >>> [(one.relation, one.thing.text) for one in find_relations("How much is the kettle?")]
    [('asks_about', 'kettle')]
    """
    plain = folded(text)
    known = patterns_of(plain)
    cues = _free(known.cues(plain, known.relations), plain, known)
    if not cues:
        return ()
    named = things(plain, known, cues, mentions(plain, catalog))
    found: dict[tuple[str, str], Found] = {}
    for cue in cues:
        thing = _target(plain, known, cue, named)
        if thing is not None:
            key = (cue.kind, thing.item or thing.text.lower())
            found.setdefault(key, Found(cue.kind, cue, thing, known.denied(plain, cue)))
    return tuple(sorted(found.values(), key=lambda one: one.cue.start))


def _free(cues: Sequence[Cue], text: str, known: Patterns) -> list[Cue]:
    """Return the cues but for questions about what is to be done, such as "能退货吗"."""
    if all(cue.kind != "asks_about" for cue in cues):
        return list(cues)
    demands = [cue for cue in known.cues(text, known.events) if cue.kind != "purchase"]
    busy = [known.clause(text, cue.start) for cue in demands]
    return [
        cue
        for cue in cues
        if cue.kind != "asks_about" or all(cue.end <= a or b <= cue.start for a, b in busy)
    ]


def mentions(text: str, catalog: Catalog | None) -> tuple[Span, ...]:
    """Return the catalog's products that a text mentions, without overlap."""
    return settle(text, catalog.products(text)) if catalog is not None else ()


def _target(text: str, known: Patterns, cue: Cue, named: Sequence[Thing]) -> Thing | None:
    """Return the thing beside a cue: in its clause, else the last one named before it."""
    start, end = known.clause(text, cue.start)
    before = [thing for thing in named if start <= thing.start and thing.end <= cue.start]
    after = [thing for thing in named if cue.end <= thing.start < max(end, cue.end + 1)]
    if cue.kind in _AFTER_FIRST:
        return after[0] if after else None
    near = after[:1] or before[-1:] if _asks(text, cue) else before[-1:] or after[:1]
    earlier = [thing for thing in named if thing.end <= start]
    return next(iter([*near, *earlier[-1:]]), None)


def _asks(text: str, cue: Cue) -> bool:
    return cue.kind == "asks_about" and text.isascii()


class RelationAnalyzer:
    """Relations of the customer who wrote a text to products and things it names.

    Parameters
    ----------
    catalog : Catalog, optional
        The business's own products; another catalog is another version.

    Examples
    --------
    >>> RelationAnalyzer().analyze(["my kettle is broken"])["relations"][0][0]["relation"].as_py()
    'complains_of'
    """

    name = "relations"
    schema = pa.schema([("relations", RELATIONS)])

    def __init__(self, *, catalog: Catalog | None = None) -> None:
        self._catalog = catalog
        data = "+".join(patterns(language).version for language in ("zh", "en"))
        self.version = f"{VERSION}:{data}:{catalog.version if catalog else 'no catalog'}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``relations``: where each cue and each target stands."""
        rows = [[_row(one) for one in find_relations(text, self._catalog)] for text in texts]
        return pa.table({"relations": pa.array(rows, RELATIONS)}, schema=self.schema)


def _row(one: Found) -> dict[str, object]:
    return {
        "relation": one.relation, "start": one.cue.start, "end": one.cue.end,
        "target_start": one.thing.start, "target_end": one.thing.end,
        "item_id": one.thing.item, "denied": one.denied, "confidence": one.thing.confidence,
    }  # fmt: skip
