"""What was said in the pile-ons that a report shows: held in memory until the page is written, never in a run's folder."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.records import Action, Comment
from streams.replay.backtest.cases import Case, Change, Kind
from streams.replay.backtest.measures import Lived
from streams.replay.backtest.played import Side
from streams.replay.backtest.slices import Key, key_of

MOST_CASES: Final = 25
"""Pile-ons whose comments are shown, those first that only one side has: with MOST_COMMENTS and LONGEST the page stays under a megabyte."""
MOST_COMMENTS: Final = 4
LONGEST: Final = 280
_KEPT: Final = 4 * LONGEST
_ORDER: Final = (Kind.LOST, Kind.GAINED, Kind.LATER, Kind.EARLIER, Kind.UNCHANGED)


class Said(Struct, frozen=True):
    """One comment that counted as hostile."""

    at: datetime
    comment_id: str
    text: str | None
    """As it was last written; its beginning, spaces and line ends as single spaces. None: it was deleted in the period."""


class Texts:
    """Comments by pile-on."""

    def __init__(self, retention: timedelta) -> None:
        """``retention`` is how long text may be kept."""
        self.retention = retention
        self.cases: list[tuple[Change, list[Said]]] = []

    def take(self, comments: Iterable[Comment], lived: Mapping[Side, Lived], changes: Sequence[Change]) -> None:
        """Take what was said in the first of these pile-ons, in the order of the report."""
        chosen = sorted(changes, key=lambda change: _ORDER.index(change.change))[:MOST_CASES]
        evidence = {side: _evidence(one) for side, one in lived.items()}
        wanted = [(change, _keys(change, lived, evidence)) for change in chosen]
        texts = _read(comments, {key for _, keys in wanted for _, key in keys})
        self.cases = [(change, [Said(at, key[3], texts.get(key)) for at, key in keys]) for change, keys in wanted]


def _evidence(lived: Lived) -> dict[str, set[str]]:
    """Return of each pile-on the comments that its last transition names: the most hostile of distinct people."""
    return {one.pileon.pileon_id: set(one.pileon.evidence) for one in lived.played.told if one.pileon.evidence}


def _keys(change: Change, lived: Mapping[Side, Lived], evidence: Mapping[Side, Mapping[str, set[str]]]) -> list[tuple[datetime, Key]]:
    side, case = (Side.BASELINE if change.candidate is None else Side.CANDIDATE), change.case
    named = evidence[side].get(case.pileon_id, ())
    acts = [act for act in lived[side].played.hostile if act.comment_id in named and _is_on(case, act.source, act.community, act.target_id)]
    return [(act.at, key_of(act)) for act in acts if act.at >= case.first_hostile_at][:MOST_COMMENTS]


def _is_on(case: Case, *target: str) -> bool:
    return case.target == target


def _read(comments: Iterable[Comment], wanted: set[Key]) -> dict[Key, str | None]:
    found: dict[Key, str | None] = {}
    for comment in comments:
        if (key := key_of(comment)) in wanted:
            deleted = comment.action is Action.DELETED
            found[key] = None if deleted else _beginning(comment.text or "")
    return found


def _beginning(text: str) -> str:
    return " ".join(text[:_KEPT].split()) + ("…" if len(text) > _KEPT else "")
