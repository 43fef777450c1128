"""Who pays for a threshold: the same measures by community, by language and by the groups that comments mention.

A comment belongs to one community, one language and every group that it mentions, as it was first written. A pile-on belongs to
its community; to the language of most comments that counted as hostile in it; and to each group that at least one in ten of them, and
at least one, mentions.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from streams.records import Action, Comment
from streams.replay.backtest.cases import Case, Change, Kind
from streams.replay.backtest.identity_terms import Terms
from streams.replay.backtest.intervals import Share, share
from streams.replay.backtest.judged import Labels, precision
from streams.replay.backtest.measures import Lived, fired
from streams.replay.backtest.played import Act, Side
from streams.stages.targets import Target

MOST: Final = 40
"""Communities, or languages, that are told apart: those with most comments."""
FEW_COMMENTS: Final = 100
FEW_JUDGED: Final = 10
"""Of fewer a share says little: it is shown as such."""
NOT_SAID: Final = "not said"
NO_TERM: Final = "none of these terms"
ALL: Final = "all comments"
_ONE_IN: Final = 10
_PLACES: Final = 6
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]+)*")
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class By(StrEnum):
    """What tells slices apart."""

    ALL = "all"
    COMMUNITY = "community"
    LANGUAGE = "language"
    TERMS = "identity terms"


class Half(Struct, frozen=True, kw_only=True):
    """One side of a slice."""

    hostile: Share
    """Of its comments, how many this side counted as hostile to somebody."""
    pileons: int
    alerts_per_day: float
    precision: Share
    """Of its pile-ons that somebody judged; of none where there are no labels."""


class Slice(Struct, frozen=True, kw_only=True):
    """A part of the comments, and what both sides make of it."""

    by: By
    name: str
    comments: int
    """Written, not edits."""
    baseline: Half
    candidate: Half
    gained: int
    lost: int


class Slices(Struct, frozen=True, kw_only=True):
    """All of them, the whole first. Those of one kind, but for identity terms, add up to it."""

    identity_terms: int
    """The version of the list."""
    left_out: dict[By, int]
    """How many communities and languages stand in no slice, because there are too many."""
    slices: tuple[Slice, ...]


Place = tuple[By, str]
Key = tuple[str, str, str, str]
_WHOLE: Final = (By.ALL, ALL)


def slices(
    comments: Iterable[Comment], lived: Mapping[Side, Lived], changes: Sequence[Change], days: float, labels: Labels, terms: Terms
) -> Slices:
    """Return the slices of what was read. ``days``: what rates a day are divided by."""
    acts = {side: one.played.hostile for side, one in lived.items()}
    written, places = _read(comments, {key_of(act) for one in acts.values() for act in one}, terms)
    of_cases = {side: _of_cases(one.all_cases, acts[side], places) for side, one in lived.items()}
    halves = {side: _Halves(one, acts[side], places, of_cases[side], days, labels) for side, one in lived.items()}
    became = _became(changes, of_cases)
    names = [_WHOLE, *_most(written, By.COMMUNITY), *_most(written, By.LANGUAGE), *_groups(written, terms)]
    left_out = {by: max(0, sum(place[0] is by for place in written) - MOST) for by in (By.COMMUNITY, By.LANGUAGE)}
    found = tuple(
        Slice(
            by=place[0], name=place[1], comments=written[place], gained=became[Kind.GAINED][place], lost=became[Kind.LOST][place],
            baseline=halves[Side.BASELINE].of(place, written[place]), candidate=halves[Side.CANDIDATE].of(place, written[place]),
        ) for place in names
    )  # fmt: skip
    return Slices(identity_terms=terms.version, left_out=left_out, slices=found)


def _read(comments: Iterable[Comment], flagged: set[Key], terms: Terms) -> tuple[Counter[Place], dict[Key, tuple[Place, ...]]]:
    """Return how many comments each slice has, and to which slices those belong that somebody counted as hostile."""
    written: Counter[Place] = Counter()
    places: dict[Key, tuple[Place, ...]] = {}
    for comment in comments:
        if comment.action is Action.CREATED:
            found = _places(comment, terms)
            written.update(found)
            if (key := key_of(comment)) in flagged:
                places.setdefault(key, found)
    return written, places


def key_of(one: Comment | Act) -> Key:
    """Return which comment it is."""
    return one.source, one.community, one.conversation_id, one.comment_id


def _places(comment: Comment, terms: Terms) -> tuple[Place, ...]:
    groups = sorted(terms.mentioned(comment)) or [NO_TERM]
    where, language = (By.COMMUNITY, f"{comment.source}/{comment.community}"), (By.LANGUAGE, language_of(comment))
    return (_WHOLE, where, language, *((By.TERMS, group) for group in groups))


def language_of(comment: Comment) -> str:
    """Return the language that a source gave, without region and script: ``en`` of ``en-GB``; ``not said`` of none, or of what is none."""
    found = _LANGUAGE.fullmatch((comment.language or "").lower())
    return NOT_SAID if found is None or found[1] in ("und", "zxx", "mul") else found[1]


def _of_cases(cases: Sequence[Case], acts: Iterable[Act], places: Mapping[Key, Sequence[Place]]) -> dict[str, tuple[Place, ...]]:
    """Return to which slices each pile-on belongs, by its id."""
    on: dict[Target, list[Act]] = {}
    for act in acts:
        on.setdefault((act.source, act.community, act.target_id), []).append(act)
    return {case.pileon_id: _of_case(case, on.get(case.target, ()), places) for case in cases}


def _of_case(case: Case, acts: Iterable[Act], places: Mapping[Key, Sequence[Place]]) -> tuple[Place, ...]:
    own = [act for act in acts if case.first_hostile_at <= act.at <= (case.closed_at or _NEVER)]
    counts = Counter(place for act in own for place in places.get(key_of(act), ()))
    languages = sorted((-count, name) for (by, name), count in counts.items() if by is By.LANGUAGE)
    least = max(1, math.ceil(len(own) / _ONE_IN))
    groups = sorted(place for place, count in counts.items() if place[0] is By.TERMS and place[1] != NO_TERM and count >= least)
    language = (By.LANGUAGE, languages[0][1] if languages else NOT_SAID)
    return (_WHOLE, (By.COMMUNITY, f"{case.source}/{case.community}"), language, *(groups or [(By.TERMS, NO_TERM)]))


def _became(changes: Iterable[Change], of_cases: Mapping[Side, Mapping[str, Sequence[Place]]]) -> dict[Kind, Counter[Place]]:
    found: dict[Kind, Counter[Place]] = {kind: Counter() for kind in Kind}
    for change in changes:
        side = Side.BASELINE if change.candidate is None else Side.CANDIDATE
        found[change.change].update(of_cases[side][change.case.pileon_id])
    return found


class _Halves:
    """One side's numbers by slice."""

    def __init__(
        self, lived: Lived, acts: Iterable[Act], places: Mapping[Key, Sequence[Place]], of_cases: Mapping[str, Sequence[Place]],
        days: float, labels: Labels,
    ) -> None:  # fmt: skip
        self._days, self._labels = days, labels
        self._hostile = Counter(place for key in {key_of(act) for act in acts} for place in places.get(key, ()))
        self._alerts = Counter(place for one in fired(lived.played) for place in of_cases[one.pileon.pileon_id])
        self._cases: dict[Place, list[Case]] = {}
        for case in lived.cases:
            for place in of_cases[case.pileon_id]:
                self._cases.setdefault(place, []).append(case)

    def of(self, place: Place, comments: int) -> Half:
        cases = self._cases.get(place, ())
        return Half(
            hostile=share(self._hostile[place], comments), pileons=len(cases),
            alerts_per_day=round(self._alerts[place] / self._days, _PLACES), precision=precision(self._labels, cases),
        )  # fmt: skip


def _most(written: Mapping[Place, int], by: By) -> list[Place]:
    """Return the slices of a kind, those with most comments first; what was not said last."""
    found = sorted((place for place in written if place[0] is by), key=lambda place: (-written[place], place[1]))[:MOST]
    return sorted(found, key=lambda place: place[1] == NOT_SAID)


def _groups(written: Mapping[Place, int], terms: Terms) -> list[Place]:
    """Return the groups that are mentioned, most first, and what mentions none."""
    found = [(By.TERMS, group) for group in terms.groups if (By.TERMS, group) in written]
    return [*sorted(found, key=lambda place: (-written[place], place[1])), (By.TERMS, NO_TERM)]
