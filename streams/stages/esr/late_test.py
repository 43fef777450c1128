"""Share bets that begin late: at a first hostile reply, on what comes after it, on two more clocks.

*Conversations.* Of one conversation's replies the hostile share is a draw of its own (fame brings its own strangers), so the bets
begin anew in each. A person's two most recent conversations in which anybody was hostile are kept.

*Newcomers.* The replies of accounts that are new to the site, wherever they write to this person: no crowd of others slows this
clock down. It needs a list of who was there before, written down daily; without one it stands still.

Whoever was hostile first is not bet on: that reply only says where to look. Every later hostile one adds a stake by the gap since the
one before, so a conversation that was long calm can be bet on again.
"""

from typing import Any, Final

from streams.stages.esr.exact import Numbers, exp_minus
from streams.stages.esr.share_test import daily

OF_PERSON: Final = 0.05
"""Wealth of the bets on the person as a whole (``share_test``); a raid that is scattered over conversations is left to these."""
OF_TALKS: Final = 0.35
OF_NEWCOMERS: Final = 0.6
Times = tuple[int, int, int]
"""Conversation (keyed hash; 0 for newcomers), the last reply, the last hostile one; 0 in these: there was none."""
Bets = tuple[Numbers, Numbers, Numbers, Numbers]
"""Σx, n, and two bets, each since they began."""
Clock = tuple[Times, Bets[float]]
NO_TIMES: Final = (0, 0, 0)
NO_BETS: Final = (0.0, 0.0, 0.0, 0.0)
NO_CLOCK: Final = (NO_TIMES, NO_BETS)
Clocks = tuple[Clock, Clock, Clock]
"""Two conversations, and newcomers."""
NO_CLOCKS: Final = (NO_CLOCK, NO_CLOCK, NO_CLOCK)


def moved(
    bets: Bets[Numbers], x: Numbers, usual: Numbers, weight: float, memory: Numbers, begun: Numbers, stake: Numbers, most: float,
    least: Any, greater: Any,
) -> Bets[Numbers]:  # fmt: skip
    """Return bets after a reply: what is remembered · factor where they had begun (1, else 0), and what is staked for the next.

    λ is .4 and .8; ``usual`` bounds the mean of x and is raised by what was said on this clock, as in ``share_test.daily``.
    """
    total, n, a, b = bets
    gain = x / daily(usual, (total, n), memory, weight, greater) - 1.0
    return (
        (total * memory + x) * begun, (n * memory + 1.0) * begun,
        least(a * memory * (1.0 + 0.4 * gain), most) * begun + stake, least(b * memory * (1.0 + 0.8 * gain), most) * begun + stake,
    )  # fmt: skip


def evidence(clocks: Clocks, at: int, forgets: float) -> float:
    """Return what the clocks say at a time, weighed, without the person's share of the wealth. What was quiet since has faded."""
    here, there, newcomers = (exp_minus(forgets * max(at - times[1], 0)) * 0.5 * (a + b) for times, (_, _, a, b) in clocks)
    return OF_TALKS * (here + there) + OF_NEWCOMERS * newcomers


def emptied(clocks: Clocks) -> Clocks:
    """Return the clocks with all evidence gone: after an alarm."""
    here, there, newcomers = ((times, (total, n, 0.0, 0.0)) for times, (total, n, _, _) in clocks)
    return here, there, newcomers


def talked(
    clocks: Clocks, conversation: int, at: int, x: float, usual: float, weight: float, spacing: float, most: float, *, is_hostile: bool
) -> Clocks:
    """Return the clocks after a reply in a conversation. A civil one in a conversation that is not kept leaves them as they are."""
    here, there, newcomers = clocks
    place, is_there = _place(here[0], there[0], conversation)
    if not (is_there or is_hostile):
        return clocks
    clock = _ticked(clocks[place] if is_there else NO_CLOCK, conversation, at, x, usual, weight, 1.0, spacing, most, is_hostile)
    return (clock, there, newcomers) if place == 0 else (here, clock, newcomers)


def came(
    clocks: Clocks, at: int, x: float, usual: float, weight: float, forgets: float, spacing: float, most: float, *, is_hostile: bool
) -> Clocks:
    """Return the clocks after a reply by a newcomer."""
    here, there, newcomers = clocks
    memory = exp_minus(forgets * max(at - newcomers[0][1], 0))
    return here, there, _ticked(newcomers, 0, at, x, usual, weight, memory, spacing, most, is_hostile)


def stakes_of(clocks: Clocks, conversation: int, at: int, spacing: float, *, is_new: bool) -> float:
    """Return the weighed stake of a hostile reply: what N counts (``budget``)."""
    here, there, newcomers = clocks
    place, is_there = _place(here[0], there[0], conversation)
    talk = clocks[place][0] if is_there else NO_TIMES
    return OF_TALKS * _staked(at, talk[2], spacing) + OF_NEWCOMERS * _staked(at, newcomers[0][2], spacing) * is_new


def _place(here: Times, there: Times, conversation: int) -> tuple[int, bool]:
    if here[1] and here[0] == conversation:
        return 0, True
    if there[1] and there[0] == conversation:
        return 1, True
    return int(there[1] < here[1]), False


def _ticked(
    clock: Clock, conversation: int, at: int, x: float, usual: float, weight: float, memory: float, spacing: float, most: float,
    is_hostile: bool,
) -> Clock:  # fmt: skip
    (_, _, hostile_at), bets = clock
    stake = _staked(at, hostile_at, spacing) if is_hostile else 0.0
    by = moved(bets, x, usual, weight, memory, float(hostile_at > 0), stake, most, min, max)
    return (conversation, at, at if is_hostile else hostile_at), by


def _staked(at: int, before: int, spacing: float) -> float:
    gap = float(max(at - before, 0))
    return gap / (gap + spacing)
