"""``threadwatch backtest diff``: two runs' candidates beside each other, and conditions under which that fails."""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.records import PileOn, Status
from streams.replay.backtest.cases import Kind, cases, matched, of_period
from streams.replay.backtest.report import Summary, counted
from streams.replay.folder import SUMMARY

_CONDITION: Final = re.compile(r"\s*([a-z0-9_]+)\s*(>=|<=|>|<)\s*([+-]?)(\d+(?:\.\d+)?)\s*(%?)\s*")
_HOLDS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


class Difference(Struct, frozen=True, kw_only=True):
    """Two runs: the candidates' measures, and what became of the first one's pile-ons under the second."""

    before: dict[str, float | None]
    after: dict[str, float | None]
    changes: dict[Kind, int]
    partial: tuple[str, ...] = ()
    """Of each run that was stopped: which one, and how much of it was left."""

    def value(self, name: str) -> tuple[float | None, float | None]:
        """Return a measure before and after; of a kind of change there is none before."""
        if name in self.changes:
            return 0.0, float(self.changes[Kind(name)])
        return self.before[name], self.after[name]

    @property
    def names(self) -> list[str]:
        """Return what conditions can speak of."""
        return [*self.after, *self.changes]


class Condition(Struct, frozen=True):
    """``alerts_per_day>+20%``: a measure, a comparison, a bound: on the change with a sign or ``%``, else on the value after."""

    text: str
    name: str
    comparison: str
    bound: float
    is_change: bool
    is_relative: bool

    def holds(self, found: Difference) -> bool:
        """Return whether it does; of what cannot be measured on one side nothing holds."""
        before, after = found.value(self.name)
        if after is None or (self.is_change and before is None):
            return False
        return _HOLDS[self.comparison](self._measured(before or 0.0, after), self.bound)

    def _measured(self, before: float, after: float) -> float:
        if self.is_relative:
            return _percent(before, after)
        return after - before if self.is_change else after

    def said(self, found: Difference) -> str:
        """Return the condition with the numbers that it holds of."""
        before, after = found.value(self.name)
        return f"{self.text}: {before:g} before, {after:g} after" if self.is_change else f"{self.text}: {after:g}"


def _percent(before: float, after: float) -> float:
    """Return by how much it changed, in per cent; from nothing to something is endless."""
    if before == 0:
        return math.copysign(math.inf, after) if after else 0.0
    return 100 * (after - before) / abs(before)


def condition(text: str, known: list[str]) -> Condition:
    """Return what a user wrote. Raises UserError for what is no condition, or speaks of no measure."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UserError(f"--fail-if {text!r}: write a measure, >, >=, < or <=, and a bound, such as alerts_per_day>+20% or lost>0")
    name, comparison, sign, bound, percent = found.groups()
    if name not in known:
        raise UserError(f"--fail-if {text!r}: there is no measure {name!r}; there are {', '.join(known)}")
    value = -float(bound) if sign == "-" else float(bound)
    return Condition(text.strip(), name, comparison, value, is_change=bool(sign or percent), is_relative=bool(percent))


def summary_of(folder: Path) -> Summary:
    """Return a run's summary. Raises UserError where the folder holds none."""
    try:
        return msgspec.json.decode((folder / SUMMARY).read_bytes(), type=Summary)
    except OSError as error:
        raise UserError(
            f"{folder} holds no backtest: {SUMMARY} cannot be read ({error.strerror}); `backtest run --out` makes one"
        ) from error
    except msgspec.MsgspecError as error:
        if _is_of_a_replay(folder / SUMMARY):
            raise UserError(f"{folder} holds a replay, whose account is {SUMMARY}; `backtest run` makes a backtest") from error
        raise UserError(f"{folder / SUMMARY} is not that of a backtest of this version ({error}); run it again") from error


class _OfReplay(Struct, frozen=True):
    """What stands in every summary of a replay, and in none of a backtest."""

    alerts_digest: str


def _is_of_a_replay(file: Path) -> bool:
    try:
        return bool(msgspec.json.decode(file.read_bytes(), type=_OfReplay))
    except msgspec.MsgspecError:
        return False


def difference(first: Path, second: Path) -> Difference:
    """Return what differs. Raises UserError for folders that hold no backtest, or that read other comments."""
    before, after = summary_of(first), summary_of(second)
    partial = tuple(_stopped(folder, one) for folder, one in ((first, before), (second, after)) if not one.complete)
    if before.coverage.input != after.coverage.input:
        why = f" ({'; '.join(partial)}: go on with --resume)" if partial else ""
        raise UserError(f"{first} and {second} did not read the same comments; run both on the same file or period{why}")
    pileons = [_pileons(first), _pileons(second)]
    changes = of_period(matched(*map(cases, pileons)), _begun([one for some in pileons for one in some]))
    return Difference(
        before=before.candidate, after=_like(after.candidate, before.candidate, second), changes=counted(changes), partial=partial
    )


def _stopped(folder: Path, one: Summary) -> str:
    return f"{folder} is partial, it was stopped with {one.not_replayed} comments left"


def _begun(pileons: Sequence[PileOn]) -> set[str]:
    """Return the pile-ons that opened in the warm-up: of these a run's files show the rest only."""
    opened = {one.pileon_id for one in pileons if one.status is Status.OPENED}
    return {one.pileon_id for one in pileons} - opened


def _like(after: Mapping[str, float | None], before: Mapping[str, float | None], folder: Path) -> dict[str, float | None]:
    if after.keys() != before.keys():
        raise UserError(f"{folder} was written by another version of threadwatch; run it again")
    return dict(after)


def _pileons(folder: Path) -> list[PileOn]:
    file = folder / "pileons.jsonl"
    try:
        return [msgspec.json.decode(line, type=PileOn) for line in file.read_bytes().splitlines()]
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}); run the backtest again") from error
    except msgspec.MsgspecError as error:
        raise UserError(f"{file} is damaged ({error}); run the backtest again") from error
