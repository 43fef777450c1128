"""``threadwatch score``: texts in, toxicities out, in the same order; no broker."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from streams.cli.options import Config

if TYPE_CHECKING:
    from streams.scorers import Scorer

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_READ_BYTES: Final = 1 << 16
"""What is there of so many bytes is one batch: a slow writer waits for nothing, a large file is read in pieces."""


@app.command()
def score(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON lines with id and text, or plain lines; - is stdin.")] = "-",
    scorer: Annotated[str | None, typer.Option("--scorer", help="linear, or detoxify:original and its like.")] = None,
    config: Config = None,
) -> None:
    """Print {id, toxicity, labels, scorer} for each line, as JSON lines in the same order.

    The first line decides: if it begins with {, each line is an object with "text" and, if it has one, "id"; else each
    line is a text, and its number is its id. Lines that cannot be read are told on stderr by number, and make the exit
    code 1.
    """
    from streams.cli.options import settings_of
    from streams.errors import CHECK_FAILED, UserError
    from streams.scorers import ScorerUnavailable, open_scorer

    with _opened(file) as lines:
        try:
            opened = open_scorer(settings_of(config, scorer=scorer).scorer)
        except ScorerUnavailable as error:
            raise UserError(str(error)) from error
        bad = _score(_batches(lines), opened, "standard input" if file == "-" else file)
    if bad:
        print(f"{bad} {'line' if bad == 1 else 'lines'} could not be read", file=sys.stderr)
        raise typer.Exit(CHECK_FAILED)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    from streams.errors import UserError

    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        opened = Path(file).open("rb")  # noqa: SIM115  # a failure to open is the user's, one to score is not
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror or error}") from error
    with opened:
        yield opened


def _batches(lines: BinaryIO) -> Iterator[list[bytes]]:
    """Yield complete lines as they come, without their ends."""
    started: list[bytes] = []
    while read := lines.read1(_READ_BYTES):  # type: ignore[attr-defined]  # both kinds are buffered readers
        *complete, rest = read.split(b"\n")
        if complete:
            yield [b"".join([*started, complete[0]]), *complete[1:]]
            started = []
        started.append(rest)
    if last := b"".join(started):
        yield [last]


def _score(batches: Iterator[list[bytes]], scorer: "Scorer", where: str) -> int:
    """Print the score of each line that can be read; return how many cannot."""
    import msgspec

    from streams.cli.scored_lines import Line, reader
    from streams.stages.score import cut

    number = bad = 0
    read = None
    for batch in batches:
        read = read or reader(batch[0])
        good: list[Line] = []
        for line in batch:
            number += 1
            try:
                good.extend(read(line.removesuffix(b"\r"), number))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                bad += 1
                print(f"{where}, line {number}: {error}", file=sys.stderr)
        for line_read, toxicity in zip(good, scorer.score([cut(each.text)[0] for each in good]) if good else [], strict=True):
            found = {"id": line_read.id, "toxicity": toxicity.toxicity, "labels": toxicity.labels, "scorer": scorer.name}
            sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        sys.stdout.flush()
    return bad
