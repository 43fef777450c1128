"""The console: records a second into its read model, and how long its largest pages take the server. No broker is in it."""

import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.console.cases import MOST
from streams.records import Comment
from streams.topics import COMMENTS_SCORED, REPLIES
from tests.bench.console_browser import print_browser
from tests.support.builders import pileon, reply, scored
from tests.support.console import Console
from tests.support.reading import taken

_RECORDS: Final = 60_000
_AT_ONCE: Final = 5000
_CASES: Final = 1000
_TREE: Final = 10_000
_TIMES: Final = 7
_PAGES: Final = {
    f"Live, {MOST} of {_CASES + 1:,} open cases": "/",
    "Live, all of them": "/?show=all",
    "a case of 20 replies": "/pileons/case-7",
    f"a case of {_TREE:,} comments": "/pileons/large",
    f"Find, in {_CASES + 1:,} cases": "/find?q=spor",
}
_NUMBERS: Final = {f"the numbers of its chart, {_TREE:,} replies": "/pileons/large/course"}
_NOW: Final = datetime.now(UTC) - timedelta(hours=1)
_TEXT: Final = "words that are quite usual, and in no order. " * 4


def print_console() -> None:
    """Print both."""
    with tempfile.TemporaryDirectory(prefix="threadwatch-console-") as folder:
        console = Console(Path(folder))
        try:
            _fed(console)
            _pages(console)
            print_browser(console, _PAGES)
        finally:
            console.close()


def _fed(console: Console) -> None:
    batches = list(_batches())
    began, cpu = time.perf_counter(), time.process_time()
    for start, (comments, replies) in enumerate(batches):
        console.store.apply(taken(scored=comments, replies=replies, start=start * _AT_ONCE))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    size = console.store.file.stat().st_size / 1e6
    print(
        f"console read model: {_RECORDS / took:,.0f} records/s, {_RECORDS / cpu:,.0f} a CPU second "
        f"({COMMENTS_SCORED.name} and {REPLIES.name}, half each, {_AT_ONCE} a transaction), {size:.0f} MB"
    )


def _batches() -> Iterator[tuple[list[bytes], list[bytes]]]:
    for start in range(0, _RECORDS // 2, _AT_ONCE // 2):
        numbers = range(start, start + _AT_ONCE // 2)
        comments = [
            scored(f"c{n}", 0.3, author_id=_author(n), conversation_id=_talk(n), parent_id=f"c{n - 1}", text=_TEXT) for n in numbers
        ]
        replies = [reply(_author(n), comment_id=f"c{n}", target_id=f"a{n * 31 % 9000}", conversation_id=_talk(n)) for n in numbers]
        yield [msgspec.json.encode(each) for each in comments], [msgspec.json.encode(each) for each in replies]


def _author(number: int) -> str:
    return f"a{number * 7919 % 20_000}"


def _talk(number: int) -> str:
    return f"talk-{number * 104_729 % 3000}"


def _pages(console: Console) -> None:
    cases, minute = range(_CASES), timedelta(minutes=1)
    answered = [reply(f"p{m}", _NOW + 2 * m * minute, comment_id=f"r{n}-{m}", target_id=f"t{n}") for n in cases for m in range(20)]
    console.take(pileons=[_case(f"case-{n}", f"t{n}", n % 50) for n in cases], replies=answered)
    said = [scored(f"c{n}", n % 10 / 10, author_id=f"p{n % 700}", parent_id=f"c{n * 7 // 10}" if n else None, conversation_id="large",
                   created_at=_NOW + n * timedelta(seconds=0.3), text=_TEXT) for n in range(_TREE)]  # fmt: skip
    console.take(scored=said, replies=[_reply_to(each.comment) for each in said], pileons=[_case("large", "large-target", 60, ("large",))])
    for what, path in (_PAGES | _NUMBERS).items():
        took = [_asked(console, path) for _ in range(_TIMES)]
        print(f"console page, {what}: median {statistics.median(took) * 1000:.0f} ms, slowest {max(took) * 1000:.0f} ms")
    print(f"console: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most (with what feeds it)")


def _case(pileon_id: str, target: str, people: int, conversations: tuple[str, ...] = ("talk",)) -> Any:
    return pileon(pileon_id, target_id=target, hostile_authors=people, opened_at=_NOW, first_hostile_at=_NOW, usual_hostile_authors=0.2,
                  updated_at=datetime.now(UTC), conversations=conversations)  # fmt: skip


def _reply_to(comment: Comment) -> Any:
    return reply(comment.author_id, comment.created_at, comment_id=comment.comment_id, conversation_id="large", target_id="large-target",
                 hostility=int(comment.comment_id[1:]) % 10 / 10)  # fmt: skip


def _asked(console: Console, path: str) -> float:
    began = time.perf_counter()
    assert console.client.get(path).status_code == 200
    return time.perf_counter() - began


if __name__ == "__main__":
    from tests.bench.machine import machine

    print(machine(), flush=True)
    print_console()
