"""``summary.json`` of a replay from ``replies``: an account of every message, in disjoint sums."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC

from msgspec import Struct

from streams.engine import moment
from streams.replay import summary as account
from streams.replay.reach import Reach
from streams.replay.replies.fold import Folded
from streams.replay.replies.logs import LogOfPeriod
from streams.replay.replies.plan import AS_IT_WAS, Plan
from streams.replay.summary import Tally
from streams.replay.taken import Asked
from streams.replay.warm_up import open_pileons


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

    @property
    def is_of_nothing(self) -> bool:
        """Return whether no reply of the period can be read, and time alone, which ticks tell, has changed nothing either."""
        return self.replies["records"] == self.replies["dead_lettered"] and not self.pileons["records"]


def summed(plan: Plan, log: LogOfPeriod, asked: Asked, found: Mapping[int, Folded], left: int, digest: str) -> Summary:
    """Return the summary of what every partition came to. Raises Unbalanced if a record went missing."""
    tally, before = (added([getattr(one, name) for one in found.values()]) for name in ("tally", "before"))
    reach, known = Reach(asked.start), log.known
    reach.is_known = known is not None
    reach.is_cut = log.is_cut({partition: one.first_offset for partition, one in found.items() if one.first_offset is not None})
    first = min((one.first_ms for one in found.values() if one.first_ms is not None), default=None)
    made = sections(tally)
    begins = min((one.period_ms for one in found.values() if one.period_ms is not None), default=None)
    last = max((one.last_ms for one in found.values() if one.last_ms is not None and one.period_ms is not None), default=None)
    return Summary(
        complete=not left, not_replayed=left, scorers=log.live.scorers, addressings=log.live.addressing, detector=plan.detector,
        configuration=plan.configuration, program=plan.program, start=str(reach.start),
        warm_up_days=reach.days_found(None if first is None else moment(first)),
        replies=made["replies"], pileons=made["pileons"], alerts=made["alerts"],
        warm_up=_warm_up(before, known.open_pileons if known else 0) if before.lines or known else None,
        notes=account.all_notes(tally),
        partitions={str(partition): one.messages for partition, one in sorted(found.items())},
        first_arrival=_said(begins), last_arrival=_said(last), alerts_digest=digest,
    )  # fmt: skip


def sections(tally: Tally) -> dict[str, dict[str, int]]:
    """Return the account of messages, transitions and decisions. Raises Unbalanced if a record went missing."""
    outcomes = Counter(tally.outcomes.get("pileon", {}))
    apart = {"ticks": outcomes.pop("tick"), "config_changes": outcomes.pop("config_change"), "verdicts": outcomes.pop("judged")}
    replies = account.balanced(tally.lines - sum(apart.values()), {**outcomes, "dead_lettered": tally.dead_lettered}, "replies")
    return {"replies": replies | apart, "pileons": account.pileons_section(tally), "alerts": account.alerts_section(tally)}


def _warm_up(before: Tally, known: int) -> WarmUp:
    found = sections(before)
    return WarmUp(**found, carried={"open_pileons": known + open_pileons(found["pileons"])})


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
