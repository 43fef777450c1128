"""Replies through detector and alerts of several settings at once: what was read and decoded is shared by all of them."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from msgspec import Struct

from streams.replay.backtest.played import HostileReplies, Played
from streams.replay.backtest.played import Told as Decided
from streams.replay.replies.fold import Folding, Told, records_of
from streams.replay.replies.logs import Log
from streams.replay.replies.plan import rules_of
from streams.replay.replies.summary import added
from streams.settings import Settings


class Unit(Struct, frozen=True):
    """Some settings on some partitions of a log."""

    log: Log
    partitions: tuple[int, ...]
    settings: tuple[Settings, ...]
    since_ms: float | None = None
    """Where the period begins."""


class Done(Struct):
    """What a unit came to."""

    is_whole: bool
    played: list[Played]
    """One for each of the settings, in their order."""


def folded(unit: Unit, told: Callable[[int], object], is_stopped: Callable[[], bool]) -> Done:
    """Fold a unit, partition after partition. ``told``: how many records more are folded, once for each of the settings."""
    made: list[list[Played]] = [[] for _ in unit.settings]
    for partition in unit.partitions:
        sides = [_Side(settings, unit.since_ms) for settings in unit.settings]
        is_whole = _fold(unit, partition, sides, told, is_stopped)
        for some, side in zip(made, sides, strict=True):
            some.append(side.played)
        if not is_whole:
            return Done(False, [joined(some) for some in made])
    return Done(True, [joined(some) for some in made])


def _fold(unit: Unit, partition: int, sides: Sequence["_Side"], told: Callable[[int], object], is_stopped: Callable[[], bool]) -> bool:
    with closing(unit.log.columns({partition: -1})) as coming:
        for columns in coming:
            records = records_of(columns.values)
            for side in sides:
                side.folding.take(columns, records)
            told(len(columns) * len(sides))
            if is_stopped():
                return False
    return True


def joined(parts: Sequence[Played]) -> Played:
    """Return what several partitions came to, one after the other."""
    return Played(
        tally=added(one.tally for one in parts),
        warm_up=added(one.warm_up for one in parts),
        before=[pileon for one in parts for pileon in one.before],
        told=[told for one in parts for told in one.told],
        hostile=[act for one in parts for act in one.hostile],
        answered=set().union(*(one.answered for one in parts)),
    )


class _Side:
    """One configuration on one partition."""

    def __init__(self, settings: Settings, since_ms: float | None) -> None:
        self.folding = Folding(rules_of(settings), since_ms, watch=self._watch)
        self.played = Played(self.folding.folded.tally, self.folding.folded.before)
        self._hostile = HostileReplies(settings)

    def _watch(self, found: Told, records: Sequence[Any], outcomes: Sequence[str], is_seen: bool) -> None:
        acts = self._hostile.among(records, outcomes)
        if is_seen:
            self.played.hostile.extend(acts)
            self.played.told.extend(Decided(*one) for one in zip(found.pileons, found.decisions, strict=True))
        else:
            self.played.before.extend(found.pileons)
            for _ in acts:  # a reply that counted then is not the first of its comment now
                pass
