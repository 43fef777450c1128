"""``threadwatch score``: texts in, toxicities out, in the same order; no broker."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from streams.cli.options import Config
from streams.packed import MAX_LINE

if TYPE_CHECKING:
    from streams.cli.bad_lines import BadLines
    from streams.scorers import Scorer

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_READ_BYTES: Final = 1 << 16
"""What is there of so many bytes is one batch: a slow writer waits for nothing, a large file is read in pieces."""


@app.command()
def score(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON lines with id and text, or plain lines; - is stdin.")] = "-",
    scorer: Annotated[
        str | None,
        typer.Option("--scorer", help="linear, compact, detoxify:original and its like (with :fast too), cascade:linear+compact."),
    ] = None,
    config: Config = None,
) -> None:
    """Print {id, toxicity, labels, scorer} for each line, as JSON lines in the same order.

    The first line decides: if it begins with {, each line is an object with "text" and, if it has one, "id"; else each
    line is a text, and its number is its id. FILE may be .gz or .zst. Lines that cannot be read are told on stderr by
    number, and make the exit code 1; a file without one readable line is a mistake (2); nothing in is nothing out (0).
    """
    from streams.cli.bad_lines import BadLines
    from streams.cli.options import settings_of
    from streams.errors import UserError
    from streams.packed import name_of, opened
    from streams.scorers import ScorerUnavailable, open_or_fall_back

    bad = BadLines(name_of(file), 'JSON lines with "text" and, where there is one, "id"; or plain lines of text')
    with opened(file) as (lines, raw):
        try:
            settings = settings_of(config, scorer=scorer)
            scored_by, why = open_or_fall_back(settings.scorer, settings.scoring)
            if why:
                print(f"threadwatch: scoring with {scored_by.name}, as scoring.fallback says: {why}", file=sys.stderr)
            with _watched(_batches(lines), raw) as batches:
                _score(batches, scored_by, bad)
        except ScorerUnavailable as error:
            raise UserError(str(error)) from error
    bad.finish()


@contextmanager
def _watched(batches: Iterator[list[bytes]], raw: BinaryIO) -> Iterator[Iterator[list[bytes]]]:
    """Yield the batches. On a terminal a bar shows how far the file is, unless the answers stand there, too."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield batches
        return
    from streams.cli.recorded import bar

    size = os.fstat(raw.fileno()).st_size  # 0 of a pipe: nobody knows how much will come
    with bar("scoring") as told:
        yield _telling(batches, lambda: told(raw.tell(), size) if size else None)


def _telling(batches: Iterator[list[bytes]], tell: Callable[[], None]) -> Iterator[list[bytes]]:
    for batch in batches:
        tell()
        yield batch


def _batches(lines: BinaryIO) -> Iterator[list[bytes]]:
    """Yield complete lines as they come, without their ends. Of a line that is too long a little more than that is kept."""
    started: list[bytes] = []
    length = 0
    while read := lines.read1(_READ_BYTES):  # type: ignore[attr-defined]  # all kinds are buffered readers
        *complete, rest = read.split(b"\n")
        if complete:
            yield [b"".join([*started, complete[0]]), *complete[1:]]
            started, length = [], 0
        if length <= MAX_LINE:
            started.append(rest)
            length += len(rest)
    if last := b"".join(started):
        yield [last]


def _score(batches: Iterator[list[bytes]], scorer: "Scorer", bad: "BadLines") -> None:
    """Print the score of each line that can be read."""
    import msgspec

    from streams.cli.scored_lines import Line, reader
    from streams.stages.score import cut

    number = 0
    read = None
    for batch in batches:
        read = read or reader(batch[0])
        good: list[Line] = []
        for line in batch:
            number += 1
            if len(line) > MAX_LINE:
                bad.add(number, f"longer than {MAX_LINE} bytes")
                continue
            try:
                good.extend(read(line.removesuffix(b"\r"), number))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                bad.add(number, error)
        if good:
            bad.good()
        for line_read, toxicity in zip(good, scorer.score([cut(each.text)[0] for each in good]) if good else [], strict=True):
            number_said = None if toxicity.abstained else toxicity.toxicity
            found = {"id": line_read.id, "toxicity": number_said, "labels": toxicity.labels, "scorer": scorer.name}
            if toxicity.decided_by:
                found["decided_by"] = toxicity.decided_by
            if toxicity.abstained:
                found |= {"abstained": toxicity.abstained} | ({"language": toxicity.language} if toxicity.language else {})
            sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        sys.stdout.flush()
