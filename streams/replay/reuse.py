"""Scores taken over from ``comments.scored``: the first that a scorer gave to each revision of a comment."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.engine import Message
from streams.errors import UserError
from streams.records import SCHEMA_VERSION, Action, Comment, Probability, ScoredComment
from streams.replay.order import micros
from streams.replay.sorting import Item, Sorted, Sorter
from streams.scorers import Toxicity
from streams.stages.decode import Unreadable, decoder
from streams.stages.score import Score, deleted, scored, timed
from streams.stages.step import Arrived, Stage, Step

ANY: Final = "any"
"""Stands for every scorer: the first score of each revision, whoever gave it."""


class Known(Struct, frozen=True):
    """A score, and who gave it."""

    toxicity: Toxicity
    scorer: str
    text_was_cut: bool


class _Comment(Struct, frozen=True):
    source: str
    community: str
    conversation_id: str
    comment_id: str
    action: Action = Action.CREATED
    edited_at: datetime | None = None


class _Scored(Struct, frozen=True):
    """As much of a ScoredComment as a score needs: no text is taken out of the bytes."""

    comment: _Comment
    scorer: str
    toxicity: Probability | None = None
    labels: dict[str, Probability] = {}
    decided_by: str = ""
    abstained: str = ""
    language: str = ""
    text_was_cut: bool = False
    schema_version: int = SCHEMA_VERSION


class _Given(Struct, frozen=True, array_like=True):
    """What a record of ``comments.scored`` says of a revision."""

    known: Known | None
    """None: of a deletion."""
    was_clamped: bool


class _Need(Struct, frozen=True, array_like=True):
    """A comment that is replayed."""

    place: bytes
    share: int
    is_scored: bool
    """False: a deletion, which needs no score."""


class Attached(Struct, frozen=True, array_like=True):
    """What was known of a comment before: the first score that each scorer that is wanted gave to its revision."""

    by: dict[str, Known]
    was_clamped: bool
    """Its times had been ahead where it was read from."""


class Scores:
    """Scores of revisions, joined to the comments that need them by sorting both: never all in memory.

    Filled while the comments are read or after, so that what was scored meanwhile is known too; joined when all are read.
    """

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._folder: Path | None = None
        self._count = 0
        self.begin(None)

    def begin(self, folder: Path | None) -> None:
        """Take scores from here on; what is too much for memory stands in the folder."""
        self._folder = folder
        self._given, self._needs = Sorter(folder, "scores-given"), Sorter(folder, "scores-needed")

    def by(self, scorer: str) -> "Reuse":
        """Return what stands where this scorer would stand: ``name@version``, or ``any``."""
        self._wanted.add(scorer)
        return Reuse(scorer, self)

    def take(self, messages: Iterable[Message]) -> None:
        """Take the scores that messages of ``comments.scored`` hold; what cannot be read holds none."""
        for message in messages:
            try:
                self._take(_READ(message.value), was_clamped=False)
            except Unreadable:
                continue

    def take_with_comment(self, record: ScoredComment) -> None:
        """Take the score of a record whose comment is replayed as it stands there."""
        self._take(record, was_clamped=record.created_at_was_clamped)

    def _take(self, record: Any, *, was_clamped: bool) -> None:
        known = None
        if record.comment.action is not Action.DELETED:
            known = Known(_toxicity(record), record.scorer, record.text_was_cut)
        elif not was_clamped:
            return
        self._count += 1
        self._given.add(_revision(record.comment) + self._count.to_bytes(8, "big"), _PACK(_Given(known, was_clamped)))

    def need(self, comment: Comment, at: datetime, place: bytes, share: int) -> None:
        """Take a comment that is replayed: when it arrived, where it stands, and in which share of the work."""
        need = _Need(place, share, comment.action is not Action.DELETED)
        self._needs.add(_revision_of(comment, at) + place[-8:], _PACK(need))

    def joined(self, shares: int, digest: Any) -> list[Sorted]:
        """Return what is known of each comment, by its place, per share. ``digest`` takes it, too.

        Raises UserError unless each comment has a score by every scorer that is wanted.
        """
        found = [Sorter(self._folder, f"scores-{number}") for number in range(shares)]
        missing: dict[str, Counter[str]] = {}
        needed = 0
        for needs, given in _matched(self._needs.sorted(), self._given.sorted()):
            first = _first(given)
            value = self._attached(first, given)
            for need in needs:
                found[need.share].add(need.place, value)
                digest.update(need.place[-8:] + value)
            scored = sum(need.is_scored for need in needs)
            needed += scored
            for scorer in self._wanted - first.keys() if scored else ():
                missing.setdefault(scorer, Counter())[first[ANY].scorer if first else ""] += scored
        self.begin(None)
        for scorer, others in sorted(missing.items()):
            raise UserError(_said(scorer, others, needed))
        return [sorter.sorted() for sorter in found]

    def _attached(self, first: dict[str, Known], given: Sequence[_Given]) -> bytes:
        by = {name: first[name] for name in sorted(self._wanted & first.keys())}
        return _PACK(Attached(by, any(one.was_clamped for one in given)))


def _toxicity(record: Any) -> Toxicity:
    return Toxicity(record.toxicity or 0.0, record.labels, record.decided_by or "", record.language or "", record.abstained or "")


def _first(given: Iterable[_Given]) -> dict[str, Known]:
    """Return the first score of each scorer, and that of any."""
    first: dict[str, Known] = {}
    for one in given:
        if one.known is not None:
            first.setdefault(ANY, one.known)
            first.setdefault(one.known.scorer, one.known)
    return first


def _matched(needed: Iterable[Item], given: Iterable[Item]) -> Iterator[tuple[list[_Need], list[_Given]]]:
    """Yield the needs of one revision beside what is given of it, in the order of their coming."""
    others = groupby(given, _by_revision)
    revision, some = next(others, (None, iter(())))
    for wanted, needs in groupby(needed, _by_revision):
        while revision is not None and revision < wanted:
            revision, some = next(others, (None, iter(())))
        yield [_UNPACK_NEED(value) for _, value in needs], [_UNPACK_GIVEN(value) for _, value in some] if revision == wanted else []


def _by_revision(item: Item) -> bytes:
    return item[0][:-8]


def _said(scorer: str, by: Counter[str], of: int) -> str:
    others = Counter({other: count for other, count in by.items() if other})
    parts = [f"{count} were scored by {other}" for other, count in sorted(others.items())]
    if unscored := by[""]:
        parts.append(f"{unscored} not at all (not yet, or gone with retention)")
    way = "--scored-by NAME@VERSION takes another's scores, --scored-by any the first of each comment" if others else (
        "choose a period with --from and --to that is scored")  # fmt: skip
    who = "" if scorer == ANY else f" by {scorer}"
    return f"--scores reuse: of {of} comments {by.total()} have no score{who}: {', '.join(parts)}; {way}; --scores recompute needs none"


_READ: Final = decoder(_Scored)
_PACK: Final = msgspec.msgpack.Encoder().encode
_UNPACK_NEED: Final = msgspec.msgpack.Decoder(_Need).decode
_UNPACK_GIVEN: Final = msgspec.msgpack.Decoder(_Given).decode
_UNPACK_ATTACHED: Final = msgspec.msgpack.Decoder(Attached).decode


class Remembered(Arrived, frozen=True, kw_only=True):
    """A comment with what was known of it before."""

    before: Attached


def attached(arrived: Arrived, given: Item, place: bytes) -> Arrived:
    """Return a comment with what is known of it, which stands at the same place."""
    if given[0] != place:
        raise ValueError("the scores that were given before do not stand in the comments' order")
    return Remembered(arrived.record, arrived.at, before=_UNPACK_ATTACHED(given[1]))


class Reuse:
    """Stands where a scorer stands in a plan. It scores no text: ``Reused`` takes what comes with a comment."""

    def __init__(self, name: str, scores: Scores | None = None) -> None:
        """``name@version``, or ``any``; and what is going to be joined to the comments, where that is not done yet."""
        self.name, self.scores = name, scores

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Refuse: a score that is reused belongs to a comment."""
        raise TypeError(f"scores of {self.name} are taken over from comments.scored, but {len(texts)} texts were to be scored")


