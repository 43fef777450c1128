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
    for _ in range(2):  # the letters stay; whoever sends them twice doubles nothing
        done = await live.command("redrive", "comments.raw", "--mend", f"{sys.executable} {mender}")
        assert done.returncode == 1
        assert done.stderr.strip() == "2 sent back to comments.raw, 1 still unreadable"
        await live.settled()
    account = live.check()["address"]
    assert len(live.dead(COMMENTS_RAW)) == 3, "nothing that was mended is put aside again"
    assert account.count("duplicate") == 2
    assert sorted({scored.comment.comment_id for scored in live.sent_by(live.stages()[0])}) == ["good", "one", "two"]


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
