"""Replies through detector and alerts of several settings at once: what was read and decoded is shared by all of them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

import msgspec
from msgspec import Struct

from streams.replay.backtest.played import HostileReplies, Played
from streams.replay.backtest.played import Told as Decided
from streams.replay.backtest.stopped import Begun
from streams.replay.positions import counter
from streams.replay.replies.fold import Folded, Folding, Told, records_of
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
    keeps: bool = False
    """Whether another one is to go on where it was stopped."""
    begun: Mapping[int, Sequence[Begun]] = {}
    """Partition → where another one was stopped, for each of the settings."""


class Done(Struct):
    """What a unit came to, stopped or not."""

    is_whole: bool
    played: list[Played]
    """One for each of the settings, in their order."""
    begun: dict[int, list[Begun]] = {}
    """Where each partition was stopped, or ended, where that is kept."""


def folded(unit: Unit, told: Callable[[int], object], is_stopped: Callable[[], bool]) -> Done:
    """Fold a unit, partition after partition. ``told``: how many records more are folded, once for each of the settings."""
    made: list[list[Played]] = [[] for _ in unit.settings]
    begun: dict[int, list[Begun]] = {}
    is_whole = True
    for partition in unit.partitions:
        before = unit.begun.get(partition)
        sides = [_Side(one, unit.since_ms, before[place] if before else None) for place, one in enumerate(unit.settings)]
        is_whole = is_whole and _fold(unit, partition, sides, told, is_stopped)
        for some, side in zip(made, sides, strict=True):
            some.append(side.played)
        if unit.keeps:
            begun[partition] = [side.begun(with_entries=not is_whole) for side in sides]
        elif not is_whole:
            break
    return Done(is_whole, [joined(some) for some in made], begun)


def _fold(unit: Unit, partition: int, sides: Sequence["_Side"], told: Callable[[int], object], is_stopped: Callable[[], bool]) -> bool:
    with closing(unit.log.columns({partition: sides[0].folding.folded.offset})) as coming:
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

    def __init__(self, settings: Settings, since_ms: float | None, begun: Begun | None = None) -> None:
        self._hostile = HostileReplies(settings)
        folded = None if begun is None else msgspec.msgpack.decode(begun.folded, type=Folded, dec_hook=counter)
        self.folding = Folding(rules_of(settings), since_ms, folded, self._watch)
        self.played = Played(self.folding.folded.tally, self.folding.folded.before)
        if begun is not None:
            self._hostile.seen = set(begun.seen)
            self.folding.restore(begun.entries)
            before = msgspec.msgpack.decode(begun.played, type=Played, dec_hook=counter)
            self.played.before, self.played.told, self.played.hostile = before.before, before.told, before.hostile

    def begun(self, *, with_entries: bool) -> Begun:
        """Return where another one goes on."""
        entries = list(self.folding.entries()) if with_entries else []
        folded, packed = self.folding.folded, msgspec.msgpack.encode
        return Begun(packed(self.played), packed(folded), sorted(self._hostile.seen), entries, folded.offset, folded.messages)

    def _watch(self, found: Told, records: Sequence[Any], outcomes: Sequence[str], is_seen: bool) -> None:
        acts = self._hostile.among(records, outcomes)
        if is_seen:
            self.played.hostile.extend(acts)
            self.played.told.extend(Decided(*one) for one in zip(found.pileons, found.decisions, strict=True))
        else:
            self.played.before.extend(found.pileons)
            for _ in acts:  # a reply that counted then is not the first of its comment now
                pass
