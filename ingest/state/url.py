"""URLs of databases: from a setting or an environment variable, and shown without their secrets."""

from __future__ import annotations

import os
from urllib.parse import parse_qs, urlsplit

EMBEDDED = "sqlite"
STATE = "HUAXIANG_STATE_URL"
_SCHEMES = ("postgresql", "postgresql+psycopg")


def chosen(given: str | None, variable: str, *, name: str) -> str | None:
    """Return the URL that is in force, None for the embedded database.

    Parameters
    ----------
    given : str, optional
        The setting: a URL without a password, or ``sqlite`` for the embedded database whatever the
        environment says. Without one the environment variable counts.
    variable : str
        Environment variable that may hold the URL, with its password.
    name : str
        Of the setting, for errors.

    Raises
    ------
    ValueError
        If the setting holds a password: settings are shown, printed and kept.
    """
    if given == EMBEDDED:
        return None
    if not given:
        return os.environ.get(variable) or None
    if has_password(given):
        raise ValueError(
            f"{name}: expected a URL without a password, received one with ({shown(given)}). "
            f"Settings are printed and kept: put the whole URL into the environment variable "
            f"{variable}, or the password into PGPASSWORD or ~/.pgpass"
        )
    return given


def chosen_state(given: str | None) -> str | None:
    """Return the URL under which application state is kept, None for a file of the workspace.

    Raises
    ------
    ValueError
        If it holds a password as a setting, or is no URL of PostgreSQL.
    """
    url = chosen(given, STATE, name="state.url")
    if url is not None and urlsplit(url).scheme not in _SCHEMES:
        raise ValueError(
            f"state.url: expected postgresql://user@host:5432/database or {EMBEDDED!r}, received "
            f"{shown(url)!r}"
        )
    return url


def has_password(url: str) -> bool:
    """Say whether a URL holds a password."""
    parts = urlsplit(url)
    return bool(parts.password) or "password" in parse_qs(parts.query)


def shown(url: str) -> str:
    """Return a URL as people may see it: without password and options.

    Examples
    --------
    >>> shown("postgresql://ann:secret@db.example.com:5432/shop?sslmode=require")
    'postgresql://ann@db.example.com:5432/shop'
    """
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    return f"{parts.scheme}://{user}{at}{host}{parts.path}"
