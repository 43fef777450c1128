"""Chats in which people marked which message answers which: Ubuntu's IRC (Kummerfeld et al., ACL 2019), Molweni (Li et al., COLING 2020).

They are read where they lie, in ``../shared/datasets``; nothing of them is kept.
"""

import gzip
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.stages.ranking.turn import Turn, turn_of

IRC: Final = "irc_disentanglement/{part}.tar.gz"
MOLWENI: Final = "molweni/dp_{part}.json.gz"
PARTS: Final = ("dev", "test")
CONTEXT: Final = 1000
"""Messages of each IRC log that are only read: from here on they are annotated."""
DAY: Final = 24 * 60
_APART: Final = 11
"""Minutes."""
_LONG: Final = 20
"""Characters of a message that nobody says twice."""

_SAID: Final = re.compile(r"\[(\d\d):(\d\d)\] <([^>]*)> ?(.*)$")
_DID: Final = re.compile(r"\[(\d\d):(\d\d)\]\s+\* ?(\S+) (.*)$")


class Message(Struct, frozen=True):
    """One message and what people say of it."""

    turn: Turn | None
    """None: the server's own ("… has joined"), which nobody answers."""
    answers: frozenset[int] = frozenset()
    """Numbers of the messages it answers; its own, where it starts anew. Empty: nobody annotated it."""
    text: str = ""


class Chat(Struct, frozen=True):
    """Messages in order, numbered from 0."""

    name: str
    messages: tuple[Message, ...]
    talk: int
    """Chats with the same number are cut from one talk."""

    def annotated(self) -> Iterator[tuple[int, Message]]:
        """Yield the annotated messages with their numbers."""
        return ((number, message) for number, message in enumerate(self.messages) if message.answers)

    def before(self, number: int, most: int) -> list[tuple[int, Turn]]:
        """Return people's messages before one, the last first, with their numbers."""
        found: list[tuple[int, Turn]] = []
        for place in range(number - 1, -1, -1):
            turn = self.messages[place].turn
            if turn is not None:
                found.append((place, turn))
                if len(found) == most:
                    break
        return found


def missing(data: Path) -> list[str]:
    """Return the files that are not there."""
    names = [pattern.format(part=part) for pattern in (IRC, MOLWENI) for part in PARTS]
    return [name for name in names if not (data / name).is_file()]


def irc(data: Path, part: str) -> list[Chat]:
    """Return the logs of a part, by name."""
    with tarfile.open(data / IRC.format(part=part)) as packed:
        files = {file.name: packed.extractfile(file) for file in packed.getmembers() if file.isfile()}
        texts = {name: stream.read().decode("utf-8", "replace") for name, stream in files.items() if stream is not None}
    ends = ".ascii.txt"
    logs = [(name, text, texts[name.replace(".ascii.", ".annotation.")]) for name, text in sorted(texts.items()) if name.endswith(ends)]
    return [_log(*log, talk) for talk, log in enumerate(logs)]


def _log(name: str, text: str, annotation: str, talk: int) -> Chat:
    answers: dict[int, set[int]] = defaultdict(set)
    for line in annotation.splitlines():
        earlier, later = sorted(map(int, line.split()[:2]))
        answers[later].add(earlier)
    said = _said(text.removesuffix("\n").split("\n"))
    messages = (Message(turn, frozenset(answers[n] if n >= CONTEXT else ()), own) for n, (turn, own) in enumerate(said))
    return Chat(name, tuple(messages), talk)


def _said(lines: Sequence[str]) -> Iterator[tuple[Turn | None, str]]:
    here = _Here()
    for line in lines:
        said = _SAID.match(line) or _DID.match(line)
        if said is None:
            yield None, ""
            continue
        hour, minute, name, text = said.groups()
        yield here.turn(int(hour) * 60 + int(minute), name, text), text


class _Here:
    """Who has spoken, by what they are called; and which day it is: a log tells the hour alone."""

    def __init__(self) -> None:
        self.people: dict[str, str] = {}
        self.now: int | None = None

    def turn(self, minute: int, name: str, text: str) -> Turn:
        before = minute if self.now is None else self.now
        passed = (minute - before) % DAY
        # A line a little before the last one is a clock put right, and not the next day.
        self.now = before + (passed if passed < DAY - 60 else 0)
        turn = turn_of(self.now, name, text, self.people.get)
        for called in (name.lower(), name.lower().strip("_`^|-")):
            self.people.setdefault(called, name)
        return turn


class _Edu(Struct):
    speaker: str
    text: str


class _Relation(Struct):
    x: int
    y: int


class _Dialogue(Struct):
    id: str
    edus: list[_Edu]
    relations: list[_Relation]


def molweni(data: Path, part: str) -> list[Chat]:
    """Return the dialogues of a part. The same talk comes in several of them, cut otherwise."""
    text = gzip.decompress((data / MOLWENI.format(part=part)).read_bytes())
    given = msgspec.json.decode(text, type=list[_Dialogue])
    return [_dialogue(each, talk) for each, talk in zip(given, _talks(given), strict=True)]


def _talks(given: Sequence[_Dialogue]) -> list[int]:
    """Return the talk of each dialogue: those that share a message are of one."""
    talk = list(range(len(given)))
    first: dict[tuple[str, str], int] = {}
    for number, each in enumerate(given):
        others = {talk[first.setdefault((edu.speaker, edu.text), number)] for edu in each.edus if len(edu.text) >= _LONG}
        least = min({talk[number], *others})
        talk = [least if one in others or one == talk[number] else one for one in talk]
    return talk


def _dialogue(given: _Dialogue, talk: int) -> Chat:
    """Each message but the first is annotated; one that answers none is its own.

    Molweni has no times: its messages are taken to be too far apart for "just now" to say anything.
    """
    here, answers = _Here(), defaultdict[int, set[int]](set)
    for relation in given.relations:
        answers[relation.y].add(relation.x)
    messages = (
        Message(here.turn(_APART * n, edu.speaker, edu.text), frozenset(answers[n] or {n}) if n else frozenset(), edu.text)
        for n, edu in enumerate(given.edus)
    )
    return Chat(given.id, tuple(messages), talk)
