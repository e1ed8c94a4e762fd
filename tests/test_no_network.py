"""The suite runs without a network: what leaves this machine is refused, here and in children."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import network_guard
import pytest

HOUSE = Path(__file__).resolve().parents[1]


@pytest.fixture
def refused() -> Iterator[list[str]]:
    """What is refused in a test that means it; forgotten afterwards."""
    before = len(network_guard.attempts)
    found = network_guard.attempts
    yield found
    del found[before:]


def test_other_machines_cannot_be_reached(refused: list[str]) -> None:
    for family, host in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_STREAM) as tcp:
            tcp.settimeout(0.2)
            for call in (tcp.connect, tcp.connect_ex):
                with pytest.raises(OSError, match="tests have no network"):
                    call((host, 443))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        with pytest.raises(OSError, match="tests have no network"):
            udp.sendto(b"x", ("192.0.2.1", 53))
        with pytest.raises(OSError, match="tests have no network"):
            udp.sendmsg([b"x"], [], 0, ("192.0.2.1", 53))
    assert {"connect 192.0.2.1:443", "sendto 192.0.2.1:53"} <= set(refused)


@pytest.mark.parametrize(
    "ask", [socket.gethostbyname, socket.gethostbyname_ex, lambda h: socket.getaddrinfo(h, 443)]
)
def test_other_names_are_unknown(ask: Callable[[str], object], refused: list[str]) -> None:
    with pytest.raises(socket.gaierror, match="tests have no network"):
        ask("example.com")
    assert any("example.com" in attempt for attempt in refused)


def _accept(server: socket.socket) -> None:
    server.accept()[0].close()


def test_this_machine_can_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=_accept, args=(server,))
        thread.start()
        with socket.create_connection(("localhost", port), timeout=5) as client:
            assert client.getpeername()[1] == port
        thread.join()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        monkeypatch.chdir(tmp_path)
        server.bind("here.sock")
        server.listen()
        client.connect("here.sock")
    assert socket.getaddrinfo("127.0.0.1", 80)
    assert socket.getaddrinfo("192.0.2.1", 80, flags=socket.AI_NUMERICHOST)
    assert network_guard.is_here(b"127.0.0.1")
    assert network_guard.is_here("::ffff:127.0.0.1")
    assert not network_guard.is_here("<broadcast>")


def test_children_have_no_network_either() -> None:
    probe = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=1)"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "tests have no network" in run.stderr


def test_text_analysis_connects_to_nothing() -> None:
    probe = (
        "import network_guard\n"
        "from features.text.embedding.embed import Embedder\n"
        "from features.text.entities.recognize import EntityAnalyzer\n"
        "from features.text.keywords import KeywordAnalyzer, fit_weights\n"
        "from features.text.language import LanguageAnalyzer\n"
        "from features.text.pii.recognize import PiiAnalyzer\n"
        "from features.text.sentiment.analyzer import SentimentAnalyzer, fit_sentiment\n"
        "texts = ['明天退我199元,电话13800138000', 'Refund me, Anna Miller']\n"
        "embedder = Embedder()\n"
        "fit = fit_sentiment([], embedder.vectors, min_rated=200, min_pole=20, seed=7)\n"
        "for analyzer in (embedder, EntityAnalyzer(), LanguageAnalyzer(), PiiAnalyzer(),\n"
        "    KeywordAnalyzer(weights=fit_weights(texts), count=3, state=''),\n"
        "    SentimentAnalyzer(models=fit.models, vectors=embedder.vectors, state='')):\n"
        "    assert analyzer.analyze(texts).num_rows == 2\n"
        "print(network_guard.attempts)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", probe], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "[]"
