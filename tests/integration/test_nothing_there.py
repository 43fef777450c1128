"""Where nothing lies in a period every reader of history says so in one line, exits 2 and writes nothing: calm must not look like that."""

from collections.abc import Sequence

import pytest

from streams.topics import COMMENTS_RAW, PILEONS, REPLIES
from tests.support.builders import comment
from tests.support.live import Live

pytestmark = pytest.mark.kafka

RAW, LOG = ("--topic", "comments.raw"), ("--topic", "replies")
TRIED, GRID = ("--config", "{folder}/new.toml"), ("--grid", "pileon.min_hostile_authors=3..5")
REUSED = ("replay", *RAW, "--scores", "reuse")
OF_COMMENTS = (("replay", *RAW), REUSED, ("backtest", "run", *RAW, *TRIED), ("backtest", "sweep", *RAW, *GRID), ("record", "comments.raw"))
OF_REPLIES = (("replay", *LOG), ("backtest", "run", *LOG, *TRIED), ("backtest", "sweep", *LOG, *GRID), ("record", "replies"))


async def told(live: Live, command: Sequence[str], *options: str) -> str:
    """Return what a command says that finds nothing."""
    (live.folder / "new.toml").write_text("[pileon]\nmin_hostile_authors = 3\n")
    before = sorted(live.folder.iterdir())
    out = live.folder / "none"
    done = await live.command(*(part.format(folder=live.folder) for part in command), "--out", str(out), *options)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), f"{command}: {done.stderr}"
    assert sorted(live.folder.iterdir()) == before, command
    return done.stderr


async def test_an_empty_topic_is_told_and_one_that_is_not_there_is_another_thing(live: Live) -> None:
    for command in (*OF_COMMENTS[:3], OF_COMMENTS[4], *OF_REPLIES[:2], ("record", "pileons", "--from", "2024-05-01")):
        assert "it holds nothing yet; or is --prefix, or the broker, another?" in await told(live, command), command
    for command in (OF_COMMENTS[0], OF_REPLIES[0], ("backtest", "verify"), OF_REPLIES[3]):
        assert "is not on the broker: `threadwatch topics create` makes it" in await told(live, command, "--prefix", "nobody."), command
    assert "nothing arrived in replies in this period, and nothing fired" in await told(live, ("backtest", "verify"))


async def test_that_nothing_ever_fired_can_be_recorded(live: Live) -> None:
    done = await live.command("record", PILEONS.name, "--out", str(live.folder / "a.rec"))
    assert (done.returncode, (live.folder / "a.rec").exists()) == (0, True), done.stderr


async def test_a_period_without_anything_is_told_with_what_there_is(live: Live) -> None:
    await live.send([comment(f"c{n}") for n in range(9)])
    await live.put(REPLIES, [(b"k", b"{}")])
    for command in OF_COMMENTS[:1] + OF_COMMENTS[4:]:
        said = await told(live, command, "--from", "2024-05-02", "--to", "2024-05-03T00:00+02:00")
        assert "comments.raw: nothing arrived from 2024-05-02T00:00:00+00:00 to 2024-05-02T22:00:00+00:00; its oldest and" in said, said
        assert "newest messages arrived 2024-05-01T12:00:02+00:00 and 2024-05-01T12:00:02+00:00" in said, said
    for command in OF_REPLIES[:2]:
        assert "topic replies: its only message cannot be read" in await told(live, command)
        assert "topic replies: nothing arrived to 2001-01-01" in await told(live, command, "--to", "2001-01-01")


async def test_a_period_that_retention_took_is_told_as_such(live: Live) -> None:
    await live.send([comment(f"c{n}", conversation_id=f"t{n}") for n in range(20)])
    await live.forget_before(COMMENTS_RAW.name, dict.fromkeys(range(4), 1))
    said = await told(live, OF_COMMENTS[0], "--to", "2024-05-01")
    assert "comments.raw: retention has taken what came then, if anything did; its oldest and newest messages arrived 2024-05-01T12" in said
    await live.forget_before(COMMENTS_RAW.name, dict.fromkeys(range(4), -1))
    for command in (OF_COMMENTS[0], OF_COMMENTS[4]):
        assert "it holds nothing any more: retention has taken all" in await told(live, command)
