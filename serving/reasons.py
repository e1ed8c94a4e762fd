"""One short sentence a recommendation, made from evidence that really moved it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Language(StrEnum):
    """Languages of the reasons."""

    EN = "en"
    ZH = "zh"


class Ground(StrEnum):
    """What a recommendation rests on."""

    BECAUSE = "because"  # another item of the customer's own history
    AGAIN = "again"  # the same item, acted on before
    CATEGORY = "category"  # the customer often acts on this category
    INTEREST = "interest"  # the profile is close to the item
    WORDS = "words"  # what the customer wrote about
    PEOPLE = "people"  # it suits what is known of who the customer is: age, household and so on
    PROMOTED = "promoted"  # displayed, mailed or with a coupon lately
    MOMENT = "moment"  # it suits when and through which channel it is asked for
    POPULAR_IN = "popular_in"  # popular in its category
    POPULAR = "popular"  # popular over all
    SUGGESTED = "suggested"  # the model's judgement without one leading ground


@dataclass(frozen=True)
class Evidence:
    """What moved one recommendation.

    Attributes
    ----------
    ground : Ground
        Kind of evidence.
    subject : str
        Title, category or words the sentence names; empty where it names nothing.
    times : int
        How often, where the ground counts.
    simulated : bool
        Whether the evidence comes from simulated rows or texts.
    """

    ground: Ground
    subject: str = ""
    times: int = 0
    simulated: bool = False


_LONGEST = 60
_SIMULATED = {Language.EN: " (from simulated data)", Language.ZH: "（来自模拟数据）"}

_SENTENCES: Mapping[Language, Mapping[Ground, str]] = {
    Language.EN: {
        Ground.BECAUSE: "Because you {verb} {subject}",
        Ground.AGAIN: "You {verb} this {times}",
        Ground.CATEGORY: "You often {habit} {subject}",
        Ground.INTEREST: "Close to your interest in {subject}",
        Ground.WORDS: "Fits what you wrote about {subject}",
        Ground.PEOPLE: "Suits customers like you",
        Ground.PROMOTED: "Promoted lately",
        Ground.MOMENT: "Fits this time or place",
        Ground.POPULAR_IN: "Popular in {subject} this month",
        Ground.POPULAR: "Popular with customers this month",
        Ground.SUGGESTED: "Suggested by what you {verb} so far",
    },
    Language.ZH: {
        Ground.BECAUSE: "因为您{verb}“{subject}”",
        Ground.AGAIN: "您{verb}此商品{times}",
        Ground.CATEGORY: "您经常{habit}“{subject}”",
        Ground.INTEREST: "符合您对“{subject}”的兴趣",
        Ground.WORDS: "与您谈到的“{subject}”相符",
        Ground.PEOPLE: "适合与您情况相近的客户",
        Ground.PROMOTED: "近期有促销",
        Ground.MOMENT: "适合此时此处",
        Ground.POPULAR_IN: "“{subject}”类本月热门",
        Ground.POPULAR: "本月热门商品",
        Ground.SUGGESTED: "根据您{verb}的商品推荐",
    },
}
_VERBS = {
    Language.EN: {
        "purchase": ("bought", "buy"),
        "rate": ("rated", "choose"),
        "view": ("looked at", "look at"),
    },
    Language.ZH: {"purchase": ("买过", "购买"), "rate": ("评过", "选择"), "view": ("看过", "浏览")},
}
_OTHER = {Language.EN: ("chose", "choose"), Language.ZH: ("选过", "选择")}
_FALLBACK = {
    Language.EN: (
        "The model does not know this customer well enough yet; what is popular is shown. "
        "Post the customer's events to get personal recommendations."
    ),
    Language.ZH: "模型对该客户了解不足，以下为热门商品；提交该客户的事件后即可获得个性化推荐。",
}


class Wording:
    """Turns evidence into sentences for one kind of data.

    Parameters
    ----------
    kinds : collection of str
        Event kinds that the model learned from; they choose the verb (bought, rated, ...).
    """

    def __init__(self, kinds: Collection[str]) -> None:
        main = next((kind for kind in ("purchase", "rate", "view") if kind in kinds), "")
        self._verbs = {lang: _VERBS[lang].get(main, _OTHER[lang]) for lang in Language}

    def sentence(self, evidence: Evidence, lang: Language = Language.EN) -> str:
        """Return the sentence of an evidence; simulated evidence says that it is simulated.

        Examples
        --------
        >>> Wording(["purchase"]).sentence(Evidence(Ground.BECAUSE, "Eggs"))
        'Because you bought Eggs.'
        """
        verb, habit = self._verbs[lang]
        text = _SENTENCES[lang][evidence.ground].format(
            verb=verb,
            habit=habit,
            subject=shortened(evidence.subject),
            times=_times(evidence.times, lang),
        )
        mark = _SIMULATED[lang] if evidence.simulated else ""
        return f"{text}{mark}{'。' if lang == Language.ZH else '.'}"


def fallback_message(lang: Language = Language.EN) -> str:
    """Return the note that goes with recommendations for an unknown customer."""
    return _FALLBACK[lang]


def short_message(length: int, k: int, lang: Language = Language.EN) -> str:
    """Return the note for a list that is shorter than asked."""
    if lang == Language.ZH:
        return f"共{length}件（要求{k}件）：没有其他符合条件的商品。"
    return f"{length} of {k} items: no others fit what was asked."


@lru_cache(maxsize=100_000)
def shortened(text: str) -> str:
    """Return a title short enough for a sentence, without a full stop at its end."""
    clean = " ".join(text.split()).rstrip(".")
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1].rstrip() + "…"


def _times(count: int, lang: Language) -> str:
    if lang == Language.ZH:
        return f"{count}次"
    return {1: "once before", 2: "twice before"}.get(count, f"{count} times before")