class Reused(Score):
    """The stage ``score`` with scores that were given before."""

    def __init__(self, reuse: Reuse) -> None:
        """Take the scores of whom it stands for; each record names who gave its own."""
        super().__init__(reuse)
        self._name, self.scores = reuse.name, reuse.scores

    def steps(self, store: Any, arrived: Sequence[Arrived]) -> Iterator[Step]:
        """Yield one step with one scored comment per record, in order."""
        for each in arrived:
            before: Attached = each.before  # type: ignore[attr-defined]
            if each.record.action is Action.DELETED:
                yield deleted(each, before.was_clamped)
            else:
                known = before.by[self._name]
                yield scored(each, known.toxicity, known.text_was_cut, known.scorer, before.was_clamped)


def scores_of(stages: Iterable[Stage]) -> Scores | None:
    """Return what stages take their scores from, where they do not score."""
    return next((stage.scores for stage in stages if isinstance(stage, Reused)), None)


def _revision_of(comment: Comment, at: datetime) -> bytes:
    """Return a comment's revision, as ``comments.scored`` has it: there an edit is never ahead of its arrival."""
    return _revision(comment if comment.edited_at is None else timed(Arrived(comment, at))[0])


def _revision(comment: Any) -> bytes:
    """Return 16 bytes that stand for what makes two records the same for ``address``: of which the first counts."""
    named = (comment.source, comment.community, comment.conversation_id, comment.comment_id, comment.action)
    edited = None if comment.edited_at is None else micros(comment.edited_at)
    return hashlib.blake2b(msgspec.json.encode((*named, edited)), digest_size=16).digest()
