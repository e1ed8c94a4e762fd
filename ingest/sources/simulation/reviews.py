"""One review, survey answer or social post about one purchase."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random

from ingest.sources.simulation.grammar import document, generator, happens, phrases
from ingest.sources.simulation.noise import join, roughen, spoken
from ingest.sources.simulation.people import Person
from ingest.sources.simulation.products import Product, quality, season
from ingest.sources.simulation.truth import NEEDS, SENTIMENTS, Truth, mark, unmark

_STRONG = 1.2
_LIKES = 0.45
_BLOCK_DAYS = 28


@dataclass(frozen=True)
class Occasion:
    """Somebody, something and a time: what a text is conditioned on, and nothing else is.

    Attributes
    ----------
    seed : int
        Seed of the simulation.
    key : str
        The purchase the text is about.
    person : Person
        The customer.
    product : Product
        What was bought.
    at : datetime
        When the text is written (chats: begins), after the purchase.
    """

    seed: int
    key: str
    person: Person
    product: Product
    at: datetime

    def score(self, aspect: str, rng: Random) -> float:
        """Judge an aspect: latent quality of the product group, the season, temper and chance."""
        block = int(self.at.timestamp() // (86_400 * _BLOCK_DAYS))
        latent = quality(self.seed, self.product.group, aspect) + season(self.seed, aspect, block)
        return 0.1 + 0.9 * latent + 0.6 * self.person.temper + rng.gauss(0, 0.6)


def polarity(score: float) -> str:
    """Return neg, neu or pos for a judgment."""
    return "pos" if score > _LIKES else "neg" if score < -_LIKES else "neu"


@dataclass(frozen=True)
class Review:
    """A finished text with its truth; ``rating`` is 1..5 or None."""

    feedback_id: str
    kind: str
    title: str | None
    text: str
    rating: float | None
    truth: Truth


def write_review(occasion: Occasion) -> Review:
    """Write what a customer says about a purchase."""
    rng = generator(occasion.seed, "review", occasion.key)
    person, product = occasion.person, occasion.product
    feedback_id = f"sim-r-{rng.getrandbits(64):016x}"
    count = min(rng.choice((1, 1, 2, 2, 2, 3)), len(product.aspects))
    aspects = rng.sample(product.aspects, k=count)
    scores = {aspect: occasion.score(aspect, rng) for aspect in aspects}
    overall = sum(scores.values()) / count**0.6
    mood = polarity(overall)
    kind = rng.choices(("review", "social", "survey"), (86, 7, 7))[0]
    clauses, need = _compose(occasion, scores, mood, rng)
    said = roughen(join(clauses, person.base, rng), person, mood, rng)
    if kind == "social":
        said += f" {_say(occasion, 'hashtag', mood, rng)}"
    text, facts = unmark(said)
    topic = str(document("glossary")["topics"][aspects[0]])
    return Review(
        feedback_id=feedback_id,
        kind=kind,
        title=_title(occasion, scores, mood, rng),
        text=text,
        rating=None if kind == "social" else _rating(overall, rng),
        truth=Truth(
            text_id=feedback_id,
            kind="feedback",
            part=kind,
            conversation_id=None,
            customer_id=person.customer_id,
            item_id=product.item_id,
            language=spoken(text, person),
            sentiment=SENTIMENTS[mood],
            topic=topic,
            need=need or ("other" if mood == "pos" else str(document("glossary")["needs"][topic])),
            aspects=tuple(
                {"aspect": aspect, "polarity": SENTIMENTS[polarity(score)]}
                for aspect, score in scores.items()
            ),
            facts=facts,
        ),
    )


def _say(occasion: Occasion, path: str, mood: str, rng: Random, strong: bool = False) -> str:
    person = occasion.person
    words = phrases(person.base)
    slots = occasion.product.slots(person.language, rng)
    slots["very"] = words.say("strong" if strong else "mild", rng, {})
    slots["too"] = words.say("strong_too" if strong else "mild_too", rng, {})
    return words.say(path if path in words.lists else f"{path}.{mood}", rng, slots)


def _compose(
    occasion: Occasion, scores: dict[str, float], mood: str, rng: Random
) -> tuple[list[str], str | None]:
    """Return the clauses, and the need when one is asked for."""
    person = occasion.person
    clauses = [_say(occasion, "opener", mood, rng)] if rng.random() < person.wordy else []
    before = mood
    for aspect, score in scores.items():
        felt = polarity(score)
        clause = _say(occasion, f"aspect.{aspect}", felt, rng, abs(score) > _STRONG)
        clauses.append(_link(person, before, felt, rng) + clause if clauses else clause)
        before = felt
    if happens(rng, "review.compare", person.wordy):
        clauses.append(_say(occasion, "compare", mood, rng))
    if happens(rng, "review.context", person.wordy):
        clauses.insert(rng.randint(0, len(clauses)), _say(occasion, "context", mood, rng))
    if happens(rng, "review.fact"):
        clauses.append(tell(person, rng.choice(list(person.facts)), rng))
    need = None
    if happens(rng, "review.request"):
        need = rng.choice(NEEDS[:-1])
        clauses.append(_say(occasion, f"request.{need}", mood, rng))
    if happens(rng, "review.closer", person.wordy):
        clauses.append(_say(occasion, "closer", mood, rng))
    if person.language == "mixed" and happens(rng, "review.english_tail"):
        clauses.append(_say(occasion, "mixed_tail", mood, rng))
    return clauses, need


def tell(person: Person, field: str, rng: Random) -> str:
    """Return a clause in which the person mentions one of their facts, marked."""
    slots = {"value": mark(field, person.facts[field])}
    return phrases(person.base).say(f"fact.{field}", rng, slots)


def _link(person: Person, before: str, felt: str, rng: Random) -> str:
    if before == felt or "neu" in (before, felt):
        path = "also"
    else:
        path = "contrast" if felt == "neg" else "contrast_up"
    word = phrases(person.base).say(path, rng, {})
    return f"{word} " if word and person.base == "en" else word


def _title(occasion: Occasion, scores: dict[str, float], mood: str, rng: Random) -> str | None:
    """Return a few words about an aspect that agrees with the whole, for half of the texts."""
    agreeing = [aspect for aspect, score in scores.items() if polarity(score) == mood]
    if not agreeing or happens(rng, "review.untitled"):
        return None
    text = _say(occasion, f"title.{agreeing[0]}", mood, rng)
    return text if occasion.person.lower else text[:1].upper() + text[1:]


def _rating(overall: float, rng: Random) -> float | None:
    if happens(rng, "review.unrated"):
        return None
    strong = abs(overall) > _STRONG
    return {"pos": 5.0 if strong else 4.0, "neu": 3.0, "neg": 1.0 if strong else 2.0}[
        polarity(overall)
    ]
