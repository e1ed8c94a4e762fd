"""A draft of what to write to one customer about a need. People send it, or do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import orjson
import pyarrow.compute as pc
from ibis import _

from ingest.store import Store
from insights.needs.cards import questions
from insights.needs.members import need_tables
from insights.needs.names import kind_of, kinds, titles
from insights.tables import Tables

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Draft:
    """What could be answered.

    Parameters
    ----------
    customer_id, need : str
        To whom, and about what.
    language : {"zh", "en"}
        In which the customer wrote about it last.
    text : str
        The words.
    """

    customer_id: str
    need: str
    language: Language
    text: str


def draft_reply(tables: Tables, need: str, customer: str) -> Draft:
    """Return a draft in the customer's language, with the name where it is known.

    Raises
    ------
    LookupError
        If this customer never wrote about the need.
    """
    rows = need_tables(tables).rows.filter((_.need == need) & (_.customer_id == customer))
    last = rows.order_by(_.at.desc(), _.text_id).limit(1).select("language").to_pandas()
    if last.empty:
        raise LookupError(f"customer {customer!r} wrote nothing that carries the need {need!r}")
    language: Language = "zh" if last["language"][0] == "zh" else "en"
    title = titles(need, questions(tables))[language]
    name = _name(Store(tables.workspace.store), customer)
    called = (name if language == "zh" else f" {name}") if name else ""
    text = kinds()[kind_of(need)].reply[language]
    return Draft(customer, need, language, text.replace("{title}", title).replace("{name}", called))


def _name(store: Store, customer: str) -> str:
    rows = store.read("customers", ["attributes"], pc.field("customer_id") == customer)
    told = orjson.loads(rows["attributes"][0].as_py() or "{}") if rows.num_rows else {}
    return str(told.get("name") or "")
