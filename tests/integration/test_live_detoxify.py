"""Detoxify in the whole program: a scoring process that is killed in its work loses nothing, and nothing is left of a stopped worker."""

import asyncio
import os
import signal
from typing import Any

import pytest

from streams.scorers.checkpoint import CHECKPOINT, CONFIG
from streams.scorers.detoxify import open_detoxify
from streams.topics import COMMENTS_SCORED
from tests.conftest import Another
from tests.support.builders import comment
from tests.support.checkpoints import WORDS
from tests.support.family import children, computing, is_alive
from tests.support.live import Live, answers, until

pytestmark = [pytest.mark.kafka, pytest.mark.filterwarnings("ignore")]

COMMENTS = 1500


async def test_a_scoring_process_killed_in_its_work_loses_nothing(another: Another, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {CHECKPOINT: str(made("original").checkpoint), CONFIG: str(made("original").config)}
    for name, value in files.items():
        monkeypatch.setenv(name, value)  # for the fold that the worker is held against
    live: Live = await another(THREADWATCH_SCORER="detoxify:original:fast", THREADWATCH_SCORING__PROCESSES="2", **files)
    await live.send(
        comment(f"c-{n}", conversation_id=f"talk-{n % 8}", text=f"{WORDS[n % 19]} {WORDS[n % 17]} {n}") for n in range(COMMENTS)
    )
    worker = live.worker("--stages", "score")
    victim, _ = await until("it computes", lambda: computing(worker.pid) if len(computing(worker.pid)) == 2 else ())
    os.kill(victim, signal.SIGSTOP)  # it takes a batch, and will not be done with it
    await asyncio.sleep(0.5)
    os.kill(victim, signal.SIGKILL)
    await live.settled(["score"])
    live.check(["score"])
    found = live.records(COMMENTS_SCORED)
    assert sorted(record.comment.comment_id for record in found) == sorted(f"c-{n}" for n in range(COMMENTS))
    here = open_detoxify("original:fast", local=made("original"), device="cpu")
    expected = here.score([record.comment.text or "" for record in found])
    assert [(record.toxicity, record.labels, record.abstained) for record in found] == [
        (one.toxicity, one.labels, None) for one in expected
    ]
    assert "threadwatch_score_process_restarts_total 1.0" in answers(f"{worker.metrics()}/metrics")
    family = [*children(worker.pid), *computing(worker.pid)]
    assert len(family) == 3
    assert victim not in family
    await asyncio.to_thread(worker.stop)
    await until("those who computed for it end by themselves", lambda: not any(map(is_alive, family)))
