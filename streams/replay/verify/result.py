"""What ``backtest verify`` found: ``verify.json``, a line of ``differences.jsonl`` each, and a table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.console import Group
from rich.table import Table

from streams.replay.reach import Start
from streams.replay.verify.decisions import Divergence
from streams.replay.verify.differences import Cause, Found, Pair, Place, Record
from streams.replay.verify.opening import Began
from streams.replay.verify.storms import Storming
from streams.topics import COMMENTS_RAW, REPLIES

RESULT: Final = "verify.json"
LINES: Final = ("differences",)


class Transitions(Struct, frozen=True):
    """Of ``pileons``: how many were written live and made again in the period, and how many of them are the same bytes."""

    live: int
    replayed: int
    equal: int


class Decisions(Struct, frozen=True):
    """Of alerts: how many are attested live, by ``state.alert`` and ``deliveries``, and how many of them the replay decides alike."""

    attested: int
    equal: int


class Raw(Struct, frozen=True, kw_only=True):
    """What the comments make again in seam 4's order."""

    comments: int
    """Records of ``comments.raw``."""
    replies: int
    """Replies that ``comments.scored`` makes again."""
    lost: int
    """Comments whose record in ``comments.raw`` is gone: what they say stands where ``replies`` has it."""
    unscored: int
    """Comments that live has applied and left without a score: unexplained."""
    transitions: Transitions
    causes: dict[str, int]


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference, and its one cause."""

    stage: str
    replayed_from: str = REPLIES.name
    """``comments.raw``: it is one of what the comments make again in seam 4's order."""
    kind: str
    cause: Cause
    proof: str = ""
    """What proves the cause."""
    records: tuple[Record, ...] = ()
    """The records that it rests on."""
    pileon_id: str = ""
    revision: int = 0
    status: str = ""
    source: str = ""
    community: str = ""
    target_id: str = ""
    told_by: str = ""
    fields: dict[str, tuple[Any, Any]] = {}
    """Field → live, replayed."""
    input: Place | None = None
    """The message that makes it in the replay."""
    live: Place | None = None
    """The message that says it live."""


class Verified(Struct, frozen=True, kw_only=True):
    """``verify.json``."""

    start: datetime | None = msgspec.field(name="from", default=None)
    end: datetime | None = msgspec.field(name="to", default=None)
    replies: int
    """Messages of ``replies`` that arrived in the period and were applied live."""
    not_applied_yet: int
    """Messages in the period that the live program had not come to."""
    unreadable: int
    approximate: list[int]
    """Partitions of ``replies`` whose beginning is gone: there equality is shown from an approximate start only."""
    starts: list[Began]
    """Where the fold of each partition began, and what proves that this is exact."""
    begins: datetime | None
    """When the broker got the oldest message of ``replies`` that was folded."""
    transitions: Transitions
    decisions: Decisions | None
    """None: nothing attests them, as in recordings."""
    storms: Decisions | None
    """Storm watches: how many live last wrote in the period, and how many of them are made again alike."""
    raw: Raw | None
    """None: not asked for."""
    causes: dict[str, int]
    """Of all differences but those of ``raw``."""
    unexplained: int
    """Of all, those of ``raw`` too."""
    configuration: str
    """The hash of the settings of the replay."""
    live_configurations: list[str]
    """Those that ``state.pileon`` still names."""
    detector: str
    program: str


def causes(counted: Mapping[Cause, int]) -> dict[str, int]:
    """Return how many differences have each cause of the list."""
    return {str(cause): counted.get(cause, 0) for cause in Cause}


def line_of_pair(pair: Pair, why: Found, *, from_raw: bool = False) -> Line:
    """Return a difference of transitions."""
    told = pair.pileon
    return Line(
        stage="pileon", replayed_from=COMMENTS_RAW.name if from_raw else REPLIES.name, kind=str(pair.kind), cause=why.cause,
        proof=why.proof, records=why.records, pileon_id=told.pileon_id, revision=told.revision,
        status=str(told.status), source=told.source, community=told.community, target_id=told.target_id, fields=pair.fields,
        input=pair.made.input if pair.made else None, live=pair.fired.place if pair.fired else None,
    )  # fmt: skip


