"""What ``backtest verify`` found: ``verify.json``, a line of ``differences.jsonl`` each, and a table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.console import Group
from rich.table import Table

from streams.replay.verify.causes import Found
from streams.replay.verify.decisions import Compared, Divergence
from streams.replay.verify.differences import Cause, Pair, Place

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


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference, and its one cause."""

    stage: str
    kind: str
    cause: Cause
    proof: str = ""
    """The record that proves the cause."""
    pileon_id: str
    revision: int
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
    begins: datetime | None
    """When the broker got the oldest message of ``replies`` that was folded."""
    transitions: Transitions
    decisions: Decisions | None
    """None: nothing attests them, as in recordings."""
    causes: dict[str, int]
    unexplained: int
    configuration: str
    """The hash of the settings of the replay."""
    live_configurations: list[str]
    """Those that ``state.pileon`` still names."""
    detector: str
    program: str


def lines(pairs: Sequence[Pair], found: Sequence[Found], decided: Compared | None) -> Iterator[Line]:
    """Yield every difference."""
    for pair, why in zip(pairs, found, strict=True):
        yield _of_pair(pair, why)
    for one in decided.differences if decided is not None else ():
        yield _of_decision(one)


def causes(told: Sequence[Line]) -> dict[str, int]:
    """Return how many differences have each cause of the list."""
    counted = Counter(line.cause for line in told)
    return {str(cause): counted[cause] for cause in Cause}


def _of_pair(pair: Pair, why: Found) -> Line:
    told = pair.pileon
    return Line(
        stage="pileon", kind=str(pair.kind), cause=why.cause, proof=why.proof, pileon_id=told.pileon_id, revision=told.revision,
        status=str(told.status), source=told.source, community=told.community, target_id=told.target_id, fields=pair.fields,
        input=pair.made.input if pair.made else None, live=pair.fired.place if pair.fired else None,
    )  # fmt: skip


def _of_decision(one: Divergence) -> Line:
    return Line(
        stage="alert", kind=str(one.kind), cause=one.found.cause, proof=one.found.proof, pileon_id=one.pileon_id, revision=one.revision,
        source=one.source, community=one.community, told_by=one.told, fields=one.fields, input=one.input, live=one.live,
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
        said.append(f"APPROXIMATE START: the beginning of replies is gone (partitions {where}); it was folded from {begins} on")
    return said


def _counts(found: Verified) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True)
    for name in ("", "live", "replayed", "equal"):
        table.add_column(name, justify="right" if name else "left")
    pileons = found.transitions
    table.add_row("transitions of pile-ons", str(pileons.live), str(pileons.replayed), str(pileons.equal))
    if found.decisions is None:
        table.add_row("decisions to alert", "–", "–", "–")
    else:
        table.add_row("decisions to alert, attested", str(found.decisions.attested), "", str(found.decisions.equal))
    return table


def _verdict(found: Verified) -> str:
    differences = sum(found.causes.values())
    each = ", ".join(f"{count} {cause}" for cause, count in found.causes.items() if count)
    if found.unexplained:
        return f"NOT EQUAL: {found.unexplained} of {differences} differences are unexplained ({each})"
    return f"{differences} differences, all explained: {each}" if differences else "EQUAL: what fired is what the replay makes"
