"""The closing table of the demo."""

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.demo.account import Account
from streams.lines import shown
from streams.stages.targets import Condition, TargetSummary

_MOST: Final = 6
_COLOURS: Final = {Condition.OPEN: "bold red", Condition.WATCH: "yellow", Condition.UNKNOWN: "cyan", Condition.CALM: "green"}


def print_table(console: Console, summed: Account, seconds: float, addresses: dict[str, str]) -> None:
    """Print sums, the most piled-on people, why some are watched, and where to look."""
    sums = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in _sums(summed, seconds):
        sums.add_row(Text(name, "dim"), value)
    console.print()
    console.print(sums)
    console.print(_people(summed))
    for target in summed.targets[:_MOST]:
        if target.status is Condition.WATCH and not _has_ended(summed, target):
            console.print(f"  {shown(target.target_id)}: {target.why}", markup=False, highlight=False)
    for name, address in addresses.items():
        console.print(f"  {name:<13} {address}", soft_wrap=True)


def _sums(summed: Account, seconds: float) -> list[tuple[str, str]]:
    return [
        ("comments", f"{summed.sent} sent, {summed.scored} scored, {summed.missing} missing"),
        ("speed", f"{summed.sent / max(seconds, 0.001):.0f} comments a second, played over {seconds:.0f} s (make bench measures)"),
        ("dead letters", str(summed.dead_letters)),
        ("pile-ons", f"{summed.opened} opened, {summed.closed} ended"),
    ]


def _people(summed: Account) -> Table:
    table = Table(title="the most piled-on people", title_justify="left", header_style="dim")
    for name in ("person", "where"):
        table.add_column(name)
    for name in ("hostile people (soft)", "surely hostile", "replies"):
        table.add_column(name, justify="right")
    table.add_column("status")
    for target in summed.targets[:_MOST]:
        table.add_row(
            shown(target.target_id),
            f"{shown(target.source)}/{shown(target.community)}",
            f"{target.hostile_authors:.1f}",
            str(target.surely_hostile_authors),
            str(target.replies),
            _status(summed, target),
        )
    return table


def _status(summed: Account, target: TargetSummary) -> Text:
    return Text("ended", "magenta") if _has_ended(summed, target) else Text(target.status, _COLOURS[target.status])


def _has_ended(summed: Account, target: TargetSummary) -> bool:
    return (target.source, target.community, target.target_id) in summed.ended