def line_of_decision(one: Divergence) -> Line:
    """Return a difference of decisions."""
    return Line(
        stage="alert", kind=str(one.kind), cause=one.found.cause, proof=one.found.proof, records=one.found.records,
        pileon_id=one.pileon_id, revision=one.revision, source=one.source, community=one.community, told_by=one.told, fields=one.fields,
        input=one.input, live=one.live,
    )  # fmt: skip


def line_of_storm(one: Storming) -> Line:
    """Return a difference of storm watches."""
    return Line(
        stage="alert", kind=str(one.kind), cause=one.found.cause, proof=one.found.proof, records=one.found.records, source=one.source,
        told_by="storm", fields=one.fields, input=one.input, live=one.live,
    )  # fmt: skip


def encoded(found: Verified) -> bytes:
    """Return ``verify.json`` as people read it."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def shown(found: Verified) -> Group:
    """Return the table, and the lines before it."""
    return Group(*_before(found), "", _counts(found), "", _verdict(found))


def _before(found: Verified) -> list[str]:
    start = f"from {found.start:%Y-%m-%d %H:%M}" if found.start else "from the beginning"
    end = f"to {found.end:%Y-%m-%d %H:%M} UTC" if found.end else "to the end"
    said = [f"verify {start} {end}: {found.replies} messages of replies, settings {found.configuration}, detector {found.detector}"]
    if others := [one for one in found.live_configurations if one != found.configuration]:
        said.append(f"live had other settings too, or has ({', '.join(others)}): is --config the file of then?")
    if found.not_applied_yet:
        said.append(f"{found.not_applied_yet} more that the live program has not applied yet are left out")
    if found.unreadable:
        said.append(f"{found.unreadable} messages cannot be read: dead letters live too")
    if found.approximate:
        begins = f"{found.begins:%Y-%m-%d %H:%M} UTC" if found.begins else "its end"
        where = ", ".join(map(str, found.approximate))
        said.append(
            f"APPROXIMATE START: the beginning of replies is gone, and no snapshot stands for it (partitions {where}); "
            f"it was folded from {begins} on"
        )
    said += [f"partition {one.partition}: from the snapshot of {one.as_of:%Y-%m-%d}" for one in found.starts if one.start is Start.SNAPSHOT]
    if found.decisions is not None:
        said.append(
            "alert settings and mutes leave no hash in state.alert: they are taken to be those of --config; if not, it shows in decisions"
        )
    if found.raw is not None:
        said += _of_raw(found.raw)
    return said


def _of_raw(raw: Raw) -> list[str]:
    said = [f"from comments.raw: {raw.comments} records, {raw.replies} replies made again with the scores of comments.scored"]
    if raw.lost:
        said.append(f"{raw.lost} comments are gone from comments.raw: what they said stands where replies has it")
    if raw.unscored:
        said.append(f"{raw.unscored} comments were applied and have no score: UNEXPLAINED")
    return said


def _counts(found: Verified) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True)
    for name in ("", "live", "replayed", "equal"):
        table.add_column(name, justify="right" if name else "left")
    pileons = found.transitions
    table.add_row("transitions of pile-ons", str(pileons.live), str(pileons.replayed), str(pileons.equal))
    if found.raw is not None:
        again = found.raw.transitions
        table.add_row("  in the order of comments.raw", str(again.live), str(again.replayed), str(again.equal))
    if found.decisions is None:
        table.add_row("decisions to alert", "–", "–", "–")
    else:
        table.add_row("decisions to alert, attested", str(found.decisions.attested), "", str(found.decisions.equal))
    if found.storms is not None:
        table.add_row("storm watches, the last of each", str(found.storms.attested), "", str(found.storms.equal))
    return table


def _verdict(found: Verified) -> str:
    counted = dict(found.causes)
    for cause, count in found.raw.causes.items() if found.raw is not None else ():
        counted[cause] += count
    differences = sum(counted.values())
    each = ", ".join(f"{count} {cause}" for cause, count in counted.items() if count)
    if found.unexplained:
        return f"NOT EQUAL: {found.unexplained} of {max(differences, found.unexplained)} differences are unexplained ({each})"
    return f"{differences} differences, all explained: {each}" if differences else "EQUAL: what fired is what the replay makes"
