"""Find the questions in a message, with and without question marks, in both languages."""

from __future__ import annotations

import re

from features.text.language import language_of
from features.text.normalize import normalize
from features.text.sentences import sentences

_MARK = re.compile(r"[??]")
_ZH = re.compile(
    r"怎么|怎样|如何|为什么|为啥|为何|什么|啥|哪(?:里|儿|个|些|家|款|种|天)|到哪|几(?:天|点|时|号|个|年|期|块|折)|"
    r"多少|多久|多大|多长|多重|多高|谁|咋|请问|想问|能不能|可不可以|是不是|有没有|要不要|会不会|行不行|好不好|"
    r"对不对|掉不掉|缩不缩|包不包|是否|能否|可否|(?:吗|呢|么)[\W_]*$"
)
# The same words where nothing is asked: "it's nothing", "whatever", "rather".
_NOT_ZH = re.compile(
    r"没什么|没啥|什么都|啥都|怎么都|不怎么|多少有点|谁都|哪里都|不知道为什么|什么的|无论|不管|随便什么"
)
_POLITE_EN = r"(?:(?:hi|hello|hey|please|so|and|but|ok|okay|sorry|excuse me)[\s,]+)*"
_EN = re.compile(
    rf"^{_POLITE_EN}(?:(?:who|whose|what|what's|where|where's|when|when's|why|which|how|how's)\b"
    r"|(?:can|could|may|would|will|should|do|does|did|is|are|was|were|have|has|am)"
    r"(?:n't|not)?\s+(?:i|you|we|he|she|they|it|this|that|these|those|there|someone|anyone)\b"
    r"|(?:can|could|may|would|will|should|is|are|was|were|have|has)\s+(?:the|my|your|a|an)\b)"
    r"|\b(?:tell me|know|wondering|wonder)\s+(?:how|what|when|where|why|which|who|if|whether)\b"
    r"|\bhow (?:do|can|to|long|much|many)\b|\bwhat (?:is|are|should|do)\b",
    re.IGNORECASE,
)
_NOT_EN = re.compile(
    rf"^{_POLITE_EN}(?:what an? |how (?:nice|great|awful|kind)\b|when i |which is |whatever)",
    re.IGNORECASE,
)
_ASKS = {"zh": (_ZH, _NOT_ZH), "en": (_EN, _NOT_EN)}
_POLITE = re.compile(
    r"请问一下|请问|麻烦问下|想问一下|想问下|你好|您好|亲亲|亲爱的|亲(?=[,,、 ]|$)|在吗|谢谢"
    r"|[!-/:-@\[-`{-~。,、?!;:…~]+"
)
_POLITE_START = re.compile(rf"^{_POLITE_EN}", re.IGNORECASE)
_POLITE_END = re.compile(r"[\s,]*(?:please|thanks|thank you)$", re.IGNORECASE)
_CODE = re.compile(r"\d{4,}")
_SHORTEST = 2  # characters of a question once politeness is taken away


def is_question(sentence: str) -> bool:
    """Return whether a sentence asks something.

    Examples
    --------
    >>> [is_question(text) for text in ("什么时候发货", "没什么问题", "can i pay", "how nice")]
    [True, False, True, False]
    """
    if _MARK.search(sentence):
        return True
    asks = _ASKS.get(language_of(sentence))
    return asks is not None and bool(asks[0].search(sentence)) and not asks[1].search(sentence)


def questions_in(text: str) -> list[tuple[int, int]]:
    """Return start and end of each sentence of a text that asks something.

    Sentences that are nothing but politeness ("在吗?") ask nothing.
    """
    return [
        (start, end)
        for start, end in sentences(text)
        if is_question(text[start:end]) and len(bare(text[start:end])) >= _SHORTEST
    ]


def bare(question: str) -> str:
    """Return a question without greetings, thanks, marks and case: what equal ones share.

    Long numbers, such as those of orders, are all the same.

    Examples
    --------
    >>> bare("你好,请问怎么退款?"), bare("Hi, please how do I pay?")
    ('怎么退款', 'how do i pay')
    """
    text = _CODE.sub("0", normalize(question).lower())
    if language_of(text) == "zh":
        return " ".join(_POLITE.sub(" ", text).split())
    text = _POLITE_START.sub("", text.strip(" ?!.,;:…~"))
    return " ".join(_POLITE_END.sub("", text).split())
