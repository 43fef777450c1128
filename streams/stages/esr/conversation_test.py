"""The share test, conversation by conversation: is more of what is said to this person *here* hostile than history explains?

Of one conversation's replies the hostile share is a draw of its own (fame brings its own strangers), so the bets begin anew in each:
at its first hostile reply, on what comes after. Every later hostile one adds a stake by the gap. Two clocks run: one over all
replies, one over those of accounts that are new to the site, which a crowd of others cannot slow down. A person's two most recent
conversations in which anybody was hostile are kept.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from streams.stages.esr.exact import Numbers
from streams.stages.esr.share_test import daily

KEPT: Final = 2
"""Conversations of one person."""
Times = tuple[int, int, int, int]
"""Conversation (keyed hash), its last reply, its last hostile one, its last hostile one by a new account; 0 in the second: empty."""
Bets = tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers]
"""Σx, n and two bets of all replies, then of new accounts' replies; each since the bets began."""
NO_TIMES: Final = (0, 0, 0, 0)
NO_BETS: Final = (0.0,) * 8
Talk = tuple[Times, Bets[float]]
NO_TALKS: Final[tuple[Talk, Talk]] = ((NO_TIMES, NO_BETS), (NO_TIMES, NO_BETS))
OF_ALL: Final = 0.175
OF_NEW: Final = 0.3
"""Weights of a bet: .35 and .6 of the wealth, two bets each. The rest is the person's as a whole (``share_test``)."""
OF_PERSON: Final = 0.05


def moved(
    bets: Bets[Numbers], x: Numbers, is_new: Numbers, usual: tuple[Numbers, Numbers], weight: float, there: tuple[Numbers, Numbers],
    stakes: tuple[Numbers, Numbers], most: float, least: Any, greater: Any,
) -> Bets[Numbers]:  # fmt: skip
    """Return a conversation's bets after a reply: bets · factor, where they had begun (``there`` is 1, else 0), and what is staked.

    Each pair is of all replies and of new accounts'; ``usual`` bounds the mean of x, and is raised by what was said here, as in ``daily``.
    """
    total, n, a, b, new_total, new_n, c, d = bets
    begun, new_begun = there
    gain = x / daily(usual[0], (total, n), 1.0, weight, greater) - 1.0
    new_gain = (x / daily(usual[1], (new_total, new_n), 1.0, weight, greater) - 1.0) * is_new
    return (
        (total + x) * begun, (n + 1.0) * begun,
        least(a * (1.0 + 0.4 * gain), most) * begun + stakes[0], least(b * (1.0 + 0.8 * gain), most) * begun + stakes[0],
        (new_total + x * is_new) * new_begun, (new_n + is_new) * new_begun,
        least(c * (1.0 + 0.4 * new_gain), most) * new_begun + stakes[1], least(d * (1.0 + 0.8 * new_gain), most) * new_begun + stakes[1],
    )  # fmt: skip


def evidence(first: Bets[Numbers], second: Bets[Numbers]) -> Numbers:
    """Return what both conversations say, weighed; without the person's share of the wealth."""
    (_, _, a, b, _, _, c, d), (_, _, e, f, _, _, g, h) = first, second
    return OF_ALL * (a + b) + OF_NEW * (c + d) + (OF_ALL * (e + f) + OF_NEW * (g + h))


def emptied(talks: tuple[Talk, Talk]) -> tuple[Talk, Talk]:
    """Return the conversations with all evidence gone: after an alarm."""
    (times, (total, n, _, _, new_total, new_n, _, _)), (others, (total_2, n_2, _, _, new_total_2, new_n_2, _, _)) = talks
    return (times, (total, n, 0.0, 0.0, new_total, new_n, 0.0, 0.0)), (others, (total_2, n_2, 0.0, 0.0, new_total_2, new_n_2, 0.0, 0.0))


