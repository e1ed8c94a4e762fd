"""Which items may be recommended now: category filter and availability.

Rules answer with item numbers of the served model, so that scoring never touches text.
"""

from __future__ import annotations

import difflib
from datetime import datetime
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from serving.catalog import LEVELS, Catalog, microseconds
from serving.errors import UnknownCategoryError

Mask = npt.NDArray[np.bool_]


def levels_of(path: str) -> tuple[str, ...]:
    """Return the levels of a category path, lower-case and without surrounding blanks.

    Examples
    --------
    >>> levels_of("Music >  Guitars ")
    ('music', 'guitars')
    """
    return tuple(part.strip().casefold() for part in path.split(LEVELS.strip()) if part.strip())


class Rules:
    """Category and availability rules over one catalog.

    Parameters
    ----------
    catalog : Catalog
        Items in the number order of the served model.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._codes_under: dict[tuple[str, ...], list[int]] = {}
        self._spelling: dict[tuple[str, ...], str] = {}
        for code, path in enumerate(catalog.category_names):
            self._index(code, path)
        self._limited = bool(
            (catalog.available_from > np.iinfo(np.int64).min).any()
            or (catalog.available_until < np.iinfo(np.int64).max).any()
        )
        self._category_mask = lru_cache(maxsize=512)(self._find_category)

    def _index(self, code: int, path: str) -> None:
        levels = levels_of(path)
        shown = [part.strip() for part in path.split(LEVELS.strip()) if part.strip()]
        for depth in range(1, len(levels) + 1):
            self._codes_under.setdefault(levels[:depth], []).append(code)
            self._spelling.setdefault(levels[:depth], LEVELS.join(shown[:depth]))

    def allowed(self, at: datetime, category: str | None = None) -> Mask | None:
        """Return which items may be shown at a time, or None when every item may.

        Parameters
        ----------
        at : datetime
            Time (UTC) at which the item has to be available: from <= at < until.
        category : str, optional
            Leading levels of a category path, case-insensitive.

        Returns
        -------
        ndarray of bool [n_items] or None

        Raises
        ------
        UnknownCategoryError
            If no item carries the category; names the closest ones.
        """
        mask = None if category is None else self._category_mask(levels_of(category), category)
        if not self._limited:
            return mask
        now = microseconds(at)
        catalog = self._catalog
        available: Mask = (catalog.available_from <= now) & (now < catalog.available_until)
        if mask is not None:
            available &= mask
        return available

    def spelled(self, category: str) -> str:
        """Return a category as the catalog spells it."""
        return self._spelling.get(levels_of(category), category)

    def _find_category(self, levels: tuple[str, ...], asked: str) -> Mask:
        codes = self._codes_under.get(levels)
        if codes is None:
            raise self._unknown(levels, asked)
        mask: Mask = np.isin(self._catalog.category_codes, codes)
        mask.setflags(write=False)
        return mask

    def _unknown(self, levels: tuple[str, ...], asked: str) -> UnknownCategoryError:
        close = self.close_matches(LEVELS.join(levels))
        listed = "; ".join(close) if close else "the items have no categories"
        return UnknownCategoryError(
            f"No item is in the category {asked!r}.",
            expected=f"the leading levels of a category path, such as: {listed}",
            received=repr(asked),
            todo="Use one of the names listed, or leave the category out.",
        )

    def close_matches(self, asked: str, n: int = 5) -> list[str]:
        """Return up to ``n`` category paths that look like what was asked.

        A path counts as close when its spelling is, or when one of its levels is or holds the
        words asked; without any, the largest categories are named.
        """
        wanted = asked.strip().casefold()
        names = {LEVELS.join(levels): spelled for levels, spelled in self._spelling.items()}
        found = difflib.get_close_matches(wanted, names, n=n, cutoff=0.6)
        last = {name: name.rsplit(LEVELS, 1)[-1] for name in names}
        near = set(difflib.get_close_matches(wanted, set(last.values()), n=n, cutoff=0.7))
        by_level = [
            name for name, leaf in last.items() if leaf in near or (wanted and wanted in leaf)
        ]
        chosen = list(dict.fromkeys([*found, *by_level])) or self._largest(n)
        return [names[name] for name in chosen[:n]]

    def _largest(self, n: int) -> list[str]:
        tops = [levels for levels in self._codes_under if len(levels) == 1]
        counts = np.bincount(
            self._catalog.category_codes[self._catalog.category_codes >= 0],
            minlength=len(self._catalog.category_names),
        )
        tops.sort(key=lambda levels: (-int(counts[self._codes_under[levels]].sum()), levels))
        return [LEVELS.join(levels) for levels in tops[:n]]
