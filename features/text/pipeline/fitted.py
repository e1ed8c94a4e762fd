"""What was fitted, kept beside the cache: refitted when the texts have changed enough."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from features.text.base import HASH_BYTES, Analyzer, fingerprint
from features.text.pipeline.corpus import Corpus, identities
from features.text.pipeline.recipes import Recipe, Sources

log = logging.getLogger(__name__)

_META, _KEYS, _ARRAYS = "meta.json", "fitted_on.npy", "arrays.npz"


@dataclass(frozen=True)
class Fitted:
    """The analyzers that learn from the business's texts, ready to use.

    Parameters
    ----------
    analyzers : mapping of str to Analyzer
        Those that were asked for, by name.
    report : dict
        What they were fitted on, and how good they are.
    reused : bool
        Whether all of them were fitted before.
    """

    analyzers: Mapping[str, Analyzer]
    report: dict[str, Any]
    reused: bool


def fit_or_load(folder: Path, sources: Sources, recipes: Mapping[str, Recipe]) -> Fitted:
    """Return what was fitted before where it still holds, else fit and keep it.

    Parameters
    ----------
    folder : Path
        Holds a folder for every analyzer that learns, and in it one for every choice of settings
        and code.
    sources : Sources
        The texts that may be fitted on now, and the settings: ``refit_growth`` says how much new
        text is too much.
    recipes : mapping of str to Recipe
        How each analyzer learns that is asked for, by its name.
    """
    found: dict[str, Analyzer] = {}
    report: dict[str, Any] = {"texts": len(sources.corpus.keys)}
    reused = True
    for name, recipe in recipes.items():
        slot = folder / name / fingerprint(recipe.choices(sources))
        if not _still_holds(slot, sources.corpus, sources.settings.refit_growth):
            _fit(recipe, slot, sources)
            reused = False
        meta = orjson.loads((slot / _META).read_bytes())
        with np.load(slot / _ARRAYS, allow_pickle=False) as arrays:
            found[name] = recipe.load(dict(arrays), sources, meta.pop("state"))
        students = {**report.get("students", {}), **meta.get("students", {})}
        report |= meta | ({"students": students} if students else {})
    return Fitted(found, report, reused)


def forget(folder: Path, living: NDArray[np.uint8]) -> int:
    """Delete what was fitted, for whatever time, on a text that is gone by now.

    Parameters
    ----------
    folder : Path
        Where :func:`fit_or_load` keeps what it fits.
    living : numpy.ndarray
        uint8 [n, 16], content hashes of all texts there are.

    Returns
    -------
    int
        Number of fits deleted.
    """
    deleted = 0
    for keys in folder.glob(f"*/*/{_KEYS}"):
        fitted_on = np.load(keys, allow_pickle=False)[:, :HASH_BYTES]
        if not np.isin(identities(fitted_on), identities(living)).all():
            shutil.rmtree(keys.parent)
            deleted += 1
    return deleted


def _still_holds(slot: Path, corpus: Corpus, growth: float) -> bool:
    if not (slot / _META).exists():
        return False
    before = identities(np.load(slot / _KEYS, allow_pickle=False))
    kept = np.isin(before, identities(corpus.keys))
    new = len(corpus.keys) - int(kept.sum())
    return bool(kept.all()) and new <= growth * len(before)


def _fit(recipe: Recipe, slot: Path, sources: Sources) -> None:
    """Fit, write the folder beside its place and move it there: it is whole or absent."""
    log.info("fitting %s on %d texts", slot.parent.name, len(sources.corpus.keys))
    arrays, report = recipe.fit(sources)
    state = fingerprint(slot.name, sources.corpus.keys.tobytes())
    slot.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=".draft-", dir=slot.parent))
    np.savez(draft / _ARRAYS, allow_pickle=False, **arrays)
    np.save(draft / _KEYS, sources.corpus.keys, allow_pickle=False)
    meta = {"state": state, "texts": len(sources.corpus.keys), **report}
    (draft / _META).write_bytes(orjson.dumps(meta, option=orjson.OPT_INDENT_2))
    shutil.rmtree(slot, ignore_errors=True)
    draft.rename(slot)
    for left in slot.parent.parent.glob("**/.draft-*"):  # of runs that were killed; one runs a time
        shutil.rmtree(left)


def sentiment(fitted: Fitted) -> Analyzer:
    """Return the fitted analyzer, for the registry."""
    return fitted.analyzers["sentiment"]


def topics(fitted: Fitted) -> Analyzer:
    """Return the fitted analyzer, for the registry."""
    return fitted.analyzers["topics"]


def keywords(fitted: Fitted) -> Analyzer:
    """Return the fitted analyzer, for the registry."""
    return fitted.analyzers["keywords"]
