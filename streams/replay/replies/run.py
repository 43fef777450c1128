"""``threadwatch replay`` from ``replies``: the log that the detector followed, ticks and verdicts and all, through detector and alerts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC
from functools import partial
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import Struct

from streams.engine import moment
from streams.errors import UserError
from streams.pseudonyms import installation_key, pseudonym
from streams.replay import summary as account
from streams.replay.at_the_end import digest_of
from streams.replay.folder import Folder
from streams.replay.plan import following
from streams.replay.reach import Reach
from streams.replay.recorded import Cut, Progress
from streams.replay.recording import Live
from streams.replay.replies.checkpoint import CHECKPOINT, Checkpoint, Position, joined, packed, written_by
from streams.replay.replies.fold import Folded, Rules
from streams.replay.replies.logs import Log
from streams.replay.replies.work import Task, all_done, entries_of, shared
from streams.replay.summary import Tally, configuration_hash
from streams.replay.taken import Asked
from streams.replay.warm_up import open_pileons
from streams.settings import Settings, topology_config
from streams.stages.address import Config as AddressConfig
from streams.stages.alert import Alerts
from streams.topology import config_hash

AS_IT_WAS = "as it was live"


class Plan(Struct, frozen=True, kw_only=True):
    """What a replay of ``replies`` rests on."""

    settings: Settings
    program: str
    detector: str
    configuration: str


class WarmUp(Struct, frozen=True, kw_only=True):
    """What came before the period."""

    replies: dict[str, int]
    pileons: dict[str, int]
    alerts: dict[str, int]
    carried: dict[str, int]
    """Not a sum: pile-ons that were open when the period began."""


class Summary(Struct, kw_only=True):
    """``summary.json``. Every section is a sum: its first number is that of all the others together."""

    complete: bool
    not_replayed: int
    """Messages that were left, at most: an offset may hold none."""
    read_from: str = "replies"
    scorer: str = AS_IT_WAS
    scorers: tuple[str, ...]
    """Who scored, by the oldest and newest records that ``comments.scored`` still held; nothing: nobody knows."""
    addressing: str = AS_IT_WAS
    addressings: tuple[str, ...]
    """Hashes of the settings with which ``address`` was at work lately; nothing: nobody knows."""
    detector: str
    configuration: str
    """SHA-256 of the settings of detector and alerts, and the installation key's fingerprint."""
    program: str
    start: str
    warm_up_days: float
    replies: dict[str, int]
    pileons: dict[str, int]
    alerts: dict[str, int]
    warm_up: WarmUp | None
    notes: dict[str, int]
    partitions: dict[str, int]
    """Messages of each, warm-up and all."""
    first_arrival: str | None
    """When the broker got the first message of the period."""
    last_arrival: str | None
    alerts_digest: str


def rules_of(settings: Settings) -> Rules:
    """Return the stages behind ``replies``."""
    config = topology_config(settings, installation_key(settings.data))
    return Rules(following(config), Alerts(config.alert, config.mutes))


def planned(settings: Settings, live: Live) -> Plan:
    """Return the plan of a replay with these settings. UserError where they ask for what stands in the log already.

    Makes the installation key where there is none.
    """
    key = installation_key(settings.data)
    config = topology_config(settings, key)
    check_addressing(settings, config_hash(*config.of("address")), live)
    matters = [config.of("pileon"), config.alert, config.mutes, pseudonym(key, "configuration")]
    return Plan(
        settings=settings,
        program=f"threadwatch {version('threadwatch')}",
        detector=str(following(config).detector.name),
        configuration=configuration_hash("replies", matters),
    )


def check_addressing(settings: Settings, ours: str, live: Live) -> None:
    """Raise UserError where these settings address in a way of their own that is not known to be that of then."""
    if settings.address != AddressConfig() and live.addressing and ours not in live.addressing:
        raise UserError(
            f"[address] of these settings ({ours}) is not what addressed these replies ({', '.join(live.addressing)}), and from replies "
            "it cannot be changed: leave [address] out, or replay --topic comments.raw"
        )


class How(Struct, frozen=True):
    """How it is done. It changes no byte of what comes of it."""

    processes: int = 1
    resumed: Checkpoint | None = None


