"""``threadwatch backtest verify``: whether what fired is what the log makes, and why not where it is not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.options import Config, Data, Kafka, Prefix, settings_of
from streams.cli.recorded import bars, muted, period
from streams.errors import CHECK_FAILED, OK, UserError

if TYPE_CHECKING:
    from streams.replay.folder import Folder
    from streams.replay.taken import Asked
    from streams.replay.verify.run import Outcome
    from streams.settings import Settings

RepliesFile = Annotated[str | None, typer.Option("--replies", help="A recording of replies, in place of the topic; with --pileons.")]
PileonsFile = Annotated[str | None, typer.Option("--pileons", help="A recording of pileons, made after that of replies.")]


def verify(
    from_: Annotated[str | None, typer.Option("--from", help="What the broker got in replies at this time or later (ISO 8601).")] = None,
    to: Annotated[str | None, typer.Option("--to", help="What it got before this time (ISO 8601).")] = None,
    replies: RepliesFile = None,
    pileons: PileonsFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the results; a new or empty one.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Replay from comments.raw too, in the order of arrival; needs the broker.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier run in --out.")] = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> int:
    """Replay a period and compare with what really fired; exit 1 where a difference is unexplained.

    --config is the settings file that was live then. Writes differences.jsonl and, last, verify.json; a table goes to stderr.
    """
    from rich.console import Console

    from streams.replay.aside import room
    from streams.replay.backtest.table import printed
    from streams.replay.folder import Folder
    from streams.replay.taken import Asked
    from streams.replay.verify.result import shown

    settings, asked = settings_of(config, kafka, prefix, data), Asked(*period(from_, to))
    folder = _folder(out, force)
    with folder or room("threadwatch-verify-") as aside:
        found = _found(settings, replies, pileons, asked, aside.room() if isinstance(aside, Folder) else aside, raw)
        if folder is not None:
            _write(folder, found)
    printed(shown(found.verified), Console(stderr=True))
    return CHECK_FAILED if found.verified.unexplained else OK


def _folder(out: Path | None, force: bool) -> "Folder | None":
    from streams.replay.folder import Folder
    from streams.replay.verify.result import LINES, RESULT

    return None if out is None else Folder(out, force, LINES, RESULT)


def _found(settings: "Settings", replies: str | None, pileons: str | None, asked: "Asked", room: Path, raw: bool) -> "Outcome":
    from streams.replay.verify.rules import rules_of
    from streams.replay.verify.run import verify_recordings, verify_topics

    if (replies is None) != (pileons is None):
        raise UserError("--replies and --pileons belong together: what a stage read, and what it wrote")
    if raw and replies is not None:
        raise UserError("--raw reads comments from the broker; leave out --replies and --pileons")
    rules = rules_of(muted(settings, is_topic=pileons is None))
    with bars() as begun:
        if replies is None or pileons is None:
            return verify_topics(settings, rules, asked, begun, room, raw=raw)
        return verify_recordings(rules, replies, pileons, asked, begun, room)


def _write(folder: "Folder", found: "Outcome") -> None:
    from streams.replay.verify.result import LINES, encoded

    folder.write(LINES[0], (line for _, line in found.lines))
    folder.finish(encoded(found.verified))
