"""The profile of one customer as people read it; vectors beside it when asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from features.store.catalog import is_applied
from ingest.workspace import Workspace
from serving.errors import FeaturesMissingError, UnknownCustomerError

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

READABLE = "profile_v1"
WITH_VECTORS = "ranker_v1"
_TOP = 10
_PAIRS = {
    "categories": ("category_names", "category_shares"),
    "brands": ("brand_names", "brand_shares"),
}


@dataclass(frozen=True)
class ProfileCard:
    """Readable traits of one customer.

    Attributes
    ----------
    customer_id : str
        Whose profile.
    traits : mapping of str to value
        Numbers, words and lists people can read; only what is known.
    simulated_share : float
        Share (0..1) of the texts behind the profile that were simulated.
    vectors : mapping of str to list of float, optional
        The profile's vectors, each of length 64.
    """

    customer_id: str
    traits: Mapping[str, Any]
    simulated_share: float
    vectors: Mapping[str, list[float]] | None = None

    @property
    def message(self) -> str | None:
        """A note where simulated texts are part of the profile."""
        if not self.simulated_share > 0:
            return None
        return f"{self.simulated_share:.0%} of the texts behind this profile are simulated."


class LazyFeatures:
    """The feature reader of a workspace, imported and opened when it is first needed.

    Opening takes seconds (Feast); whoever needs it first waits, unless it was warmed up before.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._reader: FeatureReader | None = None
        self._lock = Lock()

    @property
    def opened(self) -> FeatureReader | None:
        """The reader if it was opened before; does not wait."""
        return self._reader

    def reader(self) -> FeatureReader:
        """Return the reader.

        Raises
        ------
        FeaturesMissingError
            If the workspace has no features.
        """
        with self._lock:
            if self._reader is None:
                self._reader = self._open()
            return self._reader

    def open_if_there(self) -> bool:
        """Open the reader if the workspace has features; return whether it has."""
        try:
            self.reader()
        except FeaturesMissingError:
            return False
        return True

    def _open(self) -> FeatureReader:
        if not is_applied(self._workspace):
            raise FeaturesMissingError(
                f"Workspace {self._workspace.name!r} has no features yet.",
                expected=f"a feature registry in {self._workspace.features}",
                todo=f"Run `python -m features workspace={self._workspace.name}`.",
            )
        from features.store.reader import FeatureReader  # noqa: PLC0415  (imports Feast: seconds)

        return FeatureReader(self._workspace)


def card(
    read: Callable[[str, str], Mapping[str, Any]], customer_id: str, vectors: bool
) -> ProfileCard:
    """Read and shape the profile of one customer.

    Parameters
    ----------
    read : callable
        Takes a customer id and a feature service and returns the features by name.
    customer_id : str
        Whose profile.
    vectors : bool
        Whether to add the vectors.

    Raises
    ------
    UnknownCustomerError
        If nothing is known about the customer.
    """
    values = {name: _plain(value) for name, value in read(customer_id, READABLE).items()}
    known = {name: value for name, value in values.items() if not _missing(value)}
    if not known:
        raise UnknownCustomerError(
            f"No profile is kept for the customer {customer_id!r}.",
            received=repr(customer_id),
            todo="Profiles are made by `python -m features` for customers with events or texts.",
        )
    share = known.pop("simulated_share", 0.0)
    for name, (names, shares) in _PAIRS.items():
        if names in known:
            pairs = zip(known.pop(names), known.pop(shares, []), strict=False)
            known[name] = [{"name": n, "share": round(float(s), 4)} for n, s in pairs][:_TOP]
    extra = None
    if vectors:
        everything = read(customer_id, WITH_VECTORS)
        named = {name: _plain(value) for name, value in everything.items() if "vector" in name}
        extra = {name: value for name, value in named.items() if value}
    return ProfileCard(customer_id, known, float(share), extra)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value


def _missing(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or value == []
