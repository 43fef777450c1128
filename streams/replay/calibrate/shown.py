"""A calibration in a terminal, and as a section of a settings file."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group
from rich.table import Table

from streams.replay.calibrate.measured import Measured
from streams.stages.esr.calibration import Calibration

_FAR, _OFTEN = 2.0, 3
_JUDGE: Final = "Judge these first (judge-next.jsonl of threadwatch backtest run, or the console's Judge next), and give --labels."


def shown(found: Measured) -> Group:
    """Return what is usual here, and what each budget brings."""
    return Group(*_usual(found), "", _table(found), "", *_notes(found))


def _usual(found: Measured) -> Iterator[str]:
    prior, who = found.calibration.prior, f"{found.people} people by {found.authors} authors"
    yield f"{found.replies} replies to {who} in {found.days:g} days; {found.hostile} of them hostile"
    yield (
        f"usual for anybody: {prior.hostile_mass / prior.days:.3g} hostile people a day, "
        f"a hostile share of {prior.first_mean:.3g} ({prior.talk_mean:.3g} within a conversation)"
    )
    yield f"N: {found.calibration.stakes_per_day:g} stakes a day on the pace, {found.calibration.share_stakes_per_day:g} on the share"


def _table(found: Measured) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("false_alarms_per_day", "pile-ons told", "a day", "95 % sure", "proven bound alone", "diluted", "slack"):
        table.add_column(name, justify="right")
    for one in found.expected:
        told = f"{one.alerts}", f"{one.alerts_a_day:g}", f"{one.low:g} to {one.high:g}", f"{one.proven}", f"{one.warnings}"
        table.add_row(f"{one.false_alarms_per_day:g}", *told, f"{one.slack:g}")
    return table


def _notes(found: Measured) -> Iterator[str]:
    yield (
        f"Counted on the last {found.counted_days:g} days with what was usual in the days before, and with the slack that is sent, "
        f"which was learned on these very days. {_real(found)}"
    )
    yield from _learned(found)
    yield from _suspected(found)
    if found.apart:
        yield (
            f"Left out: {found.apart} of {found.replies + found.apart} replies, which stand apart from all others by more than half of the "
            "time (a clock that was wrong, or a recording with a hole)."
        )
    if found.days < 7:
        yield "Less than a week: weekdays differ, and so may what is usual."


def _real(found: Measured) -> str:
    judged = found.judged
    if not judged.labels:
        return "Real pile-ons are among them: judge a few."
    times, missed = sum(map(len, judged.real.values())), judged.labels - judged.matched
    nobody = f"; {missed} speak of nobody who is answered here (are their targets as in pileons.jsonl?)" if missed else ""
    return f"Without {times} judged pile-ons; others may be real. {judged.matched} of {judged.labels} labels were used{nobody}."


def _learned(found: Measured) -> Iterator[str]:
    """Tell where slack comes from, and at which budgets the bound that is proven holds for want of history."""
    proven = [f"{one.false_alarms_per_day:g}" for one in found.expected if one.slack == 1]
    if len(proven) < len(found.expected):
        yield (
            "slack: so many times the budget may the hostile share spend. It is an estimate: all that was told with it on those days, "
            "but for judged pile-ons, stayed within the budget, 95 % sure if one person's alarms come together as they did then."
        )
    if proven:
        yield (
            f"slack 1 (at {', '.join(proven)} a day): the bound that is proven, for these days are too few, or too full of pile-ons, to "
            "teach more. Of what it tells at most so many a day are false, in the mean, while what is usual stays so. Longer recordings "
            "teach more, and judged pile-ons (--labels)."
        )


def _suspected(found: Measured) -> Iterator[str]:
    """Warn of raids that nobody judged: they teach no slack, and what does not look like one is learned as usual."""
    prior = found.calibration.prior
    if found.likely:
        yield (
            f"Left out of what is usual: {found.likely} times that look like pile-ons, which nobody judged; to slack each that is told "
            f"is a false alarm. {_JUDGE}"
        )
    if prior.talk_mean > _FAR * prior.first_mean:
        far = f"{prior.talk_mean / prior.first_mean:.1f} times"
        yield f"Within a conversation hostility is {far} what is usual: pile-ons may be taken for usual. {_JUDGE}"
    if found.bursts >= _OFTEN and not any(one.alerts for one in found.expected if one.false_alarms_per_day <= 1):
        half = f"{found.bursts} times several people, half of those answering, were hostile to one person within an hour"
        yield f"{half}, and at 1 a day nothing would be told. {_JUDGE}"


def toml_of(calibration: Calibration) -> str:
    """Return it as a section of ``threadwatch.toml``."""
    sections: dict[str, list[str]] = {"calibration": []}
    for name, value in calibration.as_values().items():
        outer, dot, inner = name.rpartition(".")
        sections.setdefault(f"calibration{dot}{outer}", []).append(f"{inner} = {_toml(value)}")
    return "\n".join("\n".join((f"[{name}]", *lines, "")) for name, lines in sections.items())


def _toml(value: float | str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
