"""Wrong settings in words: the name, what was expected, what was received, and nothing else."""

from __future__ import annotations

import doctest

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from ingest import told


class Part(BaseModel):
    zone: str

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone != "UTC":
            raise ValueError("expected UTC")
        return zone


class Settings(BaseModel):
    k: int = 1
    part: Part = Part(zone="UTC")


def test_each_wrong_setting_is_named_with_what_was_received() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"k": "many", "part": {"zone": "Mars"}})
    first, second = told.reason(caught.value, "\n").split("\n")
    assert first.startswith("k: Input should be a valid integer")
    assert first.endswith("received 'many'")
    assert second == "part.zone: expected UTC, received 'Mars'"
    assert told.reason(caught.value) == f"{first}; {second}"


def test_other_errors_speak_for_themselves() -> None:
    assert told.reason(ValueError("no such file")) == "no such file"
    assert told.reason(KeyError()) == "KeyError"


def test_the_example_holds() -> None:
    assert doctest.testmod(told).failed == 0
