"""Recommendations of one customer, or of many at once."""

from __future__ import annotations

from fastapi import APIRouter, Response

from serving.api.answers import json, problems
from serving.api.deps import KQuery, OptionsDep, PathId, ReadyDep, get_context
from serving.api.schemas import ManyRecommendations, RecommendationList, RecommendationsQuestion
from serving.api.service import Question
from serving.ranked import Options

router = APIRouter(tags=["recommendations"])
_TOGETHER = 64  # customers of one long question that are scored before others get their turn


@router.get(
    "/v1/customers/{customer_id}/recommendations",
    response_model=RecommendationList,
    responses=problems(422, 503),
    summary="Ranked items for one customer, each with a reason",
)
async def recommend(
    customer_id: PathId, service: ReadyDep, options: OptionsDep, k: KQuery = 10
) -> Response:
    """Unknown customers get what is popular: `origin` and `message` say so."""
    (answer,) = await service.ask(Question((customer_id,), k, options))
    return json(answer)


@router.post(
    "/v1/recommendations",
    response_model=ManyRecommendations,
    responses=problems(422, 503),
    summary="Ranked items for many customers",
)
async def recommend_many(question: RecommendationsQuestion, service: ReadyDep) -> Response:
    """Answers come in the order asked, each customer once."""
    customers = list(dict.fromkeys(question.customer_ids))
    context = await get_context(question.at, question.hour, question.weekday, question.channel)
    options = Options(question.exclude_seen, question.category, question.lang, context)
    answers: list[bytes] = []
    for start in range(0, len(customers), _TOGETHER):
        part = tuple(customers[start : start + _TOGETHER])
        answers += await service.ask(Question(part, question.k, options))
    return json(b'{"customers":[' + b",".join(answers) + b"]}")
