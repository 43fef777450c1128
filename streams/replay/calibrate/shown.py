"""A calibration in a terminal, and as a section of a settings file."""

from collections.abc import Iterator

from rich.console import Group
from rich.table import Table

from streams.replay.calibrate.measured import Measured
from streams.stages.esr.calibration import Calibration


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
    """``slack`` is what the first half taught, with which the second was counted, and what all of it teaches."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("false_alarms_per_day", "pile-ons told", "a day", "95 % sure", "proven bound alone", "diluted", "slack (half, all)"):
        table.add_column(name, justify="right")
    for one in found.expected:
        told = f"{one.alerts}", f"{one.alerts_a_day:g}", f"{one.low:g} to {one.high:g}", f"{one.proven}", f"{one.warnings}"
        table.add_row(f"{one.false_alarms_per_day:g}", *told, f"{one.slack_then:g}, {one.slack:g}")
    return table


def _notes(found: Measured) -> Iterator[str]:
    real = f"Without {found.judged} judged pile-ons; others may be real" if found.judged else "Real pile-ons are among them"
    yield f"Counted on the last {found.counted_days:g} days with what the days before taught. {real}: judge a few."
    yield "Of these at most false_alarms_per_day a day are false, in the mean, while what is usual stays so; of warnings diluted as many."
    yield from _learned(found)
    if found.days < 7:
        yield "Less than a week: weekdays differ, and so may what is usual."


def _learned(found: Measured) -> Iterator[str]:
    """Tell where slack comes from, and at which budgets the bound that is proven holds for want of history."""
    proven = [f"{one.false_alarms_per_day:g}" for one in found.expected if one.slack == 1]
    if len(proven) < len(found.expected):
        yield (
            f"slack: so many times the budget may the hostile share spend. In {found.taught_days:g} days all that was told with it, but "
            "for judged pile-ons, stayed within the budget, 95 % sure."
        )
    if proven:
        yield (
            f"slack 1 (at {', '.join(proven)} a day): the bound that is proven, for these days are too few, or too full of pile-ons, to "
            "teach more. Longer recordings do, and judged pile-ons (--labels)."
        )


def toml_of(calibration: Calibration) -> str:
    """Return it as a section of ``threadwatch.toml``."""
    sections: dict[str, list[str]] = {"calibration": []}
    for name, value in calibration.as_values().items():
        outer, dot, inner = name.rpartition(".")
        sections.setdefault(f"calibration{dot}{outer}", []).append(f"{inner} = {_toml(value)}")
    return "\n".join("\n".join((f"[{name}]", *lines, "")) for name, lines in sections.items())


def _toml(value: float | str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
