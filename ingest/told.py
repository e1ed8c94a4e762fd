"""What a person needs to know of a wrong setting: which one, what was expected and received."""

from __future__ import annotations

from pydantic import ValidationError

_PREFIX = "Value error, "  # of pydantic, before what our own validators say


def expected(message: str) -> str:
    """Return what pydantic says of one wrong value, in the words of the validator."""
    return message.removeprefix(_PREFIX)


def reason(error: BaseException, between: str = "; ") -> str:
    """Return an error in words; of wrong settings each by its name, ``between`` two of them.

    Examples
    --------
    >>> from pydantic import BaseModel
    >>> class Settings(BaseModel):
    ...     k: int
    >>> try:
    ...     Settings.model_validate({"k": "many"})
    ... except ValueError as error:
    ...     reason(error)
    "k: Input should be a valid integer, unable to parse string as an integer, received 'many'"
    """
    if not isinstance(error, ValidationError):
        return str(error) or type(error).__name__
    lines = []
    for found in error.errors(include_url=False):
        where = ".".join(str(part) for part in found["loc"])
        said = f"{expected(found['msg'])}, received {found['input']!r}"
        lines.append(f"{where}: {said}" if where else said)
    return between.join(lines)
