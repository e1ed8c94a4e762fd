"""Who answers: the champion of the registry, at start and whenever another version leads."""

from __future__ import annotations

import logging
from collections.abc import Callable

from serving.api.settings import ApiSettings
from serving.errors import NotReadyError, ServingError
from serving.profiles import LazyFeatures
from serving.recommend import Engine

_LOG = logging.getLogger(__name__)

Load = Callable[[ApiSettings, LazyFeatures], Engine]
Leading = Callable[[ApiSettings], str | None]


def load_engine(settings: ApiSettings, features: LazyFeatures) -> Engine:
    """Load the champion of the workspace and everything an answer needs."""
    from serving.champion import open_champion  # noqa: PLC0415  (imports the model's framework)

    registered = settings.tracking.registry(settings.workspace)
    return open_champion(settings.folders, features=features, at=settings.at, registered=registered)


def leading_version(settings: ApiSettings) -> str | None:
    """Return the version that is champion in the registry, None where none is."""
    version = settings.tracking.registry(settings.workspace).champion()
    return None if version is None else str(version.number)


class Served:
    """The engine that answers; once there is one, there is always one.

    Parameters
    ----------
    settings : ApiSettings
        What to serve, and how often to look.
    leading : callable
        Says which version leads.
    """

    def __init__(self, settings: ApiSettings, leading: Leading) -> None:
        self._settings = settings
        self._leading = leading
        self._engine: Engine | None = None
        self._failure: Exception | None = None

    def engine(self) -> Engine:
        """Return the engine that answers.

        Raises
        ------
        NotReadyError
            While the first one is loading, or when loading it failed: says why.
        """
        if self._engine is not None:
            return self._engine
        workspace = self._settings.workspace
        if self._failure is None:
            raise NotReadyError(
                f"The champion of workspace {workspace!r} is loading.",
                todo="Ask again in a few seconds.",
            )
        raise NotReadyError(
            f"The champion of workspace {workspace!r} could not be loaded: {self._failure}",
            todo=(
                f"Train and promote one with `python -m training workspace={workspace}`; "
                f"the server tries again every {self._settings.retry_seconds:g} s."
            ),
        )

    @property
    def failure(self) -> str | None:
        """Why the version that leads does not answer; None where it does."""
        return None if self._failure is None else str(self._failure)

    @property
    def pause(self) -> float:
        """Seconds until the registry is to be looked at again; 0: never."""
        waits = self._engine is None
        return self._settings.retry_seconds if waits else self._settings.follow_seconds

    def is_overtaken(self) -> bool:
        """Return whether another version leads than the one that answers; blocks."""
        if self._engine is None:
            return True
        leads = self._leading(self._settings)
        if leads in {None, self._engine.facts.version}:
            self._failure = None
            return False
        return True

    def take(self, engine: Engine) -> None:
        """Let this engine answer from now on."""
        self._engine, self._failure = engine, None

    def failed(self, error: Exception) -> None:
        """Remember why the version that leads could not be loaded; who answered still does."""
        self._failure = error
        known = isinstance(error, ServingError)
        _LOG.error("the champion could not be loaded: %s", error, exc_info=not known)
