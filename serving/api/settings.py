"""Settings of the online endpoint; ``conf/api.yaml`` names each of them."""

from __future__ import annotations

from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
)

from ingest.sources.chatlog.sides import Sides
from ingest.sources.mapping import checked_zone
from ingest.workspace import Workspace
from insights.settings import InsightSettings
from serving.errors import ForbiddenError
from serving.state import State
from serving.tracking import Tracking


class ChatlogSettings(BaseModel):
    """What the webhook of chatlog needs to know.

    Parameters
    ----------
    lawful_basis : str, optional
        Why these conversations may be processed; the webhook is closed without.
    token : str, optional
        What its address must carry as ``?token=``; anybody who reaches the port may post without.
    account : str, optional
        Own wxid, as of ``python -m ingest source=chatlog``: both must say the same.
    agents, bots : frozenset of str
        Ids of colleagues and of accounts that answer by themselves.
    zone : str
        IANA zone of times that have none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lawful_basis: Annotated[str, Field(min_length=1)] | None = None
    token: SecretStr | None = None
    account: str | None = None
    agents: frozenset[str] = frozenset()
    bots: frozenset[str] = frozenset()
    zone: Annotated[str, AfterValidator(checked_zone)] = "Asia/Shanghai"

    @property
    def sides(self) -> Sides:
        """Who speaks for the business."""
        return Sides(self.account, self.agents, self.bots)

    def check(self, token: str | None) -> str:
        """Let a caller in, and return the lawful basis of what is sent.

        Raises
        ------
        ForbiddenError
            If the webhook is closed, or the token is not the one that is set.
        """
        if self.lawful_basis is None:
            raise ForbiddenError(
                "The webhook of chatlog is closed.",
                expected="the setting chatlog.lawful_basis: why conversations may be processed",
                received="none",
                todo="Start the server with chatlog.lawful_basis='...' chatlog.token=...",
            )
        secret = None if self.token is None else self.token.get_secret_value()
        if secret is not None and not compare_digest(secret.encode(), (token or "").encode()):
            raise ForbiddenError(
                "The token of the webhook is missing or wrong.",
                expected="?token= as chatlog.token is set",
                received="another one" if token else "none",
                todo="Correct the url among chatlog's webhook items.",
            )
        return self.lawful_basis


class ApiSettings(BaseModel):
    """What the endpoint serves, where it listens and how much it takes on.

    Parameters
    ----------
    workspace : str
        Workspace whose champion is served.
    data_dir : Path
        Folder of the workspaces.
    state : State
        Where application state is kept.
    tracking : Tracking
        Where the champion is registered.
    host : str
        Address to bind; the default answers this machine only.
    port : int
        TCP port; 0 takes a free one.
    batch : int
        Most concurrent questions that share one matrix product.
    retry_seconds : float
        Pause before loading the champion is tried again.
    follow_seconds : float
        Pause between two looks at which version is champion; another takes over between two
        answers. 0: the version of the start stays.
    shutdown_seconds : int
        How long open requests may take to finish when the server is stopped.
    chatlog : ChatlogSettings
        The webhook of chatlog.
    reports : InsightSettings
        Gaps, opening hours and promises that insights count by.
    at : datetime, optional
        Time at which items have to be available; the present when not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: str = "demo"
    data_dir: Path = Path("data")
    state: State = State()
    tracking: Tracking = Tracking()
    host: str = "127.0.0.1"
    port: NonNegativeInt = Field(default=8080, le=65535)
    batch: PositiveInt = 16
    retry_seconds: PositiveFloat = 15.0
    follow_seconds: NonNegativeFloat = 30.0
    shutdown_seconds: PositiveInt = 10
    chatlog: ChatlogSettings = ChatlogSettings()
    reports: InsightSettings = InsightSettings()
    at: datetime | None = None

    @property
    def folders(self) -> Workspace:
        """The workspace's folders."""
        return Workspace.named(self.workspace, self.data_dir, self.state.url)
