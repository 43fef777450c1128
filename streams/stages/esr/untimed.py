"""Replies of pages without times: only what their order supports is tested, the share and the floor.

No pace is known there, and none is claimed.
"""

from typing import Final

from streams.stages.esr import share_test
from streams.stages.esr.config import Rule
from streams.stages.esr.detector import DAY, RING, Exposure, Finding, Kind, Target, counted, evidence, tick, today
from streams.stages.esr.late_test import emptied
from streams.stages.esr.membership import Seen

_NO_TIME: Final = 1.0
"""Nothing is forgotten between two replies of which no times are known."""


def step(rule: Rule, target: Target, reply: Exposure) -> Finding | None:
    """Take one reply into account; return what it completes, if anything. ``reply.at`` is when it arrived."""
    is_hostile = reply.x >= rule.min_hostility
    seen = target.members.take(reply.at // DAY, reply.author, reply.comment, is_hostile=is_hostile)
    if seen < Seen.FIRST:
        return None
    _, m, m_later = usually = today(rule, target, reply.at // DAY)
    is_first = seen is Seen.FIRST
    target.last_at = max(reply.at, target.last_at)
    _bet(rule, target, m if is_first else m_later, reply.x, is_first=is_first)
    tick(rule, target, usually[1 if is_first else 2], reply.conversation, reply.x, reply.is_new, is_hostile)
    mass = reply.x if is_first or is_hostile else 0.0
    target.history.today = counted(target.history.today, reply.x, mass, float(is_first))
    if not is_hostile:
        return None
    target.hostile_at = (*target.hostile_at[1 - RING :], target.last_at)
    return _found(rule, target)


def _bet(rule: Rule, target: Target, usual: float, x: float, *, is_first: bool) -> None:
    most = rule.most[2]
    shares = share_test.factors(x, share_test.daily(usual, target.lately, _NO_TIME, rule.config.prior.day_weight, max))
    target.lately = share_test.noted(target.lately, x, _NO_TIME)
    target.first, target.every = share_test.both(target.first, target.every, shares, _NO_TIME, 0.0, most, is_first=is_first)


def _found(rule: Rule, target: Target) -> Finding | None:
    people = sum(1 for then in target.hostile_at if then > target.last_at - DAY)
    _, _, share = evidence(rule, target)
    if share < rule.levels.share or people < rule.config.min_hostile_authors or target.usual is None:
        return None
    is_open, target.case_until = target.last_at < target.case_until, target.last_at + rule.case_length
    target.first, target.every, target.clocks = share_test.NO_SHARE, share_test.NO_SHARE, emptied(target.clocks)
    if is_open and target.case_kind is Kind.PILEON:
        return None
    target.case_kind = Kind.PILEON
    return Finding(
        kind=Kind.PILEON, at=target.last_at, hostile_authors=people, since=target.hostile_at[-people], rate_evidence=0.0,
        share_evidence=share, usual_a_day=target.usual[0], usual_share=target.usual[1],
    )  # fmt: skip
