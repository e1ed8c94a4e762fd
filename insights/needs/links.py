"""Which text carries which need, read from what ``python -m features`` stored.

================================ ================================================================
need                             texts
================================ ================================================================
``code.<taxonomy>.<label>``      sorted under a label of a taxonomy, but for its unknown one
``pain_point.<aspect>``          with a pain point, that speak badly of the aspect
``suggestion.<aspect>``          with a suggestion beside which the aspect is named
``usability_pain``               with trouble in use
``service_dissatisfaction``      with anger about service
``question.<group>``             that ask one of a group of near-duplicate questions
================================ ================================================================

Where no aspect is named the need ends in ``.other``. Ids stay the same between runs: codes are
names of the taxonomy, and text analysis gives a group of questions the id of the old group with
which it shares most of its members.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path

import ibis
from ibis import _
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from features.text.taxonomy.taxonomy import named_taxonomy
from insights.needs.settings import NeedSettings

BY_ASPECT = ("pain_point", "suggestion")
WHOLE = ("usability_pain", "service_dissatisfaction")
KINDS = ("code", *BY_ASPECT, *WHOLE, "question")
OTHER = "other"
COLUMNS = ("text_id", "need", "need_kind", "score", "start", "end", "tone")
READ = ("labels", "signals", "aspects", "questions", "question_groups")
_UNTOLD = ibis.null("float64")
_NEAR = 40  # characters between the words of a suggestion and an aspect it is about
_NO_ASPECT = ("general", "")


def links(connection: Backend, folder: Path, settings: NeedSettings) -> Table:
    """Return one row for each text and need it carries.

    Parameters
    ----------
    connection : ibis.backends.duckdb.Backend
        Reads the files.
    folder : Path
        Where text analysis keeps its results.
    settings : NeedSettings
        Taxonomies, and how many questions make a need.

    Returns
    -------
    ibis Table
        text_id, need, need_kind, score (0 to 1: how sure it is), start and end (the place of the
        text that shows it best; null where the whole text does), tone (polarity of what is said of
        the aspect; null where none is named).

    Raises
    ------
    FileNotFoundError
        If text analysis left nothing that tells needs.
    """
    parts: dict[str, Callable[[Backend, Path, NeedSettings], Table]] = {
        "labels": _codes,
        "signals": _signals,
        "questions": _questions,
    }
    found = [
        make(connection, folder, settings)
        for name, make in parts.items()
        if (folder / f"{name}.parquet").exists()
    ]
    if not found:
        raise FileNotFoundError(
            f"no labels, signals or questions in {folder}: nothing there tells needs; run "
            f"`python -m features workspace={folder.parents[1].name} only=text "
            "'text.taxonomies=[customer_needs]'` first"
        )
    rows = reduce(lambda one, other: one.union(other), (part.select(*COLUMNS) for part in found))
    best = {name: _[name].argmax(_.score) for name in ("start", "end")}
    return rows.group_by("text_id", "need", "need_kind").agg(
        score=_.score.max(), tone=_.tone.min(), **best
    )


def _codes(connection: Backend, folder: Path, settings: NeedSettings) -> Table:
    rows = connection.read_parquet(folder / "labels.parquet")
    rows = rows.mutate(taxonomy=_.taxonomy.cast("string"), label=_.label.cast("string"))
    stored = rows.select("taxonomy").distinct().to_pandas()["taxonomy"]
    wanted = settings.taxonomies or tuple(stored)
    missing = sorted(set(wanted) - set(stored))
    if missing:
        raise FileNotFoundError(
            f"needs.taxonomies: texts were not sorted by {', '.join(missing)}, only by "
            f"{', '.join(sorted(stored)) or 'none'}; run `python -m features "
            f"workspace={folder.parents[1].name} only=text 'text.taxonomies=[{missing[0]}]'`"
        )
    unknown = [f"{name}.{named_taxonomy(name).unknown}" for name in wanted]
    rows = rows.mutate(code=_.taxonomy + "." + _.label)
    told = _.taxonomy.isin(wanted) & _.code.notin(unknown)
    return rows.filter(told).mutate(
        need="code." + _.code,
        need_kind=ibis.literal("code"),
        score=_.confidence.cast("float64"),
        start=ibis.null("int32"),
        end=ibis.null("int32"),
        tone=_UNTOLD,
    )


def _signals(connection: Backend, folder: Path, _settings: NeedSettings) -> Table:
    stored = connection.read_parquet(folder / "signals.parquet")
    rows = stored.select("text_id", one=_.signals.unnest()).select(
        "text_id",
        need_kind=_.one["signal"],
        score=_.one["score"].cast("float64"),
        start=_.one["start"],
        end=_.one["end"],
    )
    whole = rows.filter(_.need_kind.isin(WHOLE)).mutate(need=_.need_kind, tone=_UNTOLD)
    split = _by_aspect(rows.filter(_.need_kind.isin(BY_ASPECT)), connection, folder)
    return whole.select(*COLUMNS).union(split.select(*COLUMNS))


def _by_aspect(rows: Table, connection: Backend, folder: Path) -> Table:
    file = folder / "aspects.parquet"
    if not file.exists():
        return rows.mutate(need=_.need_kind + "." + OTHER, tone=_UNTOLD)
    said = connection.read_parquet(file).select("text_id", one=_.aspects.unnest())
    named = said.select(
        "text_id",
        aspect=_.one["aspect"],
        polarity=_.one["polarity"],
        first=_.one["start"],
        last=_.one["end"],
    ).filter(_.aspect.notin(_NO_ASPECT))
    pairs = rows.inner_join(named, "text_id")
    near = (pairs["first"] <= pairs["end"] + _NEAR) & (pairs["last"] >= pairs["start"] - _NEAR)
    fits = (pairs.need_kind == "pain_point").ifelse(pairs.polarity < 0, near)
    about = pairs.filter(fits).group_by("text_id", "need_kind", "aspect")
    about = about.agg(tone=_.polarity.cast("float64").min())
    joined = rows.left_join(about, ["text_id", "need_kind"])
    return joined.mutate(need=_.need_kind + "." + _.aspect.fill_null(OTHER))


def _questions(connection: Backend, folder: Path, settings: NeedSettings) -> Table:
    asked = connection.read_parquet(folder / "questions.parquet")
    groups = asked.group_by("group_id").agg(texts=_.text_id.nunique())
    many = groups.filter(_.texts >= settings.least_questions)
    return asked.semi_join(many, "group_id").mutate(
        need="question." + _.group_id.cast("string"),
        need_kind=ibis.literal("question"),
        score=ibis.literal(1.0),
        tone=_UNTOLD,
    )
