"""Real trees with parents and times, as comments: Reddit threads (Guest et al., EACL 2021) and issues of open projects (Raad et al.).

They are read where they lie, in ``../shared/datasets``; nothing of them is kept.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from streams.records import Comment

DATA: Final = Path(__file__).parents[2].parent / "shared/datasets"
REDDIT: Final = "online_misogyny/final_labels.csv.gz"
ISSUES: Final = "oss_derailment/representative_conversations.csv.gz"
ABUSE: Final = "convabuse/ConvAbuseEMNLPfull.csv.gz"
_SEVERE: Final = ("is_abuse.-2", "is_abuse.-3")


def missing(data: Path) -> list[str]:
    """Return the files that are not there."""
    return [name for name in (REDDIT, ISSUES, ABUSE) if not (data / name).is_file()]


def comments(data: Path) -> list[Comment]:
    """Return both sets in the order of writing, each comment as if it had arrived at once."""
    return sorted([*reddit(data), *issues(data)], key=lambda comment: (comment.created_at, comment.comment_id))


def reddit(data: Path) -> Iterator[Comment]:
    """Yield the threads' comments; a subreddit is a community."""
    for row in _rows(data / REDDIT):
        at = datetime.fromtimestamp(float(row["entry_utc"]), UTC)
        yield Comment(
            source="reddit", community=row["subreddit"], conversation_id=row["link_id"],
            comment_id=("t1_" if row["parent_id"] else "t3_") + row["entry_id"], parent_id=row["parent_id"] or None,
            author_id=None if row["author"] in {"", "[deleted]"} else row["author"], text=row["body"], created_at=at, ingested_at=at,
        )  # fmt: skip


def issues(data: Path) -> Iterator[Comment]:
    """Yield the comments below issues. People called these calm: none is a pile-on."""
    for row in _rows(data / ISSUES):
        at = datetime.fromisoformat(row["timestamp"])
        yield Comment(
            source="issues", community="projects", conversation_id=row["issue_id"], comment_id=row["comment_unique_id"],
            parent_id=row["reply_to"] if row["reply_to"] not in {"", "0"} else None, author_id=row["speaker"] or None, text=row["text"],
            created_at=at, ingested_at=at,
        )  # fmt: skip


def misogynistic(data: Path) -> frozenset[str]:
    """Return the ids of Reddit's comments that people labelled so."""
    rows = (row for row in _rows(data / REDDIT) if row["level_1"] == "Misogynistic")
    return frozenset(("t1_" if row["parent_id"] else "t3_") + row["entry_id"] for row in rows)


def insults(data: Path) -> list[str]:
    """Return what people said to a chatbot and every rater found an insult to it (Cercas Curry et al., EMNLP 2021)."""
    given: dict[str, list[bool]] = defaultdict(list)
    for row in _rows(data / ABUSE):
        at_it = bool(float(row["target.system"] or 0) or float(row["target.individual"] or 0))
        given[row["user"]].append(at_it and any(float(row[level] or 0) for level in _SEVERE))
    return sorted(text for text, found in given.items() if all(found))


def without_parents(every: Iterable[Comment]) -> list[Comment]:
    """Return the comments as a page would show them that tells no parent."""
    return [replace(comment, parent_id=None) for comment in every]


def later(comment: Comment, by: timedelta, **other: Any) -> Comment:
    """Return a comment in the same conversation, so much later."""
    at = comment.created_at + by
    return replace(comment, created_at=at, ingested_at=at, **other)


def _rows(file: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
