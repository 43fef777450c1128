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
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("false_alarms_per_day", "pile-ons told", "a day", "95 % sure"):
        table.add_column(name, justify="right")
    for one in found.expected:
        table.add_row(f"{one.false_alarms_per_day:g}", str(one.alerts), f"{one.alerts_a_day:g}", f"{one.low:g} to {one.high:g}")
    return table


def _notes(found: Measured) -> Iterator[str]:
    yield f"Counted on the last {found.counted_days:g} days with what the days before taught. Real pile-ons are among them: judge a few."
    yield "Of these at most false_alarms_per_day a day are false, in the mean, as long as what is usual stays so."
    if found.days < 7:
        yield "Less than a week: weekdays differ, and so may what is usual."


def toml_of(calibration: Calibration) -> str:
    """Return it as a section of ``threadwatch.toml``."""
    values = calibration.as_values()
    own = [f"{name} = {_toml(value)}" for name, value in values.items() if "." not in name]
    prior = [f"{name.partition('.')[2]} = {_toml(value)}" for name, value in values.items() if "." in name]
    return "\n".join(["[calibration]", *own, "", "[calibration.prior]", *prior, ""])


def _toml(value: float | str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
