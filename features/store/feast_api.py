"""The one door to Feast: every module here takes Feast's names from this one.

Importing Feast costs seconds that nothing here profits from. Its classes are decorated with
``typeguard.typechecked``, which recompiles their source at import, and it imports torch only to
know whether it could. Both are held off while Feast is imported and restored right after:
13.4 s became 3.8 s on a loaded two-core machine (``python -X importtime -c "import feast"``).

Its import also changes the process: it turns on warnings of everybody, and asks
``prometheus_client`` for values in files that all registries share. The filters are put back; that
client, whose counters have to stay apart, is imported first, and the request is taken back.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import prometheus_client  # noqa: F401  (chooses where values live when it is imported)
import typeguard

_SHARED_VALUES = ("PROMETHEUS_MULTIPROCESS_DIR", "PROMETHEUS_MULTIPROC_DIR")


def _unchanged(target: Any = None, **_: Any) -> Any:
    return target if target is not None else _unchanged


@contextmanager
def _lean() -> Iterator[None]:
    checked = typeguard.typechecked
    without_torch = "torch" not in sys.modules
    unset = [name for name in _SHARED_VALUES if name not in os.environ]
    typeguard.typechecked = _unchanged
    if without_torch:
        sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            yield
    finally:
        typeguard.typechecked = checked
        for name in unset:
            os.environ.pop(name, None)
        if without_torch:
            del sys.modules["torch"]


with _lean():
    from feast import (
        Entity,
        FeatureService,
        FeatureStore,
        FeatureView,
        Field,
        FileSource,
        PushSource,
        RepoConfig,
        ValueType,
    )
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value
    from feast.types import Array, Float32, String

__all__ = [
    "Array",
    "Entity",
    "EntityKey",
    "FeatureService",
    "FeatureStore",
    "FeatureView",
    "Field",
    "FileSource",
    "Float32",
    "PushSource",
    "RepoConfig",
    "String",
    "Value",
    "ValueType",
]
