"""Processes that compute: the same scores as in one, nothing lost with one that dies, nothing left behind, repeats remembered."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.scorers import Config, ScorerUnavailable, Work, open_or_fall_back, open_scorer
from streams.scorers.checkpoint import CHECKPOINT, CONFIG, Local
from streams.scorers.detoxify import Detoxify, open_detoxify
from streams.scorers.loading import Recipe
from streams.scorers.remembered import Remembered, key_of
from streams.scorers.transformer.pool import Pool
from tests.support.checkpoints import WORDS
from tests.support.family import is_alive, parent_of

TEXTS = [f"{one} {other} {third}" for one in WORDS for other in WORDS[:5] for third in WORDS[5:9]]
TWO = Config(processes=2, remember=0)

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def local(made: Any) -> Local:
    found: Local = made("original")
    return found


@pytest.fixture(scope="module")
def scorer(local: Local) -> Iterator[Detoxify]:
    opened = open_detoxify("original:fast", TWO, local, "cpu")
    yield opened
    opened.close()


def test_many_processes_score_as_one(scorer: Detoxify, local: Local) -> None:
    here = open_detoxify("original:fast", local=local, device="cpu")
    assert (scorer.name, scorer.score(TEXTS)) == (here.name, here.score(TEXTS))


def test_a_process_killed_in_its_work_loses_nothing(scorer: Detoxify) -> None:
    pool, expected = scorer.engine, scorer.score(TEXTS)
    assert isinstance(pool, Pool)
    scorer.worked()
    victim, *_ = pool.processes
    os.kill(victim, signal.SIGSTOP)  # it takes a batch, and will not be done with it
    threading.Timer(0.3, os.kill, (victim, signal.SIGKILL)).start()
    assert scorer.score(TEXTS) == expected
    assert victim not in pool.processes
    assert len(pool.processes) == 2
    assert scorer.worked().restarts == 1


def test_a_killed_loader_is_replaced_too(scorer: Detoxify) -> None:
    pool, expected = scorer.engine, scorer.score(TEXTS[:40])
    assert isinstance(pool, Pool)
    os.kill(parent_of(pool.processes[0]), signal.SIGKILL)
    assert scorer.score(TEXTS[:40]) == expected


def killing(pool: Pool, monkeypatch: pytest.MonkeyPatch, kills: Callable[[list[list[int]]], bool]) -> None:
    """Have whoever is given such a batch die of it."""
    send = pool._send

    def send_and_kill(child: Any, batch: Any, exact: bool) -> None:
        if kills(batch):
            os.kill(child.pid, signal.SIGKILL)
        send(child, batch, exact)

    monkeypatch.setattr(pool, "_send", send_and_kill)


def test_where_everything_kills_it_is_not_the_text(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = open_detoxify("original", TWO, local, "cpu").engine
    assert isinstance(pool, Pool)
    killing(pool, monkeypatch, lambda _: True)
    with pytest.raises(ScorerUnavailable, match="3 processes died over the same batch of detoxify:original, and the next over a harmless"):
        pool.run(pool.pieces(["you liar"])[:1], exact=True)


def test_a_text_that_kills_is_given_up_alone_and_is_not_tried_again(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = open_detoxify("original:fast", Config(processes=2, remember=1000), local, "cpu")
    expected = open_detoxify("original:fast", local=local, device="cpu").score(TEXTS[:40])
    pool = scorer.engine
    assert isinstance(pool, Pool)
    ([poison], _) = pool.pieces([TEXTS[17]])
    killing(pool, monkeypatch, lambda batch: poison in batch)
    found = scorer.score(TEXTS[:40])
    assert [number for number, each in enumerate(found) if each.abstained == "crashed"] == [17]
    assert [*found[:17], *found[18:]] == [*expected[:17], *expected[18:]]
    died = scorer.worked().restarts
    assert died >= 3
    assert scorer.score([TEXTS[17]])[0].abstained == "crashed"
    assert scorer.worked().restarts == 0
    scorer.close()


def test_nothing_is_left_of_a_caller_that_was_killed(local: Local) -> None:
    """As after kill -9 of a worker: the sockets close, and nothing else tells them."""
    ours, theirs = socket.socketpair()
    caller = os.fork()
    if not caller:
        ours.close()
        pool = Pool(Recipe("original", local), 1)
        theirs.sendall(f"{pool.processes[0]} {parent_of(pool.processes[0])}".encode())
        time.sleep(60)
        os._exit(1)
    theirs.close()
    processes = [int(word) for word in ours.recv(100).split()]
    assert all(Path(f"/proc/{process}").exists() for process in processes)
    os.kill(caller, signal.SIGKILL)
    os.waitpid(caller, 0)
    patience = time.monotonic() + 20
    while any(is_alive(process) for process in processes) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not any(is_alive(process) for process in processes)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Have the package take a minute to load, and say in a file who loads it."""
    told = tmp_path / "loads"
    (tmp_path / "detoxify.py").write_text(f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return told


def loader(told: Path) -> int:
    while not (told.exists() and told.read_text()):
        time.sleep(0.02)
    return int(told.read_text())


def test_ctrl_c_while_it_loads_ends_the_loader_at_once(local: Local, monkeypatch: pytest.MonkeyPatch, slow: Path) -> None:
    monkeypatch.setattr("streams.scorers.transformer.pool._ENDS_WITHIN", 50)
    threading.Thread(target=lambda: (loader(slow), os.kill(os.getpid(), signal.SIGINT))).start()
    with pytest.raises(KeyboardInterrupt):
        Pool(Recipe("original", local), 1)
    assert not is_alive(loader(slow))


def test_a_loader_whose_caller_was_killed_does_not_load_to_the_end(local: Local, slow: Path) -> None:
    caller = os.fork()
    if not caller:
        Pool(Recipe("original", local), 1)
        os._exit(1)
    process = loader(slow)
    os.kill(caller, signal.SIGKILL)
    os.waitpid(caller, 0)
    patience = time.monotonic() + 30
    while is_alive(process) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not is_alive(process)


def test_what_cannot_be_loaded_there_is_told_here(local: Local, tmp_path: Path) -> None:
    (tmp_path / "broken.ckpt").write_bytes(b"no checkpoint")
    with pytest.raises(ScorerUnavailable, match="is not a Detoxify checkpoint"):
        open_detoxify("original", TWO, Local(tmp_path / "broken.ckpt", local.config), "cpu")


def test_a_runtime_that_crashes_when_it_loads_is_told(local: Local, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "detoxify.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with pytest.raises(ScorerUnavailable, match="ended with SIGILL"):
        open_detoxify("original", TWO, local, "cpu")


def test_the_caller_needs_no_torch_and_nobody_a_network(local: Local, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from streams.scorers import Config
from streams.scorers.checkpoint import Local
from streams.scorers.detoxify import open_detoxify
scorer = open_detoxify("original", Config(processes=1), Local(Path({str(local.checkpoint)!r}), Path({str(local.config)!r})), "cpu")
print(len(scorer.score(["you liar"])), sorted({{"torch", "transformers", "detoxify"}} & set(sys.modules)))
"""
    forbidden = "import os, socket\nsocket.getaddrinfo = socket.socket.connect = lambda *_, **__: os._exit(9)\n"
    (tmp_path / "sitecustomize.py").write_text(forbidden)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert (found.stdout, found.returncode) == ("1 []\n", 0), found.stderr


def test_what_was_scored_is_not_computed_again(local: Local) -> None:
    scorer = Detoxify(open_detoxify("original", local=local, device="cpu").engine, "here", remember=100)
    first = scorer.score(["you liar", "thank you", "YOU  liar"])
    assert scorer.worked() == Work(remembered=1, exact=2)
    assert scorer.score(["thank you", "you liar"]) == [first[1], first[0]]
    assert scorer.worked() == Work(remembered=2)


def test_no_more_is_remembered_than_was_said() -> None:
    remembered = Remembered(2)
    for number in range(3):
        remembered.put(key_of([number]), (number / 10,))
        remembered.get(key_of([0]))
    assert [remembered.get(key_of([number])) for number in range(3)] == [(0.0,), None, (0.2,)]


def test_another_version_than_the_pinned_one_refuses() -> None:
    name = open_scorer("linear").name
    assert open_scorer("linear", Config(pinned=name)).name == name
    with pytest.raises(ScorerUnavailable, match=r"scoring\.pinned is linear@0, this machine would score as linear@"):
        open_scorer("linear", Config(pinned="linear@0"))
    with pytest.raises(ScorerUnavailable, match="pinned"):
        open_or_fall_back("linear", Config(pinned="linear@0", fallback="linear"))


def test_only_a_fallback_that_was_named_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHECKPOINT, "/nowhere.ckpt")
    with pytest.raises(ScorerUnavailable):
        open_or_fall_back("detoxify:original", Config())
    scorer, why = open_or_fall_back("detoxify:original", Config(fallback="linear"))
    assert scorer.name.startswith("linear@")
    assert CONFIG in why
