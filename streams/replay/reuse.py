"""Scores taken over from ``comments.scored``: the first that a scorer gave to each revision of a comment."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from streams.engine import Message
from streams.errors import UserError
from streams.records import SCHEMA_VERSION, Action, Comment, Probability, ScoredComment
from streams.scorers import Toxicity
from streams.stages.decode import Unreadable, decoder
from streams.stages.score import Score, deleted, scored, timed
from streams.stages.step import Arrived, Step

ANY: Final = "any"
"""Stands for every scorer: the first score of each revision, whoever gave it."""
Revision = tuple[str, str, str, str, Action, datetime | None]
"""What makes two records the same for ``address``: of which the first counts."""


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
    toxicity: Probability
    scorer: str
    labels: dict[str, Probability] = {}
    text_was_cut: bool = False
    schema_version: int = SCHEMA_VERSION


class Scores:
    """Scores by revision. Filled after the comments are read, so that what was scored meanwhile is known too."""

    def __init__(self) -> None:
        self._by: dict[str, dict[Revision, Known]] = {ANY: {}}
        self._wanted: set[str] = set()
        self._clamped: set[Revision] = set()

    def by(self, scorer: str) -> "Reuse":
        """Return what stands where this scorer would stand: ``name@version``, or ``any``."""
        self._wanted.add(scorer)
        return Reuse(self, scorer)

    def of(self, scorer: str, revision: Revision) -> Known:
        """Return a score. KeyError where ``check`` would have complained."""
        return self._by[scorer][revision]

    def was_clamped(self, revision: Revision) -> bool:
        """Return whether the comment itself was read from ``comments.scored``, with times that had been ahead."""
        return revision in self._clamped

    def take(self, messages: Iterable[Message]) -> None:
        """Take the scores that messages of ``comments.scored`` hold; what cannot be read holds none."""
        for message in messages:
            try:
                self._take(_READ(message.value))
            except Unreadable:
                continue

    def take_with_comment(self, record: ScoredComment) -> None:
        """Take the score of a record whose comment is replayed as it stands there."""
        self._take(record)
        if record.created_at_was_clamped:
            self._clamped.add(_revision(record.comment))

    def _take(self, record: Any) -> None:
        if record.comment.action is not Action.DELETED:
            revision = _revision(record.comment)
            known = Known(Toxicity(record.toxicity, record.labels), record.scorer, record.text_was_cut)
            self._by[ANY].setdefault(revision, known)
            self._by.setdefault(record.scorer, {}).setdefault(revision, known)

    def check(self, needed: Sequence[Revision]) -> None:
        """Raise UserError unless each of these has a score by every scorer that is wanted."""
        for scorer in sorted(self._wanted):
            known = self._by.get(scorer, {})
            if missing := [revision for revision in needed if revision not in known]:
                raise UserError(self._said(scorer, missing, len(needed)))

    def _said(self, scorer: str, missing: list[Revision], of: int) -> str:
        others = Counter(known.scorer for revision in missing if (known := self._by[ANY].get(revision)))
        parts = [f"{count} were scored by {other}" for other, count in sorted(others.items())]
        if unscored := len(missing) - others.total():
            parts.append(f"{unscored} not at all (not yet, or gone with retention)")
        way = "--scored-by NAME@VERSION takes another's scores, --scored-by any the first of each comment" if others else (
            "choose a period with --from and --to that is scored")  # fmt: skip
        who = "" if scorer == ANY else f" by {scorer}"
        return (
            f"--scores reuse: of {of} comments {len(missing)} have no score{who}: {', '.join(parts)}; {way}; --scores recompute needs none"
        )


_READ: Final = decoder(_Scored)


class Reuse:
    """Stands where a scorer stands in a plan. It scores no text: ``Reused`` asks it by comment."""

    def __init__(self, scores: Scores, name: str) -> None:
        self.name = name
        self._scores = scores

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Refuse: a score that is reused belongs to a comment."""
        raise TypeError(f"scores of {self.name} are taken over from comments.scored, but {len(texts)} texts were to be scored")

    def of(self, arrived: Arrived) -> tuple[Known, bool]:
        """Return the score of a comment, and whether its times had been ahead where it was read from."""
        revision = revision_of(arrived)
        return self._scores.of(self.name, revision), self._scores.was_clamped(revision)

    def was_clamped(self, arrived: Arrived) -> bool:
        """Return whether a comment's times had been ahead where it was read from."""
        return self._scores.was_clamped(revision_of(arrived))


class Reused(Score):
    """The stage ``score`` with scores that were given before."""

    def __init__(self, reuse: Reuse) -> None:
        """Take the scores; each record names who gave its own."""
        super().__init__(reuse)
        self._reuse = reuse

    def steps(self, store: Any, arrived: Sequence[Arrived]) -> Iterator[Step]:
        """Yield one step with one scored comment per record, in order."""
        for each in arrived:
            if each.record.action is Action.DELETED:
                yield deleted(each, self._reuse.was_clamped(each))
            else:
                known, was_clamped = self._reuse.of(each)
                yield scored(each, known.toxicity, known.text_was_cut, known.scorer, was_clamped)


def revision_of(arrived: Arrived) -> Revision:
    """Return a comment's revision, as ``comments.scored`` has it: there an edit is never ahead of its arrival."""
    comment: Comment = arrived.record
    return _revision(comment if comment.edited_at is None else timed(arrived)[0])


def _revision(comment: Any) -> Revision:
    return (comment.source, comment.community, comment.conversation_id, comment.comment_id, comment.action, comment.edited_at)
