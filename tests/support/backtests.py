"""A backtest of the invented sample, made by the command itself: with fewer people than it takes, and with more."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
from msgspec.structs import replace

from streams.cli.main import main
from streams.records import Comment
from streams.sources.sample import CHAIN_TARGET, CROSS_TARGET, LOVED, sample
from tests.support.observed import SITES

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
BASELINE: Final = """
[sources.harbour-post]
communities = ["politics", "sport"]

[sources.kitchen-table]
communities = ["cooking", "gardening"]
"""
LAXER: Final = BASELINE + "\n[pileon]\nmin_hostile_authors = 2\nmin_share = 0.01\n"
STRICTER: Final = BASELINE + "\n[pileon]\nmin_hostile_authors = 14\n"
MIXED: Final = (
    BASELINE
    + """
[pileon]
min_hostile_authors = 2
min_share = 0.01

[communities."harbour-post/sport"]
min_hostile_authors = 14
"""
)
LANGUAGES: Final = {"politics": "en-GB", "sport": "en", "cooking": "de", "gardening": None}
MENTIONS: Final = (" So say women.", " So say Muslims, and women.", " So say pensioners.", *[""] * 13)
_IDS: Final = ("conversation_id", "conversation_author_id", "comment_id", "parent_id", "author_id", "reply_to_author_id")
_TIMES: Final = ("created_at", "ingested_at")
_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? \S+ \d+$")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


def sample_file(folder: Path, comments: int = 700) -> Path:
    """Write the invented sample, on two sites, and return the file."""
    file = folder / "comments.jsonl"
    told = (replace(comment, source=SITES[comment.community]) for comment in sample(START, comments))
    file.write_bytes(b"\n".join(msgspec.json.encode(comment) for comment in told))
    return file


def month_file(folder: Path, copies: int = 14) -> Path:
    """Write a month: the sample again every two days with other people, each time with fewer of them, and return the file."""
    lines = [one for number in range(copies) for one in map(msgspec.json.encode, _copy(number))]
    file = folder / "month.jsonl"
    file.write_bytes(b"\n".join(lines))
    return file


def _copy(number: int) -> Iterator[Comment]:
    for comment in sample(START, 700):
        if crc32(f"{comment.author_id} {number}".encode()) % 10 >= number % 7:  # the same people are missing every time
            named = {name: f"{getattr(comment, name)}-{number}" for name in _IDS if getattr(comment, name) is not None}
            times = {name: getattr(comment, name) + number * timedelta(days=2) for name in _TIMES if getattr(comment, name) is not None}
            told = {"language": LANGUAGES[comment.community], "text": f"{comment.text}{MENTIONS[crc32(named['comment_id'].encode()) % 16]}"}
            yield replace(comment, source=SITES[comment.community], **named, **times, **told)


def labels_file(folder: Path) -> Path:
    """Write invented verdicts on three people of the sample, and return the file."""
    said = ((CHAIN_TARGET, "pile_on"), (CROSS_TARGET, "not_one"), (LOVED, "not_one"))
    file = folder / "labels.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode({"target": who, "from": START, "to": None, "verdict": what}) for who, what in said))
    return file


def backtested(folder: Path, candidate: str, name: str, file: Path, *more: str) -> Path:
    """Run the command on a file and return the folder of its results."""
    old, new, out = folder / "old.toml", folder / f"{name}.toml", folder / name
    old.write_text(BASELINE, encoding="utf-8")
    new.write_text(candidate, encoding="utf-8")
    options = ["--config", str(new), "--baseline", str(old), "--name", name, "--data", str(folder / "data"), "--out", str(out)]
    assert main(["backtest", "run", "--file", str(file), *options, *more]) == 0
    return out


def series(openmetrics: Path) -> dict[str, dict[str, set[str]]]:
    """Return what a file holds: sample name → label → values."""
    found: dict[str, dict[str, set[str]]] = {}
    for line in openmetrics.read_text(encoding="utf-8").splitlines():
        if one := _SAMPLE.match(line):
            known = found.setdefault(one[1], {})
            for label, value in _LABEL.findall(one[2] or ""):
                known.setdefault(label, set()).add(value)
    return found
