"""A saved model that is incomplete, changed or foreign is refused, and says why."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.contracts.recommender import checkerboard
from training.models import memory
from training.models.als import ALS
from training.models.base import load_recommender
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.state import StateError, _digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    RecentPopularity(days=9).fit(checkerboard(6)).save(tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / "model.json"
    document = orjson.loads(path.read_bytes()) | changes
    document.pop("checksum")
    document["checksum"] = _digest(document)
    path.write_bytes(orjson.dumps(document))


def test_parameters_come_back(folder: Path) -> None:
    assert RecentPopularity.load(folder).parameters() == {"days": 9}
    with pytest.raises(TypeError, match="holds a RecentPopularity, expected ALS"):
        ALS.load(folder)


@pytest.mark.parametrize("name", ["state.safetensors", "ids.json"])
def test_changed_and_missing_files(folder: Path, name: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(StateError, match="was recorded when the model was saved"):
        load_recommender(folder)
    path.unlink()
    with pytest.raises(StateError, match=f"{name}: missing"):
        load_recommender(folder)


def test_an_edited_document(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace('"days": 9', '"days": 8'))
    with pytest.raises(StateError, match="checksum does not match"):
        load_recommender(folder)
    path.write_text("{}")
    with pytest.raises(StateError, match="not a model document"):
        load_recommender(folder)
    path.unlink()
    with pytest.raises(StateError, match=r"written by Recommender\.save"):
        load_recommender(folder)


def test_foreign_documents(folder: Path) -> None:
    rewrite(folder, **{"class": "pathlib.Path"})
    with pytest.raises(StateError, match="is not a Recommender"):
        load_recommender(folder)
    rewrite(folder, **{"class": "training.models.gone.Gone"})
    with pytest.raises(StateError, match="cannot be imported"):
        load_recommender(folder)
    rewrite(folder, format=99)
    with pytest.raises(StateError, match="format 99, this version reads 1"):
        load_recommender(folder)


def test_a_part_is_loaded_with_its_whole(tmp_path: Path) -> None:
    parts = {"primary": RecentPopularity(), "fallback": RecentPopularity(days=2)}
    WithFallback(**parts).fit(checkerboard(6)).save(tmp_path)
    with pytest.raises(StateError, match="a part of a larger model"):
        load_recommender(tmp_path / "parts" / "primary")


def test_memory_respects_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.available_bytes() > 0
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000")
    (tmp_path / "memory.current").write_text("400")
    assert memory.available_bytes() == 600
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "nothing")
    (tmp_path / "memory.max").write_text("max")
    assert memory.available_bytes() > 1000
