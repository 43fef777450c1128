"""``threadwatch backtest diff`` and ``show``: results that lie in folders."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.backtest_given import Html, Parquet, check_parquet, put_html, write_parquet, write_report
from streams.errors import UserError


def diff(
    first: Annotated[Path, typer.Argument(help="Folder of a run: before.")],
    second: Annotated[Path, typer.Argument(help="Folder of a run on the same comments: after.")],
    fail_if: Annotated[
        list[str] | None, typer.Option("--fail-if", help='Exit 1 where this holds: "alerts_per_day>+20%", "lost>0". May be given often.')
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Let --fail-if judge runs that were stopped before their end, too.")] = False,
) -> int:
    """Compare the candidates of two runs on the same comments."""
    from rich.console import Console, Group

    from streams.errors import CHECK_FAILED, OK
    from streams.replay.backtest.diff import condition, difference
    from streams.replay.backtest.table import changed, compared, printed

    found = difference(first, second)
    conditions = [condition(text, found.names) for text in fail_if or ()]
    if conditions and found.partial and not partial:
        raise UserError(f"--fail-if: {found.partial[0]}; go on with --resume, or add --partial to judge what there is")
    told = [f"PARTIAL: {one}" for one in found.partial]
    printed(Group(*told, compared(found.before, found.after, ("before", "after")), "", changed(found.changes)), Console())
    failed = [one for one in conditions if one.holds(found)]
    for one in failed:
        print(f"threadwatch: fails, {one.said(found)}", file=sys.stderr)
    return CHECK_FAILED if failed else OK


def show(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or a sweep.")],
    as_json: Annotated[bool, typer.Option("--json", help="summary.json, or sweep.json, as it stands.")] = False,
    slices: Annotated[bool, typer.Option("--slices", help="Of a run: by community, language and identity terms instead.")] = False,
    html: Html = None,
    parquet: Parquet = None,
) -> int:
    """Print the table of a run or a sweep again, or write its report."""
    from rich.console import Console

    from streams.replay.backtest.diff import summary_of
    from streams.replay.backtest.swept import SWEEP
    from streams.replay.backtest.table import printed, shown
    from streams.replay.folder import SUMMARY

    if slices:
        return _show_slices(folder)
    if parquet is not None:
        return _show_parquet(folder, parquet)
    if (folder / SWEEP).exists():
        return _show_sweep(folder, as_json, html)
    found = summary_of(folder)
    if html is not None:
        write_report(folder, html)
    elif as_json:
        sys.stdout.write((folder / SUMMARY).read_text(encoding="utf-8"))
    else:
        printed(shown(found), Console())
    return 0


def _show_slices(folder: Path) -> int:
    from rich.console import Console

    from streams.replay.backtest.diff import summary_of
    from streams.replay.backtest.slices_table import shown
    from streams.replay.backtest.table import printed

    printed(shown(summary_of(folder).slices), Console())
    return 0


def _show_parquet(folder: Path, to: Path) -> int:
    from streams.replay.backtest.diff import summary_of

    check_parquet(to)
    summary_of(folder)  # there is a whole run
    write_parquet(folder, to)
    return 0


def _show_sweep(folder: Path, as_json: bool, html: Path | None) -> int:
    from rich.console import Console

    from streams.replay.backtest.html.sweeps import sweep_report
    from streams.replay.backtest.sweep_table import shown
    from streams.replay.backtest.swept import SWEEP, sweep_of
    from streams.replay.backtest.table import printed

    found = sweep_of(folder)
    if html is not None:
        put_html(html, sweep_report(found))
    elif as_json:
        sys.stdout.write((folder / SWEEP).read_text(encoding="utf-8"))
    else:
        printed(shown(found), Console())
    return 0
