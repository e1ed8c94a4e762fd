"""Which endpoint is asked, how long, how often and for how much; by default only a local one."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

_URL = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9._-]+))"
    r"(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
)
# Loopback and what RFC 1918 and RFC 4193 set aside. Not 169.254.0.0/16, where clouds keep secrets.
_PRIVATE = tuple(
    ip_network(block)
    for block in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7")
)

_Price = Annotated[float, Field(ge=0, le=10_000)]


class LlmSettings(BaseModel):
    """How a language model is asked.

    Parameters
    ----------
    base_url : str
        Such as ``http://127.0.0.1:8080/v1``: plain, without user name, question mark or fragment.
    model : str
        Name of the model, as the endpoint calls it.
    api_key_env : str
        Name of the environment variable that holds the key. The key itself is never a setting.
    local_only : bool
        Refuse every endpoint that is not this machine or a private address. Host names other than
        ``localhost`` are refused too: where a name leads is decided elsewhere.
    timeout : float
        Seconds for one request.
    max_retries : int
        Further requests after 408, 409, 429, 5xx and lost connections, with growing pauses.
    max_tokens : int
        Budget of one run, as the endpoint counts tokens of questions and answers. Requests under
        way when it is spent are still counted, so that it is exceeded by ``concurrency`` requests
        at most.
    max_cost, input_price, output_price : float
        Budget of one run, and prices of a million tokens, in the same currency.
    answer_tokens : int
        Longest answer.
    concurrency : int
        Requests at the same time.
    constrain : {"schema", "json", "none"}
        What the endpoint can hold a model to: a JSON schema, any JSON, nothing. Answers are checked
        against the schema here in any case.
    temperature : float
        0 asks for the most probable answer.
    seed : int
        Sent along, for endpoints that heed it.
    mask_from : float
        Personal data at least so sure is replaced before sending.
    screen : bool
        Whether texts that speak to the model ("ignore the instructions above") stay here.

    Raises
    ------
    pydantic.ValidationError
        If a value is out of range, or the address is not local and ``local_only`` holds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    base_url: str
    model: Annotated[str, Field(min_length=1)]
    api_key_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "HUAXIANG_LLM_KEY"
    local_only: bool = True
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60
    max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    max_tokens: PositiveInt = 1_000_000
    max_cost: Annotated[float, Field(gt=0)] | None = None
    input_price: _Price = 0
    output_price: _Price = 0
    answer_tokens: Annotated[int, Field(ge=16, le=32_768)] = 800
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    constrain: Literal["schema", "json", "none"] = "schema"
    temperature: Annotated[float, Field(ge=0, le=2)] = 0
    seed: NonNegativeInt = 7
    mask_from: Annotated[float, Field(gt=0, le=1)] = 0.5
    screen: bool = True

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        match = _URL.fullmatch(self.base_url)
        if match is None:
            raise ValueError(
                f"base_url {self.base_url!r}: expected an address such as "
                "http://127.0.0.1:8080/v1, without user name, query or fragment"
            )
        if self.local_only and not is_local(match["six"] or match["host"]):
            raise ValueError(
                f"base_url {self.base_url!r}: local_only allows localhost and literal private "
                "addresses (127.0.0.1, 10.x, 172.16-31.x, 192.168.x, ::1, fc00::/7); texts would "
                "leave this network. Start a local endpoint, or set local_only: false on purpose"
            )
        if self.max_cost is not None and not (self.input_price or self.output_price):
            raise ValueError("max_cost: expected input_price or output_price above 0 beside it")
        return self

    def api_key(self) -> str:
        """Return the key from the environment; a local endpoint needs none.

        Raises
        ------
        ValueError
            If the variable is empty and the endpoint is not restricted to local ones.
        """
        key = os.environ.get(self.api_key_env, "")
        if not key and not self.local_only:
            raise ValueError(
                f"environment variable {self.api_key_env}: expected the key of {self.base_url}, "
                "got nothing; set it, or name another one as api_key_env"
            )
        return key or "none"


def is_local(host: str) -> bool:
    """Return whether a host is this machine or a literal private address.

    Examples
    --------
    >>> [is_local(host) for host in ("localhost", "192.168.1.5", "8.8.8.8", "llm.internal")]
    [True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in block for block in _PRIVATE)
