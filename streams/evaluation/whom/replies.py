"""Replies of which people said whether they are hostile to the person answered: chatbots insulted, and threads of Reddit.

Read where they lie, in ``../shared/datasets``; nothing of them is kept but, in ``judged.txt``, whether 200 of them are (by a hash).
"""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from streams.evaluation.trees import ABUSE, REDDIT
from streams.scorers.training.datasets import key

CHATS: Final = tuple(f"toxichat/toxichat_{part}.jsonl.gz" for part in ("train", "dev", "test"))
SETS: Final = ("convabuse", "toxichat", "misogyny")
"""As the scorer's training calls them: it must not have seen them where they are measured."""
_JUDGED: Final = Path(__file__).parent / "judged.txt"
_ABOUT_SOMEBODY: Final = {"individual/redditor", "comment author"}
_LEVELS: Final = ("is_abuse.-1", "is_abuse.-2", "is_abuse.-3")


class Labelled(Struct, frozen=True):
    """One reply."""

    text: str
    hostile: float
    """To the person answered: 1, 0, or the share of those who said so."""
    target: str
    """Whom or what it answers, as well as the set can tell: nothing of one target is learned from and measured."""
    source: str

    @property
    def is_hostile(self) -> bool:
        """Return whether at least half say so."""
        return self.hostile >= 0.5

    @property
    def is_held_out(self) -> bool:
        """Return whether it decides, and teaches nothing."""
        return sha256(f"{self.source}\n{self.target}".encode()).digest()[0] % 2 == 1


def missing(data: Path) -> list[str]:
    """Return the files that are not there."""
    return [name for name in (ABUSE, REDDIT, *CHATS) if not (data / name).is_file()]


def replies(data: Path) -> list[Labelled]:
    """Return all of them; a text that stands twice, once."""
    judged, found = _judged(), dict[str, Labelled]()
    for reply in (*_chatbots(data), *_toxichat(data, judged), *_reddit(data, judged)):
        if reply.text.strip():
            found.setdefault(key(reply.text), reply)
    return list(found.values())


def _judged() -> dict[str, bool]:
    lines = (line.split() for line in _JUDGED.read_text(encoding="ascii").splitlines() if not line.startswith("#"))
    return {named: said == "yes" for named, said in lines}


def _chatbots(data: Path) -> Iterator[Labelled]:
    """The share of raters who found it abusive and aimed at the system; a conversation is a target."""
    votes: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row in _rows(data / ABUSE):
        is_abuse = any(float(row[level] or 0) for level in _LEVELS)
        votes[row["conv_id"], row["user"]].append(is_abuse and bool(float(row["target.system"] or 0)))
    for (conversation, said), given in votes.items():
        yield Labelled(said, sum(given) / len(given), conversation, "convabuse")


def _toxichat(data: Path, judged: dict[str, bool]) -> Iterator[Labelled]:
    """Replies in threads: offensive to groups, things or famous people is not to the person answered; the rest were read."""
    for name in CHATS:
        with gzip.open(data / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                turns = json.loads(line)["reddit_thread"]
                for turn in turns[1:]:
                    if (hostile := _of_turn(turn, judged)) is not None:
                        yield Labelled(turn["text"], hostile, turns[0]["text"][:200], "toxichat")


def _of_turn(turn: dict[str, Any], judged: dict[str, bool]) -> float | None:
    if turn["offense_label"] == "Offensive" and _ABOUT_SOMEBODY & set(turn["offense_targets"]):
        said = judged.get(key(turn["text"]))
        return None if said is None else float(said)
    return 0.0


def _reddit(data: Path, judged: dict[str, bool]) -> Iterator[Labelled]:
    """Replies: misogyny in general is not to the person answered; personal attacks were read."""
    every = list(_rows(data / REDDIT))
    author = {f"{'t1_' if row['parent_id'] else 't3_'}{row['entry_id']}": row["author"] for row in every}
    for row in every:
        if row["parent_id"]:
            said = judged.get(key(row["body"])) if "personal_attack" in row["level_2"] else False
            if said is not None:
                yield Labelled(row["body"], float(said), author.get(row["parent_id"], "") or row["link_id"], "misogyny")


def _rows(file: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
