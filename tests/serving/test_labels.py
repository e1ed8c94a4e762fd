"""Labels and corrections over HTTP: checked, masked, durable, counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.labels import standing
from ingest.store import Store
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.recommend import Engine
from tests.serving.shop import wait_until_ready

LABEL = {
    "label_id": "l1",
    "text_id": "m1",
    "text": "我要退款,电话13800138000",
    "taxonomy": "service_intents",
    "label": "refund_request",
    "annotator": "ann",
}


@pytest.fixture
def client(store: Store, engine: Engine, tmp_path: Path) -> Iterator[TestClient]:
    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data", port=0)
    app = create_app(settings, load=lambda *_: engine)
    with TestClient(app, raise_server_exceptions=False) as found:
        wait_until_ready(found)
        yield found


def post(client: TestClient, *labels: dict[str, Any]) -> Any:
    return client.post("/v1/labels", json=list(labels))


def test_a_label_is_on_disk_and_masked_when_it_is_answered(
    client: TestClient, store: Store
) -> None:
    assert post(client, LABEL).json() == {"received": 1, "accepted": 1, "duplicate": 0}
    (row,) = Store(store.path("labels").parent).read("labels").to_pylist()
    assert row["text"] == "我要退款,电话138****8000"
    assert (row["source"], row["label"], row["retracts"]) == ("api", "refund_request", None)
    assert isinstance(row["at"], datetime)
    again = post(client, LABEL, {**LABEL, "label_id": "l2", "label": "complaint"})
    assert again.json() == {"received": 2, "accepted": 1, "duplicate": 1}


def test_a_correction_stands_until_it_is_taken_back(client: TestClient, store: Store) -> None:
    correction = {**LABEL, "label_id": "l2", "label": "complaint", "source": "corrected"}
    post(
        client,
        {**LABEL, "at": "2026-03-01T10:00:00Z"},
        {**correction, "at": "2026-03-02T10:00:00Z"},
    )
    (row,) = standing(store.read("labels")).to_pylist()
    assert (row["label"], row["source"]) == ("complaint", "corrected")
    assert post(client, {**correction, "label_id": "l3", "retracts": "l2"}).status_code == 200
    (row,) = standing(store.read("labels")).to_pylist()
    assert row["label"] == "refund_request"


@pytest.mark.parametrize(
    ("change", "detail", "expected"),
    [
        ({"label": "refnd"}, "Label 1 of the request cannot be stored: label.", "refund_re"),
        ({"taxonomy": "intents"}, "Label 1 of the request cannot be stored: taxonomy.", "service_"),
        ({"retracts": "l9"}, "There is no label 'l9' to retract.", "label_id"),
        ({"at": "1800-01-01T00:00:00Z"}, "Label 1 of the request cannot be stored: at.", "1900"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_stored(
    client: TestClient, store: Store, change: dict[str, str], detail: str, expected: str
) -> None:
    answer = post(client, LABEL, {**LABEL, "label_id": "l2", **change})
    assert answer.status_code == 422
    told = answer.json()
    assert told["detail"] == detail
    assert expected in told["expected"]
    assert next(iter(change.values()))[:4] in told["received"]
    assert store.read("labels").num_rows == 0


@pytest.mark.parametrize(
    "body", [[], {}, [{**LABEL, "text": "  "}], [{**LABEL, "source": "model"}], [{"label_id": "x"}]]
)
def test_requests_of_another_form_are_refused(client: TestClient, body: Any) -> None:
    answer = client.post("/v1/labels", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]