def replay(plan: Plan, log: Log, asked: Asked, out: Folder, progress: Progress, cut: Cut, how: How) -> Summary:
    """Fold every partition and write what comes of it to ``out``, partition after partition. Raises Unbalanced if a record went missing."""
    if how.resumed:
        how.resumed.check(plan.program, plan.configuration, log.name)
    room, total = out.room(), sum(map(len, log.parts))
    begun = how.resumed.restore(out, room) if how.resumed else {}
    since = None if asked.start is None else asked.start.timestamp() * 1000
    tasks = [
        Task(partial(rules_of, plan.settings), log, partitions, str(room), since, {one: begun[one] for one in partitions if one in begun})
        for partitions in shared(log.parts, how.processes)
    ]
    before = sum(one.folded.messages for one in begun.values())
    found = all_done(tasks, lambda count: progress(before + count, total), cut)
    joined(out, room, found)
    left = _left(log, found) if cut.is_asked else 0
    cut.reached = sum(folded.messages for folded in found.values())
    if left:
        cut.check()
        entries = {partition: entries_of(room, partition) for partition in found}
        ends = {part.partition: part.end for part in log.parts}
        out.put(CHECKPOINT, [packed(_position(plan, log, found, entries, ends, out))])
    summary = _summary(plan, log, asked, found, left, digest_of(out.read("alerts"), room))
    out.finish(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
    return summary


def _left(log: Log, found: Mapping[int, Folded]) -> int:
    return sum(max(0, part.end - max(part.first, found[part.partition].offset + 1)) for part in log.parts)


def _position(
    plan: Plan, log: Log, found: dict[int, Folded], entries: dict[int, Any], ends: dict[int, int], out: Folder
) -> Position:
    return Position(
        program=plan.program, configuration=plan.configuration, log=log.name, ends=ends, partitions=found, entries=entries,
        written=written_by(out),
    )  # fmt: skip


def _summary(plan: Plan, log: Log, asked: Asked, found: Mapping[int, Folded], left: int, digest: str) -> Summary:
    tally, before = (added([getattr(one, name) for one in found.values()]) for name in ("tally", "before"))
    reach = Reach(asked.start)
    reach.is_cut = log.is_cut({partition: one.first_offset for partition, one in found.items() if one.first_offset is not None})
    first = min((one.first_ms for one in found.values() if one.first_ms is not None), default=None)
    begins = min((one.period_ms for one in found.values() if one.period_ms is not None), default=None)
    last = max((one.last_ms for one in found.values() if one.last_ms is not None and one.period_ms is not None), default=None)
    return Summary(
        complete=not left, not_replayed=left, scorers=log.live.scorers, addressings=log.live.addressing, detector=plan.detector,
        configuration=plan.configuration, program=plan.program, start=str(reach.start),
        warm_up_days=reach.days_found(None if first is None else moment(first)),
        **sections(tally), warm_up=_warm_up(before) if before.lines else None, notes=account.all_notes(tally),
        partitions={str(partition): one.messages for partition, one in sorted(found.items())},
        first_arrival=_said(begins), last_arrival=_said(last), alerts_digest=digest,
    )  # fmt: skip


def sections(tally: Tally) -> dict[str, dict[str, int]]:
    """Return the account of messages, transitions and decisions. Raises Unbalanced if a record went missing."""
    outcomes = Counter(tally.outcomes["pileon"])
    apart = {"ticks": outcomes.pop("tick"), "config_changes": outcomes.pop("config_change"), "verdicts": outcomes.pop("judged")}
    replies = account.balanced(tally.lines - sum(apart.values()), {**outcomes, "dead_lettered": tally.dead_lettered}, "replies")
    return {"replies": replies | apart, "pileons": account.pileons_section(tally), "alerts": account.alerts_section(tally)}


def _warm_up(before: Tally) -> WarmUp:
    found = sections(before)
    return WarmUp(**found, carried={"open_pileons": open_pileons(found["pileons"])})


def added(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of what partitions counted."""
    whole = Tally()
    for tally in tallies:
        whole.lines += tally.lines
        whole.dead_lettered += tally.dead_lettered
        whole.statuses += tally.statuses
        for into, some in ((whole.outcomes, tally.outcomes), (whole.notes, tally.notes)):
            for stage, counts in some.items():
                into.setdefault(stage, Counter()).update(counts)
    return whole


def _said(at_ms: int | None) -> str | None:
    return None if at_ms is None else moment(at_ms).astimezone(UTC).isoformat()
