"""What comes before a period: comments that go through the stages so that these know what they knew, and whose outputs nobody sees.

What belongs to it is told by the clock of the replay: every record, of every stage, that stands before the period's beginning.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from streams.engine import Effects
from streams.replay import summary as account
from streams.replay.run import Turn
from streams.replay.summary import Tally


def split(turn: Turn, since: datetime | None) -> tuple[Turn | None, Turn | None]:
    """Return what of a turn belongs to the warm-up, and what to the period; None where nothing does."""
    ats = [one.at for one in turn.arrived]
    place = 0 if since is None else bisect_left(ats, since)
    if place == 0:
        return None, turn
    if place == len(ats):
        return turn, None
    sent = sum(len(step.outputs) for step in turn.effects.steps[:place])
    return _part(turn, slice(None, place), slice(None, sent)), _part(turn, slice(place, None), slice(sent, None))


def _part(turn: Turn, records: slice, outputs: slice) -> Turn:
    effects = turn.effects
    steps = effects.steps[records]
    notes = Counter(note for step in steps for note in step.notes)
    outcomes = Counter(step.outcome for step in steps)
    part = Effects(sends=effects.sends[outputs], outputs=effects.outputs[outputs], outcomes=outcomes, notes=notes, steps=steps)
    return Turn(turn.stage, turn.arrived[records], part)


class WarmUp(Struct, frozen=True, kw_only=True):
    """``warm_up`` of a summary: the same sums as those of the period, and what went over into it."""

    raw: dict[str, int]
    scored: dict[str, int]
    replies: dict[str, int]
    pileons: dict[str, int]
    alerts: dict[str, int]
    carried: dict[str, int]
    """Not a sum: comments that waited for their parent, and pile-ons that were open, when the period began."""


def sections(tally: Tally, before: Tally | None = None) -> dict[str, dict[str, int]]:
    """Return the account of what a tally counted. ``before``: the warm-up's. Raises Unbalanced if a record went missing."""
    return {
        "raw": account.raw_section(tally),
        "scored": account.scored_section(tally, waiting_before(before)),
        "replies": account.replies_section(tally),
        "pileons": account.pileons_section(tally),
        "alerts": account.alerts_section(tally),
    }


def warm_up(tally: Tally) -> WarmUp:
    """Return the account of a warm-up. Raises Unbalanced if a record went missing."""
    found = sections(tally)
    return WarmUp(**found, carried={"waiting": waiting_before(tally), "open_pileons": open_pileons(found["pileons"])})


def waiting_before(before: Tally | None) -> int:
    """Return how many comments wait for their parent after the warm-up: what becomes of them the period tells."""
    return 0 if before is None else account.scored_section(before).get("waiting", 0)


def open_pileons(pileons: Mapping[str, int]) -> int:
    """Return how many pile-ons these transitions leave open."""
    return pileons["opened"] - pileons["closed"]
