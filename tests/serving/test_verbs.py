"""The verbs: configuration in, work done, clear words when something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from omegaconf import OmegaConf

from serving.api.settings import ApiSettings
from serving.batch.run import BatchSettings
from serving.recommend import Engine

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Callable[..., None]:
    """Call a verb as the command line does, with the small business as champion."""
    monkeypatch.setattr("serving.champion.open_champion", lambda *_, **__: engine)

    def run(verb: str, *arguments: str) -> None:
        from importlib import import_module

        monkeypatch.setattr(sys, "argv", [verb, *arguments])
        import_module(f"{verb}.__main__").main()

    return run


@pytest.mark.parametrize(("name", "form"), [("api", ApiSettings), ("batch", BatchSettings)])
def test_the_configuration_names_every_setting_once(name: str, form: Any) -> None:
    given = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    common = OmegaConf.to_container(OmegaConf.load(CONF / "common.yaml"))
    assert isinstance(given, dict)
    assert isinstance(common, dict)
    names = {*given, "workspace", "data_dir", "state", "tracking"} - {"defaults", "hydra"}
    assert names == set(form.model_fields)
    form.model_validate({name: value for name, value in given.items() if name in names})


def test_batch_writes_where_it_is_told(call: Callable[..., None], tmp_path: Path) -> None:
    output = tmp_path / "out" / "all.parquet"
    call("serving.batch", "workspace=shop", f"data_dir={tmp_path / 'data'}", "k=2",
         f"output={output}", "progress=false", "category=Garden")  # fmt: skip
    assert set(pq.read_table(output)["item_id"].to_pylist()) == {"g1", "g2", "g3"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["k=many"], "k: Input should be a valid integer"),
        (["k=0"], "greater than 0, received 0"),
        (["lang=fr"], "lang: Input should be 'en' or 'zh', received 'fr'"),
        (["customers=missing.txt"], "there is no such file"),
        (["category=Cars"], "No item is in the category 'Cars'"),
    ],
)
def test_batch_says_what_is_wrong(
    call: Callable[..., None], tmp_path: Path, arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        call("serving.batch", "workspace=shop", f"data_dir={tmp_path / 'data'}", *arguments)
    assert said in str(caught.value.code)
    assert "errors.pydantic.dev" not in str(caught.value.code)


def test_api_listens_where_it_is_told(
    call: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listened: dict[str, Any] = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **how: listened.update(how, app=app))
    call("serving.api", "workspace=shop", f"data_dir={tmp_path / 'data'}", "port=9123")
    assert (listened["host"], listened["port"]) == ("127.0.0.1", 9123)
    assert listened["app"].title == "huaxiang"
    with pytest.raises(SystemExit, match="port: Input should be less than or equal to 65535"):
        call("serving.api", "port=99999")
