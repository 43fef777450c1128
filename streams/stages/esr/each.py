"""The steps of the tests for arrays of people: bit for bit what they are for one, who needs no NumPy."""

from typing import Any, Final

import numpy as np

from streams.stages.esr.exact import FORGOTTEN, HALF_LIFE, HALVES, LN2, MOST, PER_LN2, series
from streams.stages.esr.history import ALL_TIME
from streams.stages.esr.late_test import moved

_HALVES: Final = np.array(HALVES)


def exp_minus_each(y: Any) -> Any:
    """Return ``exp_minus`` of each number of an array, bit for bit."""
    held = np.minimum(y, MOST)
    k = (held * PER_LN2).astype(np.int64)
    return np.where(y >= MOST, 0.0, np.ldexp(series(held - k * LN2), -k))


def kept_each(days: Any) -> Any:
    """Return ``kept`` of each number of an array, bit for bit."""
    held = np.minimum(days, FORGOTTEN)
    return np.ldexp(_HALVES[held % HALF_LIFE], -(held // HALF_LIFE))


def exposure_each(day: Any, first_day: Any) -> Any:
    """Return ``History.exposure`` for arrays of days, bit for bit."""
    return (1.0 - kept_each(np.maximum(day - 1 - first_day, 0))) * ALL_TIME


def talked_each(
    times: Any, bets: Any, conversation: Any, at: Any, x: Any, usual: Any, weight: float, spacing: float, most: float, *, is_hostile: Any
) -> None:
    """``talked`` for one reply to each of many people, in place, bit for bit: ``times`` is (people, 3, 3), ``bets`` is (people, 3, 4)."""
    match = (times[:, :2, 1] > 0) & (times[:, :2, 0] == conversation[:, None])
    is_there = match.any(axis=1)
    place = np.where(match[:, 0], 0, np.where(match[:, 1], 1, times[:, 1, 1] < times[:, 0, 1]))
    who = np.flatnonzero(is_there | is_hostile)
    if who.size:
        which, there = place[who], is_there[who][:, None]
        kept = times[who, which] * there, bets[who, which] * there
        times[who, which], bets[who, which] = _ticked_each(
            kept, conversation[who], at[who], x[who], usual[who], weight, 1.0, spacing, most, is_hostile[who]
        )  # fmt: skip


def came_each(
    times: Any, bets: Any, at: Any, x: Any, usual: Any, weight: float, forgets: float, spacing: float, most: float, *, is_hostile: Any,
    is_new: Any,
) -> None:  # fmt: skip
    """``came`` where the reply is a newcomer's, in place, bit for bit."""
    who = np.flatnonzero(is_new)
    if who.size:
        kept, now = (times[who, 2], bets[who, 2]), at[who]
        memory = exp_minus_each(forgets * np.maximum(now - kept[0][:, 1], 0))
        times[who, 2], bets[who, 2] = _ticked_each(
            kept, np.zeros_like(now), now, x[who], usual[who], weight, memory, spacing, most, is_hostile[who]
        )  # fmt: skip


def _ticked_each(
    kept: Any, conversation: Any, at: Any, x: Any, usual: Any, weight: float, memory: Any, spacing: float, most: float, is_hostile: Any
) -> tuple[Any, Any]:
    times, bets = kept
    hostile_at = times[:, 2]
    gap = np.maximum(at - hostile_at, 0).astype(np.float64)
    stake = np.where(is_hostile, gap / (gap + spacing), 0.0)
    held: Any = tuple(bets.T)
    by = moved(held, x, usual, weight, memory, (hostile_at > 0).astype(np.float64), stake, most, np.minimum, np.maximum)
    return np.stack([conversation, at, np.where(is_hostile, at, hostile_at)], axis=1), np.stack(by, axis=1)
