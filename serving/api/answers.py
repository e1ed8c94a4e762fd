"""Ranked items as JSON for the endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import Response

from serving.api.schemas import PROBLEM, Problem
from serving.catalog import Catalog
from serving.ranked import Facts, Ranked

Documented = dict[int | str, dict[str, Any]]
_NAMES = {
    403: "Not allowed",
    404: "Not found",
    409: "Changed meanwhile",
    422: "The request cannot be used",
    503: "Not ready",
}


def json(content: bytes) -> Response:
    """Return JSON text as an answer."""
    return Response(content, media_type="application/json")


def encode(
    ranked: Ranked, customers: Sequence[str], k: int, catalog: Catalog, facts: Facts
) -> list[bytes]:
    """Return one JSON object (``RecommendationList``) a customer, with at most ``k`` items.

    Parameters
    ----------
    ranked : Ranked
        Holds every one of ``customers``, with at least ``k`` places.
    """
    place = {customer: n for n, customer in enumerate(ranked.customers)}
    model = model_facts(facts)
    return [orjson.dumps(_one(ranked, place[c], k, catalog, model)) for c in customers]


def model_facts(facts: Facts) -> dict[str, object]:
    """Return what is said about the model in every answer."""
    return {"version": facts.version, "name": facts.name, "trained_until": facts.trained_until}


def _one(
    ranked: Ranked, row: int, k: int, catalog: Catalog, model: dict[str, object]
) -> dict[str, object]:
    reasons = ranked.reasons[row][:k]
    length = len(reasons)
    numbers = ranked.items[row, :length].tolist()
    scores = ranked.scores[row, :length].tolist()
    stood_in = ranked.fallback[row, :length].tolist()
    items = [
        {
            "item_id": catalog.ids[number],
            "title": catalog.titles[number],
            "score": scores[n],
            "rank": n + 1,
            "origin": "fallback" if stood_in[n] else "model",
            "reason": reasons[n],
        }
        for n, number in enumerate(numbers)
    ]
    return {
        "customer_id": ranked.customers[row],
        "origin": "fallback" if stood_in and all(stood_in) else "model",
        "message": ranked.message(row, k),
        "items": items,
        "model": model,
    }


def problems(*codes: int) -> Documented:
    """Return the OpenAPI entries of the errors a route may answer with."""
    return {
        code: {
            "model": Problem,
            "description": _NAMES[code],
            "content": {"application/problem+json": {"example": PROBLEM}},
        }
        for code in codes
    }
