"""Fitted models on disk: arrays in safetensors, everything else in JSON, checked by SHA-256.

A folder holds ``model.json`` (class path, parameters, as-of time, checksums), ``ids.json`` and
``state.safetensors``; a model made of other models keeps them in folders below ``parts/``. Nothing
is pickled: reading a folder runs no code but the constructor of the recorded class.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix

from training.ids import IdMap

if TYPE_CHECKING:
    from training.models.base import Recommender

FORMAT = 1
_ARRAYS, _IDS, _MODEL = "state.safetensors", "ids.json", "model.json"
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2


class StateError(ValueError):
    """A saved model cannot be read: a file is missing, changed, or of another format."""


def parameters(model: object) -> dict[str, Any]:
    """Return the constructor's parameters: each is kept as the attribute of the same name."""
    names = [name for name in inspect.signature(type(model).__init__).parameters if name != "self"]
    return {name: getattr(model, name) for name in names}


class Trained(NamedTuple):
    """What a model was trained on, shared between a model and its parts."""

    customers: IdMap
    items: IdMap
    histories: csr_matrix


def save(model: Recommender, folder: Path, shared: Recommender | None = None) -> None:
    """Write ``model`` below ``folder``; ids and histories that ``shared`` also has are left out."""
    folder.mkdir(parents=True, exist_ok=True)

    def keep_part(part: Recommender, name: str) -> dict[str, str]:
        save(part, folder / "parts" / name, shared=model)
        return {"$part": name}

    arrays = {f"model.{name}": np.ascontiguousarray(a) for name, a in model._arrays().items()}
    is_shared = shared is not None and model.histories is shared.histories
    if not is_shared:
        for name in ("data", "indices", "indptr"):
            arrays[f"histories.{name}"] = getattr(model.histories, name)
        ids = {"customers": model.customers.ids.tolist(), "items": model.items.ids.tolist()}
        (folder / _IDS).write_bytes(orjson.dumps(ids))
    save_file(arrays, folder / _ARRAYS)
    files = [_ARRAYS] if is_shared else [_ARRAYS, _IDS]
    document = {
        "format": FORMAT,
        "class": f"{type(model).__module__}.{type(model).__qualname__}",
        "parameters": _encode(parameters(model), "", keep_part),
        "until": model.until.isoformat(),
        "shared": is_shared,
        "sha256": {name: _file_digest(folder / name) for name in files},
    }
    document["checksum"] = _digest(document)
    (folder / _MODEL).write_bytes(orjson.dumps(document, option=_OPTIONS))


def size_bytes(model: Recommender, shared: Recommender | None = None) -> int:
    """Return the bytes of the arrays that :func:`save` would write, those of parts included."""
    total = sum(np.asarray(array).nbytes for array in model._arrays().values())
    if shared is None or model.histories is not shared.histories:
        found = model.histories
        total += found.data.nbytes + found.indices.nbytes + found.indptr.nbytes
    parts: list[Recommender] = []
    _encode(parameters(model), "", lambda part, _: parts.append(part))
    return total + sum(size_bytes(part, shared=model) for part in parts)


def load(folder: Path, shared: Trained | None = None) -> Recommender:
    """Read the model saved in ``folder``; ``shared`` is what the model around it was trained on.

    Raises
    ------
    StateError
        If a file is missing or differs from what was saved, or the class is not a recommender.
    """
    document = _read_document(folder)
    for name, expected in document["sha256"].items():
        _check_file(folder / name, expected)
    arrays = load_file(folder / _ARRAYS)
    if document["shared"] and shared is None:
        raise StateError(f"{folder}: a part of a larger model; load the folder above parts/")
    trained = shared if document["shared"] and shared else _read_trained(folder, arrays)

    def load_part(name: str) -> Recommender:
        return load(folder / "parts" / name, trained)

    model: Recommender = _model_class(document, folder)(
        **_decode(document["parameters"], load_part)
    )
    model.until = datetime.fromisoformat(document["until"])
    model.customers, model.items, model.histories = trained
    prefix = "model."
    own = {k.removeprefix(prefix): array for k, array in arrays.items() if k.startswith(prefix)}
    model._restore(own)
    return model


def _encode(value: Any, path: str, keep_part: Callable[[Recommender, str], Any]) -> Any:
    from training.models.base import Recommender  # noqa: PLC0415  (base imports this module)

    if isinstance(value, Recommender):
        return keep_part(value, path)
    if isinstance(value, Mapping):
        return {k: _encode(v, f"{path}.{k}".strip("."), keep_part) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_encode(v, f"{path}.{i}", keep_part) for i, v in enumerate(value)]
    return value


def _decode(value: Any, load_part: Callable[[str], Recommender]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$part"}:
            return load_part(value["$part"])
        return {k: _decode(v, load_part) for k, v in value.items()}
    if isinstance(value, list):
        return [_decode(v, load_part) for v in value]
    return value


def _read_document(folder: Path) -> dict[str, Any]:
    path = folder / _MODEL
    if not path.is_file():
        raise StateError(f"{path}: missing; expected a folder written by Recommender.save")
    try:
        document: dict[str, Any] = orjson.loads(path.read_bytes())
        recorded = document.pop("checksum")
    except (orjson.JSONDecodeError, KeyError, AttributeError) as error:
        raise StateError(
            f"{path}: not a model document ({error!r}); save the model again"
        ) from None
    if _digest(document) != recorded:
        raise StateError(f"{path}: its checksum does not match its contents; the file was edited")
    if document["format"] != FORMAT:
        raise StateError(f"{path}: format {document['format']}, this version reads {FORMAT}")
    return document


def _model_class(document: dict[str, Any], folder: Path) -> type[Recommender]:
    from training.models.base import Recommender  # noqa: PLC0415  (base imports this module)

    module, _, name = document["class"].rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise StateError(
            f"{folder}: class {document['class']} cannot be imported: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Recommender)):
        raise StateError(f"{folder}: class {document['class']} is not a Recommender")
    return found


def _read_trained(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> Trained:
    ids = orjson.loads((folder / _IDS).read_bytes())
    customers, items = (_id_map(ids[name]) for name in ("customers", "items"))
    parts = tuple(arrays[f"histories.{name}"] for name in ("data", "indices", "indptr"))
    return Trained(customers, items, csr_matrix(parts, shape=(len(customers), len(items))))


def _id_map(ids: list[str]) -> IdMap:
    values = np.empty(len(ids), dtype=object)
    values[:] = ids
    return IdMap(values)


def _check_file(path: Path, expected: str) -> None:
    if not path.is_file():
        raise StateError(f"{path}: missing; the saved model is incomplete, save it again")
    if (received := _file_digest(path)) != expected:
        raise StateError(
            f"{path}: sha256 {received[:12]}… but {expected[:12]}… was recorded when the model was "
            "saved; the file changed, copy or train the model again"
        )


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(document, option=_OPTIONS)).hexdigest()
