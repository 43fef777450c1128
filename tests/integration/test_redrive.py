"""Dead letters go back when they are mended, and what was sent back is scored once."""

import sys

import msgspec
import pytest

from streams.topics import COMMENTS_RAW
from tests.support.builders import comment
from tests.support.live import Live

pytestmark = pytest.mark.kafka

_MEND = "import sys; sys.stdout.write(sys.stdin.read().replace('authorr_id', 'author_id').replace('OOPS', '}'))"


def _broken(comment_id: str) -> bytes:
    return msgspec.json.encode(comment(comment_id))[:-1] + b"OOPS"


async def test_mended_letters_are_scored_once_and_the_others_stay(live: Live) -> None:
    live.worker()
    good = comment("good")
    await live.put(COMMENTS_RAW, [(b"", _broken("one")), (COMMENTS_RAW.key(good), msgspec.json.encode(good)), (None, b"nonsense"),
                                  (b"", _broken("two"))])  # fmt: skip
    await live.settled()
    assert len(live.dead(COMMENTS_RAW)) == 3

    listed = await live.command("redrive", "comments.raw", "--list")
    assert listed.returncode == 0
    assert [line.split("\t")[2] for line in listed.stdout.splitlines()] == ["not_json"] * 3

    mender = live.folder / "mend.py"
    mender.write_text(_MEND)
    mending = ("redrive", "comments.raw", "--mend", f"{sys.executable} {mender}")
    assert await _redriven(live, *mending) == (1, "2 sent back to comments.raw, 1 still unreadable")
    await live.settled()
    assert await _redriven(live, *mending) == (1, "0 sent back to comments.raw, 2 were sent back before, 1 still unreadable")
    await live.settled()
    assert live.check()["address"].count("duplicate") == 0
    assert await _redriven(live, *mending, "--again") == (1, "2 sent back to comments.raw, 1 still unreadable")
    await live.settled()
    account = live.check()["address"]
    assert len(live.dead(COMMENTS_RAW)) == 3, "nothing that was mended is put aside again"
    assert account.count("duplicate") == 2, "whoever sends them twice doubles nothing"
    assert sorted({scored.comment.comment_id for scored in live.sent_by(live.stages()[0])}) == ["good", "one", "two"]


async def _redriven(live: Live, *command: str) -> tuple[int, str]:
    done = await live.command(*command)
    return done.returncode, done.stderr.strip()


async def test_a_mender_that_fails_for_one_letter_sends_none_back(live: Live) -> None:
    live.worker()
    await live.put(COMMENTS_RAW, [(b"", _broken("one")), (b"", b"nonsense")])
    await live.settled()
    mender = live.folder / "mend.py"
    mender.write_text(_MEND + "; sys.exit(5)")
    code, said = await _redriven(live, "redrive", "comments.raw", "--mend", f"{sys.executable} {mender}")
    assert code == 1
    assert said.startswith("threadwatch: --mend: ") and "ended with 5 for the letter at " in said
    assert said.endswith("; nothing was sent back") and "\n" not in said
    await live.settled()
    assert live.sent_by(live.stages()[0]) == []


async def test_what_is_no_topic_and_what_cannot_be_run_are_plain_mistakes(live: Live) -> None:
    unknown = await live.command("redrive", "comments.cooked")
    assert unknown.returncode == 2
    assert "there is no topic 'comments.cooked'" in unknown.stderr
    await live.put(COMMENTS_RAW, [(None, b"nonsense")])
    live.worker()
    await live.settled()
    no_program = await live.command("redrive", "comments.raw", "--mend", "/no/such/program")
    assert no_program.returncode == 2
    assert "cannot run" in no_program.stderr
