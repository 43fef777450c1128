"""Real comments from ../shared as a source would deliver them: read where they lie, never copied. For tests and benchmarks."""

import csv
import gzip
import io
import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import pytest

from streams.records import Comment
from streams.sources.page import read_page
from streams.sources.page_records import Origin, records_of

T = TypeVar("T")

SHARED: Final = Path(__file__).parents[2].parent / "shared"
ARRIVES_AFTER: Final = timedelta(seconds=20)
_LINE: Final = re.compile(r"\[(\d\d):(\d\d)\] <([^>]+)> (.*)")
_CHAT: Final = "2004-11-15_03"


def shared() -> Path:
    """Return the folder of real data; skip where it is absent, which in CI is a failure."""
    if SHARED.is_dir():
        return SHARED
    if os.environ.get("CI") == "true":
        pytest.fail("the real data are not there, and in CI a skip is a failure")
    pytest.skip("the real data in ../shared are not there")


def issues(count: int) -> Iterator[Comment]:
    """Yield comments below issues of open projects, with parents and times: the first ``count`` in order of writing."""
    with gzip.open(shared() / "datasets/oss_derailment/representative_conversations.csv.gz", "rt", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["timestamp"], row["comment_unique_id"]))
    for row in rows[:count]:
        at = datetime.fromisoformat(row["timestamp"])
        yield Comment(
            source="issues", community="projects", conversation_id=row["issue_id"], comment_id=row["comment_unique_id"],
            parent_id=row["reply_to"] or None, author_id=row["speaker"], author_name=row["speaker"], text=row["text"],
            created_at=at, ingested_at=at + ARRIVES_AFTER,
        )  # fmt: skip


def chat(count: int) -> Iterator[Comment]:
    """Yield the last ``count`` lines of a chat that people wrote, in one conversation: no parents, names called, minutes only."""
    with tarfile.open(shared() / "datasets/irc_disentanglement/dev.tar.gz") as archive:
        (member,) = (one for one in archive.getmembers() if one.name.endswith(f"{_CHAT}.ascii.txt"))
        file = archive.extractfile(member)
        assert file is not None
        lines = [found for line in io.TextIOWrapper(file, encoding="utf-8") if (found := _LINE.match(line))]
    day, clock = datetime.fromisoformat(_CHAT[:10]).replace(tzinfo=UTC), -1
    for number, found in enumerate(lines[-count:]):
        hour, minute, who, text = int(found[1]), int(found[2]), found[3], found[4]
        day, clock = day + timedelta(days=hour < clock), hour
        at = day + timedelta(hours=hour, minutes=minute)
        yield Comment(
            source="chat", community="help", conversation_id=_CHAT, comment_id=f"line-{number}", author_id=who, author_name=who,
            text=text, created_at=at, ingested_at=at + ARRIVES_AFTER,
        )  # fmt: skip


def page() -> Iterator[Comment]:
    """Yield the comments of the scraped page: no times, often no names, order alone."""
    scraped = datetime(2024, 5, 2, tzinfo=UTC)
    text = (shared() / "seed/comment-page.txt").read_text(encoding="utf-8")
    yield from records_of(read_page(text), Origin("page", "page", "page", scraped - timedelta(days=1), scraped)).records


def everything(each: int) -> list[Comment]:
    """Return at most ``each`` of every kind, each kind in its own order, taking turns."""
    return in_turns([list(islice(some, each)) for some in (issues(each), chat(each), page())])


def in_turns(kinds: Sequence[Sequence[T]]) -> list[T]:
    """Return all of them in one row, each kind in its own order and spread over the whole."""
    placed = sorted(((n + 0.5) / len(some), kind, n) for kind, some in enumerate(kinds) for n in range(len(some)))
    return [kinds[kind][n] for _, kind, n in placed]
