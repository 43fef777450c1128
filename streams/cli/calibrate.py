"""``threadwatch calibrate``: from a recording, what is usual on a site, and what to expect at each budget of false alarms."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.backtest_given import Labels, labels_of, one_of_stdin
from streams.cli.options import Config, Data, Kafka, Prefix, settings_of
from streams.cli.recorded import RECOMPUTE, File, From, Reused, To, Topic, asked_of, bar, opened, progress_of
from streams.cli.replay_replies import is_of_replies, opened_log
from streams.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.records import ConfigRecord
    from streams.replay.calibrate.heard import Heard
    from streams.replay.calibrate.measured import Measured
    from streams.replay.taken import Asked
    from streams.settings import Settings

_WIDE = 160
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def calibrate(
    file: File = None,
    topic: Topic = None,
    from_: From = None,
    to: To = None,
    community: Annotated[str | None, typer.Option("--community", help="source/community: of it alone, for its own record.")] = None,
    accounts: Annotated[
        bool,
        typer.Option("--accounts", help="Bet on accounts that are new to the site, too: sends the list of known ones. To be run daily."),
    ] = False,
    labels: Labels = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it there: a record (.json), or a section of a settings file (.toml).")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send the record to config: workers with detector e-SR follow it from now on.")
    ] = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> None:
    """Measure what is usual on this site, and print what to expect at each number of false alarms a day (docs/calibration.md).

    The first half of the recording says what is usual, the second is counted. A week is a good start.
    Judged pile-ons (--labels) teach nothing.
    """
    from rich.console import Console

    from streams.pseudonyms import has_key
    from streams.replay.backtest.table import printed
    from streams.replay.calibrate.heard import Heard
    from streams.replay.calibrate.measured import measured
    from streams.replay.calibrate.shown import shown, toml_of
    from streams.settings import pileon_config

    one_of_stdin(file, labels)
    if accounts and community:
        raise UserError("--accounts is of the whole site: leave out --community")
    settings = settings_of(config, kafka, prefix, data)
    if accounts and send and not has_key(settings.data):
        raise UserError(
            f"--accounts hashes accounts with the workers' installation key, and {settings.data} has none: "
            "run it where they run, or set THREADWATCH_KEY to theirs"
        )
    asked = asked_of(from_, to, 0 if from_ else None)
    heard, judged = Heard(_community(community)), labels_of(labels, settings)
    _listen(settings, file, topic, asked, heard)
    rules = pileon_config(settings, community) if community else settings.pileon
    found = measured(heard, rules, file or topic or "", newcomers=accounts, labels=judged)
    printed(shown(found), Console(width=None if sys.stdout.isatty() else _WIDE))
    records = [_calibration(community, found), *([_accounts(heard)] if accounts else [])]
    if send:
        records = asyncio.run(_sent(settings, records, heard.versions))
    if out is not None:
        _write(out, records[0], toml_of(found.calibration))
    for record in records if send else ():
        print(f"config: {record.name}, version {record.version}, sent", file=sys.stderr)
    if not send:
        print("nothing was sent; --send does", file=sys.stderr)


def _listen(settings: "Settings", file: str | None, topic: str | None, asked: "Asked", heard: "Heard") -> None:
    from streams.pseudonyms import installation_key
    from streams.replay import aside
    from streams.replay.calibrate.heard import listened

    key = installation_key(settings.data)
    with aside.room("threadwatch-calibrate-") as room:
        is_addressed = is_of_replies(file, topic)
        log: Any = opened_log(settings, file, asked) if is_addressed else _addressed(settings, file, topic, asked, room)
        with bar("listening") as progress:
            listened(log, settings, key, heard, _counting(progress, sum(map(len, log.parts))))


def _addressed(settings: "Settings", file: str | None, topic: str | None, asked: "Asked", room: Path) -> Any:
    """Score and address comments as the worker would; return their replies as a log."""
    from streams.replay.backtest.addressed import addressed
    from streams.replay.backtest.played import Rules
    from streams.replay.backtest.run import Read
    from streams.replay.plan import planned
    from streams.replay.recorded import in_replays_order
    from streams.replay.reuse import scores_of

    reused = Reused(RECOMPUTE, None, None)
    with opened(settings, file, topic, asked, reused) as input_, progress_of(input_, "addressing") as (lines, progress):
        plan = planned(settings, reused.scorer_of(settings, "scorer"))
        recorded = in_replays_order(Read(lines), input_.attested, room, scores_of(plan.stages), 1, since=input_.reach.since)
        return addressed(Rules(settings, plan), recorded, progress, room / "replies").replies


def _counting(progress: "Callable[[int, int], None]", of: int) -> "Callable[[int], None]":
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        progress(min(done, of), of)

    return told


def _community(name: str | None) -> tuple[str, str] | None:
    if name is None:
        return None
    source, slash, community = name.partition("/")
    if not (source and slash and community):
        raise UserError(f'--community {name!r}: write it as "source/community"')
    return source, community


async def _sent(settings: "Settings", records: "list[ConfigRecord]", heard: dict[str, int]) -> "list[ConfigRecord]":
    """Send records, each one version higher than the last of its name there is, in ``config`` and as ``heard`` in the log; return them."""
    from msgspec.structs import replace

    from streams.kafka.connection import reached
    from streams.kafka.produce import send_records_async
    from streams.topics import CONFIG

    async def sent() -> "list[ConfigRecord]":
        latest = await _latest(settings)
        newest = {record.name: max(latest.get(record.name, 0), heard.get(record.name, 0)) for record in records}
        numbered = [replace(record, version=1 + newest[record.name]) for record in records]
        await send_records_async(settings, CONFIG, numbered)
        return numbered

    return await reached(settings, sent())


async def _latest(settings: "Settings") -> dict[str, int]:
    """Return the latest version of each record there is. One that cannot be read counts as none."""
    from streams.kafka.follow import follow
    from streams.topics import CONFIG

    found: dict[str, int] = {}
    async for record in follow(settings, CONFIG, once=True):
        found[record.name] = max(record.version, found.get(record.name, 0))
    return found


def _calibration(community: str | None, found: "Measured") -> "ConfigRecord":
    from streams.records import ConfigRecord
    from streams.stages.esr.calibration import NAME, name_of

    name = NAME if community is None else name_of(*community.split("/", 1))
    return ConfigRecord(name=name, version=1, effective_from=datetime.now(UTC), values=found.calibration.as_values())


def _accounts(heard: "Heard") -> "ConfigRecord":
    """Return the list of those who were heard, for the last day that was heard."""
    from streams.records import ConfigRecord
    from streams.stages.esr.accounts import NAME, as_values, listed

    values = as_values(listed(heard.first_day, heard.last_day))
    return ConfigRecord(name=NAME, version=1, effective_from=datetime.now(UTC), values=values)


def _write(out: Path, record: "ConfigRecord", toml: str) -> None:
    import msgspec

    text = toml if out.suffix == ".toml" else msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n"
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror or error}") from error
