"""``threadwatch ingest page|jsonl|csv``: comments of a source into ``comments.raw``, or as JSON lines with ``--to -``."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from streams.cli.options import Config, Data, Kafka, Prefix

if TYPE_CHECKING:
    from streams.records import Comment
    from streams.settings import Settings
    from streams.sources.page_records import Origin
    from streams.sources.tables import Row

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Comments of a source into comments.raw.")


class ArrivedAt(StrEnum):
    """When a comment counts as having arrived."""

    CREATED = "created"
    NOW = "now"


File = Annotated[str, typer.Argument(metavar="FILE|-", help="The file, plain, .gz or .zst; - is stdin.")]
Source = Annotated[str, typer.Option("--source", help="Name of the source.")]
Community = Annotated[str, typer.Option("--community", help="Name of the site or section.")]
Arrived = Annotated[ArrivedAt | None, typer.Option("--arrived-at", help="created: as of then (history); now: Kafka's timestamp.")]
To = Annotated[str | None, typer.Option("--to", metavar="-|FILE", help="Write comment records as JSON lines; no broker.")]
Pseudonymise = Annotated[bool, typer.Option("--pseudonymise", help="Replace author ids and names by HMACs under the installation key.")]
Map = Annotated[list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Which column is which field; may be repeated.")]
RejectsFile = Annotated[Path | None, typer.Option("--rejects", help="Where rejected rows are listed (default: FILE.rejects.jsonl).")]


@app.command()
def page(
    file: File,
    source: Source = "page",
    community: Community = "default",
    conversation: Annotated[str | None, typer.Option("--conversation", help="Its id (default: a hash of the article's heading).")] = None,
    published_at: Annotated[str | None, typer.Option("--published-at", help="ISO time before which no comment was written.")] = None,
    scraped_at: Annotated[str | None, typer.Option("--scraped-at", help="ISO time after which none was written (default: now).")] = None,
    seen: Annotated[str | None, typer.Option("--seen", help="File of ids or comments sent before (default: comments.raw).")] = None,
    arrived_at: Arrived = None,
    to: To = None,
    pseudonymise: Pseudonymise = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> None:
    """Read a comment page flattened to text; of a page scraped again only what is new is sent."""
    from streams.cli.delivery import check_apart, deliver
    from streams.cli.options import settings_of
    from streams.packed import name_of
    from streams.sources.opened import page_text
    from streams.sources.page import read_page
    from streams.sources.page_records import Origin, bounds, conversation_of, records_of

    settings = settings_of(config, kafka, prefix, data)
    check_apart("--to", to, file)
    read = read_page(page_text(file), name_of(file))
    if not read.heading and not conversation:
        _headless(name_of(file), to)
    first, last = bounds(_time("--published-at", published_at), _time("--scraped-at", scraped_at), datetime.now(UTC), len(read.comments))
    origin = Origin(source, community, conversation or conversation_of(read), first, last, arrived_at is ArrivedAt.CREATED)
    _check_names(origin)
    pseudonymiser = _pseudonymiser(settings, pseudonymise)
    hide = partial(pseudonymiser, source, community) if pseudonymiser else None
    found = records_of(read, origin, _seen(settings, origin, seen, to), hide)
    deliver(settings, found.records, to)
    _say(found.words())


@app.command()
def jsonl(
    file: File,
    map_: Map = None,
    source: Source = "file",
    community: Community = "default",
    conversation: Annotated[str | None, typer.Option("--conversation", help="The conversation of rows that name none.")] = None,
    arrived_at: Arrived = None,
    rejects: RejectsFile = None,
    to: To = None,
    pseudonymise: Pseudonymise = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> None:
    """Read one JSON object a line; rows that cannot be read are counted and listed in the rejects file."""
    from streams.cli.options import settings_of
    from streams.sources.tables import json_rows

    settings = settings_of(config, kafka, prefix, data)
    defaults = {"source": source, "community": community, "conversation_id": conversation}
    _rows(settings, file, json_rows, map_ or [], defaults, arrived_at, rejects, to, pseudonymise)


@app.command()
def csv(
    file: File,
    map_: Map = None,
    source: Source = "file",
    community: Community = "default",
    conversation: Annotated[str | None, typer.Option("--conversation", help="The conversation of rows that name none.")] = None,
    arrived_at: Arrived = None,
    rejects: RejectsFile = None,
    to: To = None,
    pseudonymise: Pseudonymise = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> None:
    """Read CSV whose first line names the columns; rows that cannot be read are counted and listed in the rejects file."""
    from streams.cli.options import settings_of
    from streams.packed import name_of
    from streams.sources.tables import csv_rows

    settings = settings_of(config, kafka, prefix, data)
    defaults = {"source": source, "community": community, "conversation_id": conversation}
    reader = partial(csv_rows, where=name_of(file))
    _rows(settings, file, reader, map_ or [], defaults, arrived_at, rejects, to, pseudonymise)


def _rows(
    settings: "Settings",
    file: str,
    reader: "Callable[[BinaryIO, Callable[[int, str], None]], Iterable[Row]]",
    pairs: list[str],
    defaults: dict[str, str | None],
    arrived_at: ArrivedAt | None,
    rejects_file: Path | None,
    to: str | None,
    pseudonymise: bool,
) -> None:
    """Read, convert and deliver, one row at a time."""
    from streams.cli.delivery import check_apart, deliver
    from streams.packed import name_of, opened
    from streams.sources.late import Late
    from streams.sources.rows import Plan, mapped
    from streams.sources.tables import Rejects, comments

    plan = Plan(
        columns=mapped(pairs),
        defaults={field: value for field, value in defaults.items() if value},
        arrived_at=arrived_at.value if arrived_at else None,
        pseudonymise=_pseudonymiser(settings, pseudonymise),
    )
    where, late = name_of(file), Late(settings.sources, None if to else datetime.now(UTC))
    listed_in = rejects_file or Path(f"{where}.rejects.jsonl")
    check_apart("--to", to, file)
    check_apart("--rejects", listed_in, file)
    with opened(file) as (stream, raw), Rejects(listed_in) as rejected, _progress(raw) as advance:
        read = comments(reader(stream, rejected.add), plan, rejected.add, where)
        delivered = deliver(settings, advance(late.seen(rejected.not_all(read, where))), to)
    listed = f", listed in {rejected.file}" if rejected.count else ""
    _say(f"{_counted(delivered, 'comment')} read; {_counted(rejected.count, 'row')} rejected{listed}")
    if late.count:
        _say(late.words())


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _seen(settings: "Settings", origin: "Origin", file: str | None, to: str | None) -> set[str]:
    """Return the ids sent before: those of ``--seen``, else those in ``comments.raw`` where a broker is used at all."""
    if file is not None:
        from streams.sources.known import ids_in

        return ids_in(file)
    if to is not None:
        return set()
    from streams.kafka.read import seen_comment_ids

    return seen_comment_ids(settings, origin.source, origin.community, origin.conversation_id)


def _pseudonymiser(settings: "Settings", wanted: bool) -> Callable[[str, str, str], str] | None:
    """Return what hides a person of a source and community: whoever has one name in two of them gets two pseudonyms."""
    if not wanted:
        return None
    from streams.pseudonyms import installation_key, pseudonym

    return partial(pseudonym, installation_key(settings.data), "author")


def _headless(where: str, to: str | None) -> None:
    """Two pages without a heading must not become one conversation on the broker."""
    from streams.errors import UserError

    if to is None:
        raise UserError(f"{where}: no heading above the comments to tell the conversation by; name it with --conversation ID")
    _say(f"{where}: no heading above the comments; all such pages share one conversation id: name it with --conversation ID")


def _time(option: str, value: str | None) -> datetime | None:
    from streams.errors import UserError
    from streams.sources.instants import instant

    try:
        return instant(value) if value is not None else None
    except ValueError as error:
        raise UserError(f"{option} {value} {error}") from error


def _check_names(origin: "Origin") -> None:
    """Refuse what no record could carry, before anything is sent."""
    from streams.errors import UserError

    for option, value, longest in (
        ("--source", origin.source, 512),
        ("--community", origin.community, 512),
        ("--conversation", origin.conversation_id, 1024),
    ):
        if not 0 < len(value) <= longest:
            raise UserError(f"{option}: 1 to {longest} characters are wanted, these are {len(value)}")


@contextmanager
def _progress(raw: BinaryIO) -> "Iterator[Callable[[Iterable[Comment]], Iterable[Comment]]]":
    """Give a function that shows, on a terminal only, how much of the file has been read while its rows go by."""
    if not sys.stderr.isatty():
        yield lambda rows: rows
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.fields[rows]} comments"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rows", total=_size(raw), rows=0)
        yield lambda rows: _shown(rows, lambda count: bar.update(task, completed=_place(raw), rows=count))


def _shown(rows: "Iterable[Comment]", show: Callable[[int], Any]) -> "Iterator[Comment]":
    for count, row in enumerate(rows, 1):
        if count % 500 == 0:
            show(count)
        yield row


def _size(raw: BinaryIO) -> int | None:
    import os

    return os.fstat(raw.fileno()).st_size or None if raw.seekable() else None


def _place(raw: BinaryIO) -> int:
    return raw.tell() if raw.seekable() else 0


def _say(words: str) -> None:
    print(words, file=sys.stderr)
