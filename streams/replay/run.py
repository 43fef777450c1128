"""Records through the very stages that run live, with a virtual clock instead of a broker's. Pure: values in, values out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from msgspec import Struct, field

from streams.engine import Effects, fold
from streams.records import Tick
from streams.stages.step import Arrived, Stage
from streams.topics import REPLIES

TICKS_EVERY: Final = timedelta(minutes=1)
BATCH: Final = 500
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Turn(Struct, frozen=True):
    """What one stage made of one batch: ``arrived`` and ``effects.steps`` stand side by side."""

    stage: Stage
    arrived: list[Arrived]
    effects: Effects


class Results(Struct):
    """All that a run gave, by stage name. For files that do not fit in memory take ``run``'s turns one by one."""

    outputs: dict[str, list[Any]] = field(default_factory=dict)
    inputs: dict[str, list[Arrived]] = field(default_factory=dict)
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    notes: dict[str, Counter[str]] = field(default_factory=dict)


def run(
    stages: Sequence[Stage],
    arrived: Iterable[Arrived],
    ticks_every: timedelta = TICKS_EVERY,
    batch: int = BATCH,
    ticks_until: datetime | None = None,
    ends_at: datetime | None = None,
) -> Iterator[Turn]:
    """Yield what each stage makes of each batch, first stage to last.

    ``arrived`` is in order, its times never go back. The sizes of batches change nothing but memory. Where a stage
    reads ``replies``, ticks are woven in as the virtual clock passes multiples of ``ticks_every``, and a last one at its end;
    none claims more than ``ticks_until``. ``ends_at`` is where the clock stands at the end, where records came of which these are made.
    """
    going = Going(stages, ticks_every, ticks_until)
    coming = iter(arrived)
    while some := list(islice(coming, batch)):
        yield from going.take(some)
    yield from going.end(ends_at)


class Going:
    """A run that is given its records batch by batch. Its stores and its ticks can be taken over by another run."""

    def __init__(self, stages: Sequence[Stage], ticks_every: timedelta = TICKS_EVERY, ticks_until: datetime | None = None) -> None:
        """Begin with empty stores."""
        self.stages = stages
        self.stores: list[Any] = [stage.new_store() for stage in stages]
        self.ticks = Ticks(ticks_every, ticks_until)
        self.now: datetime | None = None
        """When the last record arrived."""

    def take(self, arrived: list[Arrived]) -> Iterator[Turn]:
        """Yield what each stage makes of a batch, first stage to last."""
        if arrived:
            self.now = arrived[-1].at
            yield from _through(self.stages, self.stores, arrived, self.ticks)

    def end(self, ends_at: datetime | None = None) -> Iterator[Turn]:
        """Yield what the last tick brings. ``ends_at``: where the clock stands, if not at the last record."""
        now = self.now if ends_at is None else max(self.now or ends_at, ends_at)
        if now is not None:
            yield from _at_the_end(self.stages, self.stores, now, self.ticks)


def results(turns: Iterable[Turn]) -> Results:
    """Return a run's turns gathered."""
    gathered = Results()
    for turn in turns:
        name = turn.stage.name
        gathered.inputs.setdefault(name, []).extend(turn.arrived)
        gathered.outputs.setdefault(name, []).extend(turn.effects.outputs)
        gathered.outcomes.setdefault(name, Counter()).update(turn.effects.outcomes)
        gathered.notes.setdefault(name, Counter()).update(turn.effects.notes)
    return gathered


class Ticks:
    """Writes time into the log, as the owner of a partition does live."""

    def __init__(self, every: timedelta, until: datetime | None) -> None:
        self._every = every
        self._until = until
        self.last: datetime | None = None
        """What the last one claimed."""

    def woven(self, arrived: Iterable[Arrived]) -> Iterator[Arrived]:
        """Yield records with the ticks between them."""
        for one in arrived:
            if (tick := self.due(one.at)) is not None:
                yield tick
            yield one

    def due(self, at: datetime) -> Arrived | None:
        """Return the tick that comes before what arrives then, if there is one."""
        at = self.bounded(at)
        due = at - (at - _START) % self._every
        return self.tick(due) if self.last is None or due > self.last else None

    def bounded(self, at: datetime) -> datetime:
        """Return the latest that a tick may claim by then."""
        return at if self._until is None else min(at, self._until)

    def tick(self, at: datetime) -> Arrived:
        """Return a tick of this time."""
        self.last = at
        return Arrived(Tick(at=at), at)


def _through(stages: Sequence[Stage], stores: Sequence[Any], arrived: list[Arrived], ticks: Ticks) -> Iterator[Turn]:
    for stage, store in zip(stages, stores, strict=True):
        coming = list(ticks.woven(arrived)) if _takes_ticks(stage) else arrived
        turn = _turn(stage, store, coming)
        yield turn
        arrived = handed_on(turn)


def _at_the_end(stages: Sequence[Stage], stores: Sequence[Any], now: datetime, ticks: Ticks) -> Iterator[Turn]:
    first = next((n for n, stage in enumerate(stages) if _takes_ticks(stage)), len(stages))
    arrived = [ticks.tick(ticks.bounded(now))]
    for stage, store in zip(stages[first:], stores[first:], strict=True):
        turn = _turn(stage, store, arrived)
        yield turn
        arrived = handed_on(turn)


def _takes_ticks(stage: Stage) -> bool:
    return stage.source.name == REPLIES.name


def _turn(stage: Stage, store: Any, arrived: list[Arrived]) -> Turn:
    effects = Effects()
    fold(stage, arrived, store, effects, writes_state=False)
    return Turn(stage, arrived, effects)


def handed_on(turn: Turn) -> list[Arrived]:
    """Return what the next stage reads: each output with the arrival of the record that brought it."""
    return [Arrived(record, one.at) for one, step in zip(turn.arrived, turn.effects.steps, strict=True) for record in step.outputs]
