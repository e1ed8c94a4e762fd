"""One OpenAI-compatible endpoint, asked within a budget."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from features.text.llm.settings import LlmSettings

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletion

log = logging.getLogger(__name__)

Message = dict[str, str]
_MILLION = 1_000_000
_NO_USE_IN_ASKING = (400, 401, 403, 404, 405, 422)  # whatever is asked next is answered so too


class UnansweredError(Exception):
    """The endpoint gave no answer; the message says why."""


class StoppedError(UnansweredError):
    """The endpoint is not asked any more in this run; the message says why."""


@dataclass(frozen=True)
class Reply:
    """What the endpoint answered.

    Attributes
    ----------
    content : str
        As it came.
    complete : bool
        False where it ended because it grew too long.
    tokens : int
        Of question and answer.
    """

    content: str
    complete: bool
    tokens: int


class Endpoint:
    """Asks, counts, and stops asking when the budget is spent or there is no use in it.

    Safe to be used by several threads. The client's own retries and pauses are used. Redirects are
    not followed and proxies of the environment not used where only local endpoints are allowed:
    both would carry the text elsewhere.

    Parameters
    ----------
    settings : LlmSettings
        Address, budget and so on.

    Attributes
    ----------
    requests, tokens : int
        Answered so far, and tokens they took.
    cost : float
        In the currency of the prices.
    """

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._stopped = ""
        self.requests = 0
        self.tokens = 0
        self.cost = 0.0

    @property
    def stopped(self) -> str:
        """Why it is not asked any more, "" while it is."""
        return self._stopped

    def ask(self, messages: Sequence[Message], *, name: str, schema: dict[str, Any]) -> Reply:
        """Return the answer to a conversation.

        Parameters
        ----------
        messages : sequence of dict
            Each with ``role`` and ``content``.
        name : str
            Of the schema.
        schema : dict
            JSON schema that the answer shall satisfy, sent where the endpoint can hold to one.

        Raises
        ------
        StoppedError
            If the budget is spent, or an earlier question showed that there is no use in asking.
        UnansweredError
            If this question was not answered: time is over, or errors in spite of retries.
        ValueError
            If the endpoint needs a key and there is none.
        """
        import openai  # noqa: PLC0415 (only those who ask a model load it)

        if self._stopped:
            raise StoppedError(self._stopped)
        client = self._client
        try:
            found = client.chat.completions.create(
                model=self._settings.model,
                messages=list(messages),  # type: ignore[arg-type]
                temperature=self._settings.temperature,
                seed=self._settings.seed,
                max_tokens=self._settings.answer_tokens,
                **self._form(name, schema),
            )
        except openai.APITimeoutError as error:
            raise UnansweredError(f"no answer within {self._settings.timeout:g} s") from error
        except openai.APIStatusError as error:
            raise self._refused(error.status_code) from error
        except openai.APIConnectionError as error:
            raise self._stop("the endpoint cannot be reached") from error
        except (openai.OpenAIError, ValueError) as error:
            raise UnansweredError("the endpoint's reply is no chat completion") from error
        return self._counted(found, messages)

    def close(self) -> None:
        """Close the connections; asking again opens new ones."""
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    def _form(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        if self._settings.constrain == "none":
            return {}
        if self._settings.constrain == "json":
            return {"response_format": {"type": "json_object"}}
        form = {"name": name, "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": form}}

    def _refused(self, status: int) -> UnansweredError:
        if status in _NO_USE_IN_ASKING:
            return self._stop(f"the endpoint refuses with HTTP status {status}")
        return UnansweredError(f"HTTP status {status} in spite of retries")

    def _stop(self, reason: str) -> StoppedError:
        with self._lock:
            if not self._stopped:
                self._stopped = reason
                log.warning("language model %s: %s; not asked again", self._settings.model, reason)
        return StoppedError(reason)

    def _counted(self, found: ChatCompletion, messages: Sequence[Message]) -> Reply:
        choices = getattr(found, "choices", None)
        if not choices or choices[0].message is None:
            raise UnansweredError("the endpoint's reply is no chat completion")
        message, ending = choices[0].message, choices[0].finish_reason
        content = message.content or ""
        asked, answered = _usage(found, messages, content)
        self._spend(asked, answered)
        if getattr(message, "refusal", None):
            raise UnansweredError("the model declined to answer")
        return Reply(content, ending != "length", asked + answered)

    def _spend(self, asked: int, answered: int) -> None:
        limits = self._settings
        with self._lock:
            self.requests += 1
            self.tokens += asked + answered
            price = asked * limits.input_price + answered * limits.output_price
            self.cost += price / _MILLION
            spent = self.tokens >= limits.max_tokens
            spent |= limits.max_cost is not None and self.cost >= limits.max_cost
        if spent:
            self._stop(f"the budget is spent: {self.tokens} tokens, cost {self.cost:.4g}")

    @cached_property
    def _client(self) -> OpenAI:
        import openai  # noqa: PLC0415 (as above)

        local = self._settings.local_only
        return openai.OpenAI(
            base_url=self._settings.base_url,
            api_key=self._settings.api_key(),
            timeout=self._settings.timeout,
            max_retries=self._settings.max_retries,
            http_client=openai.DefaultHttpxClient(follow_redirects=False, trust_env=not local),
        )


def _usage(found: ChatCompletion, messages: Sequence[Message], content: str) -> tuple[int, int]:
    """Return tokens of question and answer; every character counts as one where none are told."""
    if found.usage is None:
        return sum(len(message["content"]) for message in messages), len(content)
    return found.usage.prompt_tokens, found.usage.completion_tokens
