"""Where application state is kept: the same setting that every verb has."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class State(BaseModel):
    """The database of application state, as ``state`` in ``conf/common.yaml``.

    Parameters
    ----------
    url : str, optional
        A PostgreSQL database without its password, or ``sqlite`` for a file of the workspace; what
        the environment variable ``HUAXIANG_STATE_URL`` says when not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = None
