"""The gated variant: a low gate of the pace, then one share bet with Ville's threshold for six hours. To be compared with the pair."""

from typing import Final

import numpy as np

from streams.evaluation.site import HOSTILE, Site, Watched
from streams.evaluation.stream import DAY, HOUR
from streams.stages.esr import rate_test, share_test
from streams.stages.esr.config import Config, Levels, Rule, rule
from streams.stages.esr.detector import Kind, Target, advance
from streams.stages.esr.exact import exp_minus
from streams.stages.esr.membership import Seen

GATE: Final = 20.0
"""1/α₁: a gate opens on at most N/20 stakes a day; α₂ = B/(α₁·N) makes B of these."""
OPEN: Final = 6 * HOUR
_NEVER: Final = Levels(rate=1e200, share=1e200, diluted=1e200, surge=1e200)


class Gated:
    """The variant for a site, at so many false alarms a day."""

    def __init__(self, site: Site, false_alarms_per_day: float, slack: float = 1.0) -> None:
        self._rule = rule(Config(prior=site.prior), _NEVER)
        self._level = max(1.0, site.stakes_per_day / GATE / (false_alarms_per_day * slack))

    def __call__(self, watched: Watched) -> list[tuple[int, Kind]]:
        """Return when cases open."""
        stream, opened, case_until = watched.stream, [], 0
        counts = np.flatnonzero(watched.seen >= Seen.FIRST)
        gate: _Gate | None = None
        rows = zip(stream.at[counts].tolist(), stream.x[counts].tolist(), (watched.seen[counts] == Seen.FIRST).tolist(), strict=True)
        for at, x, is_first in rows:
            gate = _Gate(self._rule, at) if gate is None else gate
            gate.take(at, x, is_first=is_first)
            if x < HOSTILE:
                continue
            if at < case_until:
                case_until = at + OPEN
            elif gate.evidence >= self._level and gate.people(at) >= self._rule.config.min_hostile_authors:
                opened.append((at, Kind.PILEON))
                case_until = at + OPEN
        return opened


class _Gate:
    def __init__(self, by: Rule, at: int) -> None:
        self._rule, self._target, self._until = by, Target(at), 0
        self._first = self._every = share_test.NO_SHARE

    @property
    def evidence(self) -> float:
        return float(share_test.evidence(self._first, self._every))

    def people(self, at: int) -> int:
        return sum(1 for then in self._target.hostile_at if then > at - DAY)

    def take(self, at: int, x: float, *, is_first: bool) -> None:
        target = self._target
        memory, lately = exp_minus(self._rule.forgets * max(0, at - target.last_at)), target.lately
        advance(self._rule, target, at, x, is_first=is_first, conversation=0, is_new=False)
        if at <= self._until:
            self._bet(x, memory, lately, is_first=is_first)
        elif rate_test.evidence(target.rate) >= GATE:
            target.rate, self._until = rate_test.NO_RATE, at + OPEN
            self._first = self._every = share_test.NO_BET
        else:
            self._first = self._every = share_test.NO_SHARE

    def _bet(self, x: float, memory: float, lately: tuple[float, float], *, is_first: bool) -> None:
        usual = self._target.usual
        assert usual is not None
        m = share_test.daily(usual[1] if is_first else usual[2], lately, memory, self._rule.config.prior.day_weight, max)
        by = share_test.factors(x, m)
        self._first, self._every = share_test.both(self._first, self._every, by, 1.0, 0.0, 1e200, is_first=is_first)
