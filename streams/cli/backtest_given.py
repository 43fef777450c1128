"""What several commands of ``threadwatch backtest`` are given: labels, and where a report goes."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.errors import UserError

if TYPE_CHECKING:
    from streams.replay.backtest.labels import Label
    from streams.replay.backtest.texts import Texts
    from streams.settings import Settings

FEEDBACK = "feedback"
Labels = Annotated[
    str | None, typer.Option("--labels", help="CSV or JSON lines of target, from, to, verdict; or: feedback, the topic of verdicts.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Write the report there too: one file that needs nothing else.")]

Parquet = Annotated[
    Path | None, typer.Option("--parquet", help="Write alerts, pileons and changes as Parquet to this folder, too (extra: parquet).")
]

WithText = Annotated[bool, typer.Option("--with-text", help="The report of --html also holds text of comments. Mind how long you keep it.")]


def one_of_stdin(file: str | None, labels: str | None) -> None:
    """Raise UserError where both are standard input."""
    if file == labels == "-":
        raise UserError("--file - and --labels -: standard input can be only one of them")


def labels_of(labels: str | None, here: "Settings") -> list["Label"]:
    """Return the labels of a file or of the topic of verdicts. Raises UserError as these do."""
    from streams.replay.backtest.feedback import labels_of_feedback
    from streams.replay.backtest.labels import labels_in

    if labels is None:
        return []
    return labels_of_feedback(here) if labels == FEEDBACK else labels_in(labels)


def write_report(folder: Path, html: Path, texts: "Texts | None" = None) -> None:
    """Write a run's report beside the place it is meant for, then move it there."""
    from streams.replay.backtest.html.page import report_of

    put_html(html, report_of(folder, texts))


def put_html(html: Path, text: str) -> None:
    """Write a page beside its place, move it there and say so. Raises UserError where it cannot be."""
    from streams.replay.folder import put_beside

    put_beside(html, text, "--html")
    print(f"report: {html}", file=sys.stderr)


def check_parquet(folder: Path | None) -> None:
    """Raise UserError before anything is read where tables are asked for and cannot be written."""
    from streams.replay.parquet import pyarrow

    if folder is not None:
        pyarrow()
        if folder.exists() and not folder.is_dir():
            raise UserError(f"--parquet: {folder} is a file; name a folder")


def check_html(file: Path | None) -> None:
    """Raise UserError before anything is read where a page is asked for and cannot be written."""
    if file is None:
        return
    if file.is_dir():
        raise UserError(f"--html: {file} is a folder; name a file")
    if not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
        raise UserError(f"--html: {file} cannot be written; name a file in a folder that is there and that you may write to")


def write_parquet(run: Path, folder: Path) -> None:
    """Write a run's tables to a folder, and say so. Raises UserError where they cannot be."""
    from streams.replay.backtest.parquet_tables import write_tables

    print(f"parquet: {', '.join(map(str, write_tables(run, folder)))}", file=sys.stderr)
