"""What a detector's openings were worth: caught, false, and how soon."""

from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np
from msgspec import Struct

from streams.evaluation.site import HOSTILE, LEARNED, Watched
from streams.evaluation.stream import HOUR, MINUTE, Event, Part
from streams.replay.backtest.intervals import upper_bound
from streams.stages.esr.detector import Kind

__all__ = ["AFTER", "Caught", "Score", "score", "upper_bound"]

AFTER = HOUR
"""An opening so long after the last of the attackers still tells of them."""


class Caught(Struct, frozen=True, kw_only=True):
    """One pile-on, and how it was found: hostile people and minutes until then; None: missed."""

    event: Event
    authors: int | None = None
    minutes: float | None = None
    kind: Kind | None = None


class Score(Struct, frozen=True, kw_only=True):
    """What a detector did on a site."""

    caught: tuple[Caught, ...]
    false: int
    """Pile-ons opened where there was none."""
    false_in_twins: dict[str, int]
    """Of these, in civil twins, by kind."""
    diluted: int
    """Warnings of the rate alone where there was no pile-on."""
    surges: int
    alerts_in_attacks: int

    def recall(self, at_least: int = 8, kind: str | None = None) -> tuple[int, int]:
        """Return (caught, all) of the pile-ons by so many people or more, of one kind or all."""
        those = [one for one in self.caught if one.event.hostile_authors >= at_least and kind in {None, one.event.kind}]
        return sum(one.authors is not None for one in those), len(those)

    @property
    def median_authors(self) -> float:
        """Return the hostile people until an alert, in the middle of those caught by 8 people or more; nan for none."""
        return _median([one.authors for one in self._large() if one.authors is not None])

    @property
    def median_minutes(self) -> float:
        """Return the minutes until an alert, likewise."""
        return _median([one.minutes for one in self._large() if one.minutes is not None])

    @property
    def by_diluted(self) -> int:
        """Return how many of 8 people or more were found by the rate alone first."""
        return sum(one.kind is Kind.DILUTED for one in self._large())

    def _large(self) -> list[Caught]:
        return [one for one in self.caught if one.event.hostile_authors >= 8]


def score(openings: Iterable[tuple[Watched, Sequence[tuple[int, Kind]]]], since: int = LEARNED) -> Score:
    """Return the score of what was opened on each stream from ``since`` on: after the learning days."""
    caught: list[Caught] = []
    counts = dict.fromkeys(("false", "diluted", "surges", "inside"), 0)
    twins: dict[str, int] = {}
    for watched, opened in openings:
        attacks = [event for event in watched.stream.events if event.is_attack]
        caught += [_caught(watched, event, opened) for event in attacks]
        for at, kind in opened:
            if at < since:
                continue
            if any(_tells_of(event, at) for event in attacks):
                counts["inside"] += kind is not Kind.SURGE
                continue
            counts[_ACCOUNT[kind]] += 1
            if kind is Kind.PILEON:
                for event in watched.stream.events:
                    twins[event.kind] = twins.get(event.kind, 0) + _tells_of(event, at)
    return Score(
        caught=tuple(caught), false=counts["false"], false_in_twins=twins, diluted=counts["diluted"], surges=counts["surges"],
        alerts_in_attacks=counts["inside"],
    )  # fmt: skip


_ACCOUNT = {Kind.PILEON: "false", Kind.DILUTED: "diluted", Kind.SURGE: "surges"}


def _tells_of(event: Event, at: int) -> bool:
    return event.begin <= at <= event.end + AFTER


def _caught(watched: Watched, event: Event, opened: Sequence[tuple[int, Kind]]) -> Caught:
    for at, kind in opened:
        if kind is Kind.SURGE or not _tells_of(event, at):
            continue
        stream = watched.stream
        until = (stream.at <= at) & (stream.part == Part.ATTACKER) & (stream.x >= HOSTILE)
        return Caught(event=event, authors=len(np.unique(stream.author[until])), minutes=(at - event.begin) / MINUTE, kind=kind)
    return Caught(event=event)


def _median(values: Sequence[float]) -> float:
    return float(median(values)) if values else float("nan")
