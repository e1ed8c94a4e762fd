"""From the registry to an engine; a real server process around it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.store import Store
from ingest.workspace import Workspace
from serving.champion import facts_of, open_champion
from serving.errors import NoChampionError
from tests.serving.shop import NOW, UNTIL, fill
from training.bundle import Bundle
from training.interactions import Interactions
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.registry import Version

HOUSE = Path(__file__).resolve().parents[2]


def bundle(store: Store, **config: Any) -> Bundle:
    interactions = Interactions.from_store(store, kinds=["purchase"], before=UNTIL)
    model = WithFallback(primary=EASE(regularization=5.0), fallback=RecentPopularity(days=28)).fit(
        interactions
    )
    return Bundle(model=model, name="ease", workspace="shop", task="discover", config=config)


class Registered:
    """A registry that holds one bundle below a folder."""

    name = "huaxiang-shop"

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def champion(self) -> Version | None:
        return Version(4, "run", "source") if self.folder else None

    def load(self, version: Version) -> Bundle:
        assert self.folder is not None
        return Bundle.load(self.folder)


def test_the_champion_becomes_an_engine(store: Store, tmp_path: Path) -> None:
    bundle(store, data={"kinds": ["purchase"]}).save(tmp_path / "bundle")
    workspace = Workspace.named("shop", tmp_path / "data")
    registered: Any = Registered(tmp_path / "bundle")
    engine = open_champion(workspace, at=NOW, registered=registered)
    assert engine.facts.version == "4"
    assert engine.facts.trained_until == UNTIL
    assert engine.facts.exclude_seen
    assert engine.rank(["c00"], 1).reasons[0][0].startswith("Because you bought")


def test_without_a_champion_it_says_what_to_run(tmp_path: Path) -> None:
    nothing: Any = Registered(None)
    with pytest.raises(NoChampionError, match=r"training\.promote workspace=shop"):
        open_champion(Workspace.named("shop", tmp_path), registered=nothing)


def test_facts_follow_the_training_configuration(store: Store) -> None:
    rated = facts_of(bundle(store, data={"kinds": ["rate"], "min_value": 4.0}), "2")
    assert (rated.kinds, rated.min_value) == (("rate",), 4.0)
    assert facts_of(bundle(store), "2").kinds == ("purchase",)


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {house!r})
from ingest.runtime import prepare
prepare()
from tests.serving.test_champion import Registered
from training import registry
registry.Registry = lambda *_: Registered(Path({bundle!r}))
from serving.api.__main__ import main
sys.argv = ["serving.api", "workspace=shop", "data_dir={data}", "port={port}"]
main()
"""


def get(url: str, body: object = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, None


@pytest.mark.slow
def test_a_real_server_answers_and_keeps_events_when_killed(tmp_path: Path) -> None:
    store = Store(tmp_path / "data" / "shop" / "store")
    fill(store)
    bundle(store, data={"kinds": ["purchase"]}).save(tmp_path / "bundle")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    script = SCRIPT.format(
        house=str(HOUSE), bundle=str(tmp_path / "bundle"), data=tmp_path / "data", port=port
    )
    address = f"http://127.0.0.1:{port}"
    event = {
        "event_id": "live-1",
        "customer_id": "newcomer",
        "kind": "purchase",
        "item_id": "g1",
        "occurred_at": datetime.now(NOW.tzinfo).isoformat(),
    }

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", script], cwd=HOUSE)
        end = time.monotonic() + 60
        while get(f"{address}/ready")[0] != 200:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        return process

    process = start()
    assert get(f"{address}/v1/events", event)[1]["accepted"] == 1
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process = start()
    assert get(f"{address}/v1/events", event)[1]["duplicate"] == 1
    status, answer = get(f"{address}/v1/customers/newcomer/recommendations?k=1")
    assert (status, answer["origin"]) == (200, "model")
    assert get(f"{address}/v1/customers/x/recommendations?k=0")[0] == 422
    process.terminate()
    assert process.wait(20) in (0, -signal.SIGTERM)
