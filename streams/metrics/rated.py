"""What a batch of scored comments amounts to: gathered in one pass into plain lists, so that counting it costs little."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from streams.records import Action, ScoredComment

HISTORY: Final = 24 * 3600.0
"""Seconds: what was written so long before it reached the broker is history, and nobody waits for its score."""

Kind = tuple[str, str, Action, str]
"""Source, community, action, scorer."""


class Rated:
    """The numbers of some scored comments."""

    __slots__ = ("action", "ages", "labels", "scorer", "scores", "source", "waits")

    def __init__(self, source: str = "", action: Action | None = None, scorer: str = "") -> None:
        """Begin with none. Those of one kind know it."""
        self.source, self.action, self.scorer = source, action, scorer
        self.scores: list[float] = []
        """The toxicity of every comment."""
        self.labels: list[Mapping[str, float]] = []
        """The labels of those that have another than ``toxicity``."""
        self.waits: list[float] = []
        """Seconds since the broker got it; history left out."""
        self.ages: list[float] = []
        """Seconds since it was written; where that is an estimate, left out."""

    def add(self, other: "Rated") -> None:
        """Take in others."""
        self.scores += other.scores
        self.labels += other.labels
        self.waits += other.waits
        self.ages += other.ages


def rated_by_kind(scored: Sequence[ScoredComment], arrivals: Sequence[datetime], now: datetime) -> dict[Kind, Rated]:
    """Return the numbers of a batch by kind. ``arrivals``: when the broker got each. Clocks that are ahead make no negative seconds.

    Each record is touched once, and nothing is called that need not be: this is most of what counting costs.
    """
    found: dict[Kind, Rated] = {}
    latest: dict[str, Rated] = {}  # of each community: mostly it is the right one, and told sooner than four words are hashed
    last, wait = None, 0.0
    for one, at in zip(scored, arrivals, strict=True):
        comment, labels = one.comment, one.labels
        rated = latest.get(comment.community)
        if rated is None or rated.scorer is not one.scorer or rated.action is not comment.action or rated.source != comment.source:
            rated = latest[comment.community] = _of_its_kind(one, found)
        rated.scores.append(one.toxicity or 0.0)  # none abstained
        if len(labels) != 1 or "toxicity" not in labels:
            rated.labels.append(labels)
        if at is not last:  # a broker stamps what it takes at once with one time
            last, wait = at, max(0.0, (now - at).total_seconds())
        age = (now - comment.created_at).total_seconds()
        if age - wait < HISTORY:
            rated.waits.append(wait)
        if not comment.created_at_is_estimated:
            rated.ages.append(age if age > 0.0 else 0.0)  # noqa: FURB136 max() is a call
    return found


def _of_its_kind(one: ScoredComment, found: dict[Kind, Rated]) -> Rated:
    comment = one.comment
    kind = (comment.source, comment.community, comment.action, one.scorer)
    if kind not in found:
        found[kind] = Rated(comment.source, comment.action, one.scorer)
    return found[kind]