def taken(
    talks: tuple[Talk, Talk], conversation: int, at: int, x: float, *, is_new: bool, is_hostile: bool, usual: tuple[float, float],
    weight: float, spacing: float, most: float,
) -> tuple[Talk, Talk]:  # fmt: skip
    """Return the conversations after a reply. A civil one in a conversation that is not kept leaves them as they are."""
    first, second = talks
    place, is_there = _place(first[0], second[0], conversation)
    if not (is_there or is_hostile):
        return talks
    (_, last, hostile_at, new_at), bets = talks[place] if is_there else (NO_TIMES, NO_BETS)
    stake, new_stake = (_staked(at, hostile_at, spacing), _staked(at, new_at, spacing)) if is_hostile else (0.0, 0.0)
    there, new_there = float(is_there), float(is_there and new_at > 0)
    by = moved(bets, x, float(is_new), usual, weight, (there, new_there), (stake, new_stake * is_new), most, min, max)
    times = conversation, max(last, at), at if is_hostile else hostile_at, at if is_hostile and is_new else new_at
    return ((times, by), second) if place == 0 else (first, (times, by))


def stakes_of(talks: tuple[Talk, Talk], conversation: int, at: int, *, is_new: bool, spacing: float) -> float:
    """Return the weighed stake of a hostile reply: what N counts (``budget``)."""
    place, is_there = _place(talks[0][0], talks[1][0], conversation)
    _, _, hostile_at, new_at = talks[place][0] if is_there else NO_TIMES
    return 2 * OF_ALL * _staked(at, hostile_at, spacing) + 2 * OF_NEW * _staked(at, new_at, spacing) * is_new


def _place(first: Times, second: Times, conversation: int) -> tuple[int, bool]:
    if first[1] and first[0] == conversation:
        return 0, True
    if second[1] and second[0] == conversation:
        return 1, True
    return int(second[1] < first[1]), False


def _staked(at: int, before: int, spacing: float) -> float:
    gap = float(max(at - before, 0))
    return gap / (gap + spacing)


def taken_each(
    times: Any, bets: Any, conversation: Any, at: Any, x: Any, *, is_new: Any, is_hostile: Any, usual: tuple[Any, Any], weight: float,
    spacing: float, most: float,
) -> None:  # fmt: skip
    """``taken`` for one reply to each of many people, in place, bit for bit: ``times`` is (people, 2, 4), ``bets`` is (people, 2, 8)."""
    match = (times[:, :, 1] > 0) & (times[:, :, 0] == conversation[:, None])
    is_there = match.any(axis=1)
    place = np.where(match[:, 0], 0, np.where(match[:, 1], 1, times[:, 1, 1] < times[:, 0, 1]))
    who = np.flatnonzero(is_there | is_hostile)
    if not who.size:
        return
    which, there, hostile, new = place[who], is_there[who], is_hostile[who], is_new[who]
    now, kept = at[who], times[who, which] * there[:, None]
    stakes = tuple(_staked_each(now, kept[:, n], spacing) * mask for n, mask in ((2, hostile), (3, hostile & (new > 0.0))))
    begun = there.astype(np.float64), (kept[:, 3] > 0).astype(np.float64)
    held = tuple((bets[who, which] * there[:, None]).T)
    least: Callable[..., Any] = np.minimum
    by = moved(held, x[who], new, (usual[0][who], usual[1][who]), weight, begun, stakes, most, least, np.maximum)  # type: ignore[arg-type]
    bets[who, which] = np.stack(by, axis=1)
    times[who, which] = np.stack([
        conversation[who], np.maximum(kept[:, 1], now), np.where(hostile, now, kept[:, 2]), np.where(hostile & (new > 0.0), now, kept[:, 3]),
    ], axis=1)  # fmt: skip


def _staked_each(at: Any, before: Any, spacing: float) -> Any:
    gap = np.maximum(at - before, 0).astype(np.float64)
    return gap / (gap + spacing)
