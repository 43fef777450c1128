"""Pile-ons beside labels: which were right, which were missed, and whom to judge next. What nobody labelled is never wrong.

A label speaks of a pile-on where the target is the same (source and community too, where the label has them) and there is a time
at which both are; or where it was given of the pile-on of that very id. Of several labels on one pile-on ``pile_on`` goes before
``not_one``, and that before ``unsure``: a case that holds one true pile-on was right to be told.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from streams.errors import UserError
from streams.records import Judgement
from streams.replay.backtest.cases import Case, Change
from streams.replay.backtest.intervals import Gap, Pairs, Share, gap, share
from streams.replay.backtest.labels import Label
from streams.replay.backtest.period import Period
from streams.replay.backtest.played import Side
from streams.stages.targets import Target

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_WEIGHT: Final = (Judgement.PILE_ON, Judgement.NOT_ONE, Judgement.UNSURE)
"""Which goes before which."""


class Score(Struct, frozen=True, kw_only=True):
    """One side beside the labels."""

    precision: Share
    """Of its pile-ons that somebody judged (``unsure`` left out): how many are pile-ons."""
    recall: Share
    """Of the labels in the period that say ``pile_on``: how many it found."""
    unsure: int
    """Pile-ons of which people could not tell."""
    unjudged: int
    """Pile-ons that no label speaks of."""


class Judged(Struct, frozen=True, kw_only=True):
    """Both sides beside the labels."""

    labels: int
    """Given in all."""
    in_period: int
    """Of these, how many lie in the period; the others say nothing."""
    of_nobody_here: int
    """Of those in the period, how many speak of somebody whom no comment read here answers."""
    baseline: Score
    candidate: Score
    precision_delta: Gap
    """Candidate less baseline, bounds as if the two had no pile-on in common: the truth is no wider."""
    recall_delta: Gap
    """Candidate less baseline on the same labels, bounds of pairs."""


class Labels:
    """Labels by target."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self._of: dict[str, list[Label]] = {}
        for label in labels:
            self._of.setdefault(label.target_id, []).append(label)

    def on(self, case: Case) -> list[Label]:
        """Return the labels that speak of a pile-on."""
        return [label for label in self._of.get(case.target_id, ()) if speaks_of(label, case)]

    def judgement(self, case: Case) -> Judgement | None:
        """Return what was said of a pile-on; None where nobody said anything."""
        said = {label.judgement for label in self.on(case)}
        return next((one for one in _WEIGHT if one in said), None)


def speaks_of(label: Label, case: Case) -> bool:
    """Return whether a label is about this pile-on."""
    if label.target_id != case.target_id or label.source not in (None, case.source) or label.community not in (None, case.community):
        return False
    if label.pileon_id == case.pileon_id:
        return True
    return label.start <= (case.closed_at or _NEVER) and case.first_hostile_at <= (label.end or _NEVER)


def in_period(labels: Iterable[Label], when: Period, answered: set[Target]) -> tuple[list[Label], int]:
    """Return the labels that lie in the period, and how many of them speak of nobody who is answered in it.

    Raises UserError where none lies in it, or all speak of nobody: they are labels of something else.
    """
    found = [label for label in labels if label.start <= when.end and when.start <= (label.end or _NEVER)]
    if not found:
        raise UserError(
            f"--labels: none lies in the period {when.start:%Y-%m-%d %H:%M} to {when.end:%Y-%m-%d %H:%M} UTC; is it another one?"
        )
    places = _places(answered)
    strangers = sum(not _is_known(label, places) for label in found)
    if strangers == len(found):
        raise UserError("--labels: nobody that they speak of is answered in these comments; are their targets as in pileons.jsonl?")
    return found, strangers


def _places(answered: set[Target]) -> Mapping[str, list[tuple[str, str]]]:
    places: dict[str, list[tuple[str, str]]] = {}
    for source, community, target in sorted(answered):
        places.setdefault(target, []).append((source, community))
    return places


def _is_known(label: Label, places: Mapping[str, list[tuple[str, str]]]) -> bool:
    there = places.get(label.target_id, ())
    return any(label.source in (None, source) and label.community in (None, community) for source, community in there)


def judged(
    given: Sequence[Label],
    when: Period,
    answered: set[Target],
    cases: Mapping[Side, Sequence[Case]],
    begun: Mapping[Side, Sequence[Case]] | None = None,
) -> Judged:
    """Return both sides beside the labels. Raises UserError as ``in_period`` does.

    ``begun``: pile-ons that opened before the period. A label that speaks of one is not missed; precision does not count them.
    """
    found, strangers = in_period(given, when, answered)
    wanted = _wanted(found)
    hits = {side: _found(wanted, [*(begun or {}).get(side, ()), *cases[side]]) for side in Side}
    before, after = (_score(Labels(found), cases[side], hits[side]) for side in Side)
    return Judged(
        labels=len(given), in_period=len(found), of_nobody_here=strangers, baseline=before, candidate=after,
        precision_delta=gap(before.precision, after.precision),
        recall_delta=gap(before.recall, after.recall, _pairs(hits[Side.BASELINE], hits[Side.CANDIDATE])),
    )  # fmt: skip


def score(found: Sequence[Label], cases: Sequence[Case], begun: Sequence[Case] = ()) -> Score:
    """Return one side's score. ``found``: the labels of the period; ``begun`` as for ``judged``."""
    return _score(Labels(found), cases, _found(_wanted(found), [*begun, *cases]))


def _wanted(labels: Iterable[Label]) -> list[Label]:
    return [label for label in labels if label.judgement is Judgement.PILE_ON]


def precision(labels: Labels, cases: Sequence[Case]) -> Share:
    """Return of these pile-ons that somebody judged (``unsure`` left out) how many are pile-ons."""
    said = [labels.judgement(case) for case in cases]
    right = said.count(Judgement.PILE_ON)
    return share(right, right + said.count(Judgement.NOT_ONE))


def _score(labels: Labels, cases: Sequence[Case], hits: Sequence[bool]) -> Score:
    said = [labels.judgement(case) for case in cases]
    return Score(
        precision=precision(labels, cases),
        recall=share(sum(hits), len(hits)),
        unsure=said.count(Judgement.UNSURE),
        unjudged=said.count(None),
    )


def _found(wanted: Sequence[Label], cases: Sequence[Case]) -> list[bool]:
    """Return for each label whether a pile-on is what it speaks of."""
    by_target: dict[str, list[Case]] = {}
    for case in cases:
        by_target.setdefault(case.target_id, []).append(case)
    return [any(speaks_of(label, case) for case in by_target.get(label.target_id, ())) for label in wanted]


def unjudged(changes: Iterable[Change], given: Iterable[Label]) -> list[Change]:
    """Return those pile-ons of the two sides that no label speaks of."""
    labels = Labels(given)
    return [
        change for change in changes if all(case is None or labels.judgement(case) is None for case in (change.baseline, change.candidate))
    ]


def _pairs(first: Sequence[bool], second: Sequence[bool]) -> Pairs:
    both = list(zip(first, second, strict=True))
    return Pairs(both.count((True, True)), both.count((False, True)), both.count((True, False)), both.count((False, False)))
