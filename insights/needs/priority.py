"""What to do first: five ways to rank needs, each of which shows its factors.

The fields ``importance_score`` (5 praise, 3 neutral, 1 blame) and ``urgency_score`` (1 to 5) are
the same whatever the preset; ``priority_score`` is the preset's. Equal evidence gives equal scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, TypeAdapter

IMPORTANCE: Mapping[str, int] = {"positive": 5, "neutral": 3, "negative": 1}
_KANO: Mapping[str, int] = {"must_be": 3, "one_dimensional": 2, "attractive": 1, "indifferent": 0}


@dataclass(frozen=True)
class Evidence:
    """What is known of one need.

    Parameters
    ----------
    positive, neutral, negative : int
        Texts by sentiment.
    customers, negative_customers : int
        Distinct customers who wrote about it, and who wrote badly about it.
    most_customers : int
        Distinct customers of the need with the most of them.
    growth : float
        Texts a day in this period / in the one before; 1 where it is not known.
    confidence : float
        Mean confidence, 0 to 1, with which texts were said to carry the need.
    urgency : int
        1 to 5, see :func:`~insights.needs.urgency.urgency_score`.
    effort : float
        Person-months.
    """

    positive: int
    neutral: int
    negative: int
    customers: int
    negative_customers: int
    most_customers: int
    growth: float
    confidence: float
    urgency: int
    effort: float

    @property
    def texts(self) -> int:
        """All texts whose sentiment is known."""
        return self.positive + self.neutral + self.negative

    def share(self, texts: int) -> float:
        """Return a number of texts as a share of all, 0 where there is none."""
        return texts / self.texts if self.texts else 0.0


@dataclass(frozen=True)
class Scored:
    """A priority and the factors it was computed from, in the order of the formula."""

    priority: float
    factors: Mapping[str, float | str]

    def told(self) -> str:
        """Return the factors in words."""
        values = ((name, value) for name, value in self.factors.items())
        return ", ".join(
            f"{name} {value if isinstance(value, str) else f'{value:g}'}" for name, value in values
        )


def importance_score(evidence: Evidence) -> int:
    """Return 5, 3 or 1 where most texts are positive, neutral or negative; of ties the lowest."""
    counts = {name: getattr(evidence, name) for name in ("negative", "neutral", "positive")}
    if not evidence.texts:
        return IMPORTANCE["neutral"]
    return IMPORTANCE[max(counts, key=lambda name: counts[name])]


class _Preset(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NegativeVolumeTrend(_Preset):
    """Negative texts x growth x distinct customers who wrote them."""

    preset: Literal["negative_volume_trend"] = "negative_volume_trend"

    def score(self, evidence: Evidence) -> Scored:
        """Return the product; texts of unknown customers count as one customer's."""
        customers = max(evidence.negative_customers, min(1, evidence.negative))
        product = evidence.negative * evidence.growth * customers
        factors = {
            "negative_texts": evidence.negative,
            "growth": round(evidence.growth, 4),
            "negative_customers": customers,
        }
        return Scored(round(product, 4), factors)


class SeedFormula(_Preset):
    """Importance by polarity (5, 3, 1) x urgency (1 to 5), as first asked for.

    It ranks praise above complaints: kept for comparison.
    """

    preset: Literal["seed_formula"] = "seed_formula"

    def score(self, evidence: Evidence) -> Scored:
        """Return the product."""
        importance = importance_score(evidence)
        factors = {"importance": importance, "urgency": evidence.urgency}
        return Scored(float(importance * evidence.urgency), factors)


class Rice(_Preset):
    """Reach x impact x confidence / effort (McBride, "RICE: simple prioritization", 2016).

    Parameters
    ----------
    least_impact, most_impact : float
        Impact of a need nobody, and of one everybody, writes badly about.
    """

    preset: Literal["rice"] = "rice"
    least_impact: PositiveFloat = 0.25
    most_impact: PositiveFloat = 3.0

    def score(self, evidence: Evidence) -> Scored:
        """Return the score; impact grows evenly with the share of negative texts."""
        share = evidence.share(evidence.negative)
        impact = self.least_impact + (self.most_impact - self.least_impact) * share
        reach = max(evidence.customers, min(1, evidence.texts))
        factors = {
            "reach": reach,
            "impact": round(impact, 4),
            "confidence": round(evidence.confidence, 4),
            "effort": evidence.effort,
        }
        score = reach * impact * evidence.confidence / evidence.effort
        return Scored(round(score, 4), factors)


class Opportunity(_Preset):
    """Importance + max(importance - satisfaction, 0), both 0 to 10 (Ulwick, 2002).

    Ulwick, "Turn Customer Input into Innovation", Harvard Business Review 80(1). Importance is the
    number of customers relative to the need with the most of them; satisfaction is the share of
    praise among texts that praise or blame. Where none does, no gap is claimed.
    """

    preset: Literal["opportunity"] = "opportunity"

    def score(self, evidence: Evidence) -> Scored:
        """Return a score from 0 to 20."""
        importance = 10 * evidence.customers / max(evidence.most_customers, evidence.customers, 1)
        judged = evidence.positive + evidence.negative
        satisfaction = 10 * evidence.positive / judged if judged else importance
        factors = {"importance": round(importance, 4), "satisfaction": round(satisfaction, 4)}
        return Scored(round(importance + max(importance - satisfaction, 0), 4), factors)


class Kano(_Preset):
    """Category by what praise and blame there is; must-be > one-dimensional > attractive.

    After Berger and others, "Kano's Methods for Understanding Customer-defined Quality", 1993: the
    shares of texts that praise (better) and blame (worse) stand for the answers of a survey.

    Parameters
    ----------
    threshold : float
        Share from which customers are delighted, or annoyed.
    """

    preset: Literal["kano"] = "kano"
    threshold: Annotated[float, Field(gt=0, le=0.5)] = 0.25

    def category(self, better: float, worse: float) -> str:
        """Return must_be, one_dimensional, attractive or indifferent."""
        if worse >= self.threshold:
            return "one_dimensional" if better >= self.threshold else "must_be"
        return "attractive" if better >= self.threshold else "indifferent"

    def score(self, evidence: Evidence) -> Scored:
        """Return 0 to 4: 3, 2, 1 or 0 for the category, and the share that blames."""
        better, worse = evidence.share(evidence.positive), evidence.share(evidence.negative)
        category = self.category(better, worse)
        factors: dict[str, float | str] = {
            "category": category,
            "better": round(better, 4),
            "worse": round(worse, 4),
        }
        return Scored(round(_KANO[category] + worse, 4), factors)


Priority = Annotated[
    NegativeVolumeTrend | SeedFormula | Rice | Opportunity | Kano, Field(discriminator="preset")
]


def preset_named(name: str) -> Priority:
    """Return a preset as it is by default.

    Raises
    ------
    pydantic.ValidationError
        If there is none of this name.
    """
    found: Priority = TypeAdapter(Priority).validate_python({"preset": name})
    return found
