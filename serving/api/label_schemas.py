"""Forms of labels that applications send, and of the receipt they get."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from serving.api.schemas import Form, example


class LabelIn(Form):
    """Where a person says that a text belongs.

    Somebody who changes what a model said sends ``source`` ``corrected``; somebody who takes a
    label back sends another one that ``retracts`` it. Of an annotator's labels for the same text
    the newest counts.
    """

    model_config = example(
        {
            "label_id": "review-8812-ann-1",
            "text_id": "review-8812",
            "text": "I sent it back two weeks ago and still wait for my money",
            "taxonomy": "service_intents",
            "label": "refund_request",
            "annotator": "ann",
            "source": "corrected",
        }
    )

    label_id: str = Field(min_length=1, max_length=200, description="Sent twice, it counts once.")
    text_id: str | None = Field(
        default=None, min_length=1, max_length=200,
        description="Which review or message it is, where it is one of the workspace.",
    )  # fmt: skip
    text: str = Field(min_length=1, max_length=10_000, pattern=r"\S")
    taxonomy: str = Field(max_length=60, description="A name of conf/taxonomy.")
    label: str = Field(max_length=60, description="One of its labels, or its unknown.")
    annotator: str = Field(min_length=1, max_length=200, pattern=r"\S")
    source: Literal["api", "corrected"] = "api"
    at: AwareDatetime | None = Field(default=None, description="When; now if not given.")
    retracts: str | None = Field(default=None, min_length=1, max_length=200)


class LabelsReceipt(Form):
    """What became of the labels of one request: received = accepted + duplicate."""

    model_config = example({"received": 1, "accepted": 1, "duplicate": 0})

    received: int
    accepted: int
    duplicate: int = Field(description="Labels whose label_id was stored before.")
