"""Ways to tell people, as settings; secrets come from environment variables and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)

Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Address = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")]
EVERYBODY_ELSE = "default"


class _Channel(BaseModel):
    """What every channel tells.

    Parameters
    ----------
    lang : {"en", "zh"}
        Language of its messages.
    attempts : int
        How often one delivery is tried before the next evaluation tries again.
    pause : float
        Seconds before the second attempt; twice as long before each further one.
    timeout : float
        Seconds after which an attempt counts as failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lang: Literal["en", "zh"] = "en"
    attempts: PositiveInt = 3
    pause: PositiveFloat = 1.0
    timeout: PositiveFloat = 10.0


class Webhook(_Channel):
    """A JSON body, signed as standardwebhooks.com describes.

    Parameters
    ----------
    url, url_env : str
        Address, or the variable that holds it where the address is a secret.
    secret_env : str, optional
        Variable that holds the signing secret; unsigned without.
    """

    kind: Literal["webhook"]
    url: str | None = None
    url_env: Variable | None = None
    secret_env: Variable | None = None

    @model_validator(mode="after")
    def _addressed(self) -> Webhook:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("webhook: expected url or url_env, one of them")
        return self


class WeCom(_Channel):
    """A robot in a group of WeCom.

    Parameters
    ----------
    url_env : str
        Variable that holds its address, which is a secret: whoever knows it may post.
    mention : tuple of str
        Members who are called by their userid.
    """

    kind: Literal["wecom"]
    url_env: Variable
    mention: tuple[str, ...] = ()


class Email(_Channel):
    """A mail by SMTP.

    Parameters
    ----------
    host, port : str, int
        The server.
    security : {"starttls", "tls", "none"}
        How the connection is encrypted; ``none`` only for a server on this machine.
    sender, to : str, tuple of str
        Addresses.
    user_env, password_env : str, optional
        Variables that hold the login.
    """

    kind: Literal["email"]
    host: str
    port: PositiveInt = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Address
    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    user_env: Variable | None = None
    password_env: Variable | None = None

    @model_validator(mode="after")
    def _private(self) -> Email:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("email: expected both user_env and password_env, or neither")
        if self.security == "none" and self.user_env is not None:
            raise ValueError("email: a login needs an encrypted connection: security: starttls")
        return self


Channel = Annotated[Webhook | WeCom | Email, Field(discriminator="kind")]


class Delivery(BaseModel):
    """Who is told, and how.

    Parameters
    ----------
    channels : dict of str to Channel
        Ways to tell people, by name.
    contacts : dict of str to tuple of str
        Names of channels by owner; ``default`` is for owners who are not named.
    stale_hours : float
        What could not be delivered for so long is no news any more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: dict[str, Channel] = Field(default_factory=dict)
    contacts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    stale_hours: PositiveFloat = 24.0

    @model_validator(mode="after")
    def _named(self) -> Delivery:
        for owner, names in self.contacts.items():
            for name in names:
                if name not in self.channels:
                    known = ", ".join(self.channels) or "none"
                    raise ValueError(f"contacts.{owner}: no channel {name!r}; there are {known}")
        return self

    def channels_of(self, owner: str) -> tuple[str, ...]:
        """Return the channels by which an owner is told."""
        return self.contacts.get(owner, self.contacts.get(EVERYBODY_ELSE, ()))


def secret(variable: str, environment: Mapping[str, str] | None = None) -> SecretStr:
    """Return the value of an environment variable.

    Raises
    ------
    ValueError
        If it is not set; the message names the variable, never a value.
    """
    found = (os.environ if environment is None else environment).get(variable, "")
    if not found:
        raise ValueError(f"the environment variable {variable} is not set")
    return SecretStr(found)
