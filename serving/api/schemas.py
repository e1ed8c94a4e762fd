"""Forms of the endpoint's questions and answers; they make the OpenAPI page, with examples."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PositiveInt,
)

from serving.reasons import Language

CustomerId = Annotated[str, Field(min_length=1, max_length=200, examples=["718"])]
ItemId = Annotated[str, Field(min_length=1, max_length=200, examples=["995242"])]

AT = (
    "When it is asked, with its zone (2026-03-02T08:00:00+01:00); now when not given. Models that "
    "tell contexts apart use its hour and weekday, and the channel; others do without."
)
HOUR = "Hour of the day in UTC, in place of that of `at`."
WEEKDAY = "Day of the week in UTC, 0 (Monday) to 6, in place of that of `at`."
CHANNEL = "Where it is asked: what events name as `channel` in their attributes, such as app."

_ITEM: dict[str, JsonValue] = {
    "item_id": "995242",
    "title": "Fluid Milk White Only",
    "score": 0.83,
    "rank": 1,
    "origin": "model",
    "reason": "Because you bought Eggs - Large.",
}
_LIST: dict[str, JsonValue] = {
    "customer_id": "718",
    "origin": "model",
    "message": None,
    "items": [_ITEM],
    "model": {"version": "3", "name": "ranker", "trained_until": "2017-12-01T00:00:00Z"},
}
PROBLEM: dict[str, JsonValue] = {
    "type": "about:blank",
    "title": "The request holds a value that cannot be used",
    "status": 422,
    "detail": "No item is in the category 'gitars'.",
    "expected": "the leading levels of a category path, such as: Music > Guitars",
    "received": "'gitars'",
    "todo": "Use one of the names listed, or leave the category out.",
}


def example(shown: JsonValue) -> ConfigDict:
    """Return the setting of a form that shows an example; the rest is as in the class above it."""
    return ConfigDict(json_schema_extra={"examples": [shown]})


class Form(BaseModel):
    """A form that holds its own fields and no others."""

    model_config = ConfigDict(extra="forbid")


class RecommendedItem(Form):
    """One recommended item with the reason it is shown for."""

    item_id: str
    title: str
    score: float = Field(description="Comparable within one answer only; higher is better.")
    rank: int = Field(description="1 is the best.")
    origin: Literal["model", "fallback"]
    reason: str


class ModelFacts(Form):
    """Which model answered."""

    version: str
    name: str
    trained_until: AwareDatetime | None


class RecommendationList(Form):
    """Ranked items for one customer."""

    model_config = example(_LIST)

    customer_id: str
    origin: Literal["model", "fallback"] = Field(
        description="fallback: the model does not know the customer, popular items are shown."
    )
    message: str | None = Field(description="Set when there is something to know about the answer.")
    items: list[RecommendedItem]
    model: ModelFacts


class ManyRecommendations(Form):
    """Ranked items for several customers, in the order asked."""

    model_config = example({"customers": [_LIST]})

    customers: list[RecommendationList]


class RecommendationsQuestion(Form):
    """Ask for recommendations of many customers at once."""

    model_config = example({"customer_ids": ["718", "1130"], "k": 5, "exclude_seen": True})

    customer_ids: list[CustomerId] = Field(min_length=1, max_length=1000)
    k: PositiveInt = Field(default=10, le=200)
    exclude_seen: bool | None = None
    category: str | None = Field(default=None, max_length=500)
    lang: Language = Language.EN
    at: AwareDatetime | None = Field(default=None, description=AT)
    hour: int | None = Field(default=None, ge=0, le=23, description=HOUR)
    weekday: int | None = Field(default=None, ge=0, le=6, description=WEEKDAY)
    channel: str | None = Field(default=None, max_length=200, description=CHANNEL)


class Profile(Form):
    """Readable traits of one customer; vectors only when asked for."""

    model_config = example(
        {
            "customer_id": "718",
            "traits": {
                "interests": ["Fluid Milk", "Cheese"],
                "price_band": "mid",
                "stage": "loyal",
                "mood_label": "positive",
                "purchases_28d": 31.0,
            },
            "simulated": True,
            "message": "100 % of the texts behind this profile are simulated.",
            "vectors": None,
        }
    )

    customer_id: str
    traits: dict[str, Any]
    simulated: bool = Field(description="Whether simulated texts are part of the profile.")
    message: str | None
    vectors: dict[str, list[float]] | None


class SimilarItem(Form):
    """One item similar to the one asked about."""

    item_id: str
    title: str
    score: float
    rank: int


class SimilarItems(Form):
    """Items similar to one item, by the served model."""

    model_config = example(
        {
            "item_id": "995242",
            "title": "Fluid Milk White Only",
            "items": [{"item_id": "1082185", "title": "Bananas", "score": 0.41, "rank": 1}],
        }
    )

    item_id: str
    title: str
    items: list[SimilarItem]


class Health(Form):
    """The process is up."""

    model_config = example({"status": "ok", "version": "0.1.0"})

    status: Literal["ok"]
    version: str


class Readiness(Form):
    """The champion is loaded and answers."""

    model_config = example(
        {
            "status": "ready",
            "workspace": "demo",
            "model": _LIST["model"],
            "customers": 2469,
            "items": 6021,
            "overlay_events": 0,
            "seconds_to_ready": 3.1,
            "failure": None,
        }
    )

    status: Literal["ready"]
    workspace: str
    model: ModelFacts
    customers: int
    items: int
    overlay_events: int
    seconds_to_ready: float
    failure: str | None = Field(
        None,
        description="Why the version that was promoted since cannot answer; it is tried again.",
    )


class Problem(BaseModel):
    """An error: what was wrong, what was expected, what was received, what to do."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [PROBLEM]})

    type: str
    title: str
    status: int
    detail: str
    expected: str | None = None
    received: str | None = None
    todo: str | None = None
