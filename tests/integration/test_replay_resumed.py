"""A replay of a topic that was stopped goes on with what the topic held then."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from streams.replay import addressing
from streams.replay.checkpoint import CHECKPOINT
from streams.replay.folder import Folder
from streams.replay.from_file import How, replay
from streams.replay.from_topic import FromTopic
from streams.replay.plan import planned
from streams.replay.recorded import Cut
from streams.replay.summary import Summary
from streams.replay.taken import Asked
from streams.scorers import open_scorer
from streams.settings import Settings
from streams.topics import COMMENTS_RAW
from tests.support.builders import HOUR, NOON, comment
from tests.support.live import Live
from tests.support.recording import recording

pytestmark = pytest.mark.kafka
RAW = COMMENTS_RAW.name
SINCE = NOON + 27.4 * HOUR


@pytest.fixture(autouse=True)
def _the_same_key(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADWATCH_KEY", live.environment["THREADWATCH_KEY"])


def stopped(settings: Settings, out: Path, asked: Asked | None = None) -> Summary:
    """Replay the topic until the first comments are taken."""
    cut = Cut()
    cut.is_asked = True
    with FromTopic(settings, RAW, asked) as topic, Folder(out, partial=[CHECKPOINT]) as folder:
        plan = planned(settings, open_scorer("linear"))
        how = How(ends=lambda: dict(topic.ends))
        return replay(plan, topic.comments(), folder, attested=True, reach=topic.reach, cut=cut, how=how)


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


async def test_what_the_topic_got_meanwhile_is_left_out_and_every_byte_is_as_if_it_had_not_been_stopped(live: Live):
    await live.put_lines(recording().lines)
    whole, out = live.folder / "whole", live.folder / "out"
    done = await live.command("replay", "--out", str(whole), "--topic", RAW)
    assert done.returncode == 0, done.stderr
    assert (await asyncio.to_thread(stopped, live.settings, out)).not_replayed == 334
    await live.send([comment(f"later{n}", conversation_id="storm0") for n in range(10)])
    done = await live.command("replay", "--out", str(out), "--topic", RAW, "--resume", "--processes", "2")
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(whole)


async def test_stopped_in_the_warm_up_too_what_the_topic_got_meanwhile_is_left_out(live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(addressing, "AT_ONCE", 50)
    await live.put_lines(recording().lines)
    whole, out = live.folder / "whole", live.folder / "out"
    period = ("--topic", RAW, "--from", SINCE.isoformat(), "--warm-up", "2")
    done = await live.command("replay", "--out", str(whole), *period)
    assert done.returncode == 0, done.stderr
    found = await asyncio.to_thread(stopped, live.settings, out, Asked(SINCE, None, timedelta(days=2)))
    assert found.warm_up is not None and found.warm_up.raw["records"] == 50 and found.raw["scored"] == 0
    await live.send([comment(f"later{n}", conversation_id="storm0") for n in range(10)])
    done = await live.command("replay", "--out", str(out), *period, "--resume", "--processes", "2")
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(whole)


async def test_another_period_is_refused(live: Live):
    await live.put_lines(recording().lines)
    out = live.folder / "out"
    await asyncio.to_thread(stopped, live.settings, out)
    before = contents(out)
    done = await live.command("replay", "--out", str(out), "--topic", RAW, "--from", "2024-05-01T14:00", "--resume")
    assert done.returncode == 2 and "was of another input, or of another period of it" in done.stderr
    assert contents(out) == before
