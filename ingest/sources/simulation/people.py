"""Who speaks: a customer's language, temper, habits of typing and fictional personal facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from ingest.sources.simulation.grammar import document, generator, happens

Language = Literal["zh", "en", "mixed"]
FIELDS = (
    "city",
    "occupation",
    "phone",
    "email",
    "pet",
    "child_age",
    "budget",
    "allergy",
    "household_size",
    "birthday",
    "preferred_time",
    "name",
)


@dataclass(frozen=True)
class Person:
    """The latent side of a customer; it depends on the seed and the customer id alone.

    Attributes
    ----------
    language : str
        ``zh`` for half of the customers, ``en`` for two fifths, ``mixed`` for the rest.
    temper : float
        Added to every judgment: negative for those who are hard to please.
    talk : float
        Relative number of texts.
    typos, emoji, wordy : float
        Probabilities in 0..1.
    facts : mapping of str to str
        Fictional facts this customer may mention; the same value every time.
    """

    customer_id: str
    language: Language
    temper: float
    talk: float
    typos: float
    emoji: float
    wordy: float
    lower: bool
    facts: Mapping[str, str]

    @property
    def base(self) -> Literal["zh", "en"]:
        """Language of the phrases: mixed speakers put English into Chinese."""
        return "en" if self.language == "en" else "zh"


def meet(seed: int, customer_id: str) -> Person:
    """Return the person behind a customer id."""
    rng = generator(seed, "person", customer_id)
    rates, draw = document("habits")["person"], rng.random()
    language: Language = (
        "zh" if draw < rates["zh"] else "en" if draw < rates["en_or_zh"] else "mixed"
    )
    return Person(
        customer_id=customer_id,
        language=language,
        temper=rng.gauss(0, 1),
        talk=rng.lognormvariate(0, 0.6),
        typos=rng.betavariate(1.2, 4),
        emoji=rng.betavariate(1, 3),
        wordy=rng.betavariate(3, 2),
        lower=happens(rng, "person.lower"),
        facts=_facts(rng, "en" if language == "en" else "zh"),
    )


def _facts(rng: Random, language: str) -> dict[str, str]:
    known = document("people")[language]
    facts = {field: str(rng.choice(known[field])) for field in FIELDS if field in known}
    surname, given = rng.choice(known["surname"]), rng.choice(known["given"])
    if language == "zh":
        facts["name"] = f"{surname}{given}"
        facts["phone"] = f"154{rng.randrange(10**8):08d}"
        handle = f"kehu{rng.randrange(10**5)}"
    else:
        facts["name"] = f"{given} {surname}"
        area = rng.choice(("513", "614", "502", "303", "512"))
        facts["phone"] = f"({area}) 555-01{rng.randrange(100):02d}"
        handle = f"{given}.{surname}{rng.randrange(1000)}".lower()
    facts["email"] = f"{handle}@example.com"
    mentioned = rng.sample(FIELDS, k=rng.randint(3, 7))
    return {field: facts[field] for field in FIELDS if field in mentioned}
