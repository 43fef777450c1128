"""One half of the site's people teaches, the other half decides: budgets, rules, and what became of them."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from streams.evaluation.contestants import VARIANTS, Contestant, Variant, WindowRule, esr
from streams.evaluation.gated import Gated
from streams.evaluation.scenario import Plan, streams
from streams.evaluation.scoring import Score, score
from streams.evaluation.site import Site, site
from streams.evaluation.stream import HOUR
from streams.stages.esr.budget import Budget, learned

BUDGETS = (0.1, 1.0, 3.0)
SLACKS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0)
SHARES = (1e9, 100.0, 30.0, 10.0, 3.0, 0.0)
"""Evidence that ``diluted`` may ask of the share test, strictest first."""
DILUTED_PER_DAY = 1.0
UNITS = 20
"""Groups of people that the learning takes as exchangeable."""
WINDOWS = (("window ≥5 in 1 h", WindowRule(5)), ("window ≥10 in 1 h", WindowRule(10)), ("window ≥6, share ≥.5", WindowRule(6, 0.5)))


class Line(Struct, frozen=True, kw_only=True):
    """One detector at one setting, and what it did on the half that decides."""

    name: str
    budget: float | None
    """False alarms a day that it was told are tolerable; None: it cannot be told."""
    score: Score
    note: str = ""


def halves(plan: Plan) -> tuple[Site, Site]:
    """Return (teaches, decides): every other person, each half with N and priors of its own first days."""
    teaches, decides = (site(plan, streams(plan, range(half, plan.targets, 2))) for half in (0, 1))
    return teaches, decides


def lines(teaches: Site, decides: Site) -> Iterator[Line]:
    """Yield the table, line by line."""
    for allowed in BUDGETS:
        proven = with_diluted(teaches, budget(teaches, allowed))
        for variant in VARIANTS:
            yield _measured(decides, variant, proven, "proven bound")
        gated = _scored(decides, Gated(decides, allowed))
        yield Line(name="gated", budget=allowed, score=gated, note="proven bound")
        taught = with_diluted(teaches, with_slack(teaches, budget(teaches, allowed)))
        line = _measured(decides, VARIANTS[0], taught, f"slack {taught.slack:g}")
        yield Line(name="paired, slack learned", budget=allowed, score=line.score, note=line.note)
    for name, window in WINDOWS:
        yield Line(name=name, budget=None, score=_scored(decides, window))
    yield from _hindsight(decides)


def budget(site_: Site, allowed: float) -> Budget:
    """Return the proven bound's budget, and no warnings ``diluted``."""
    return Budget(
        false_alarms_per_day=allowed, diluted_per_day=DILUTED_PER_DAY, stakes_per_day=site_.stakes_per_day, share_stakes_per_day=site_.share_stakes_per_day, diluted_share=SHARES[0],
    )  # fmt: skip


def with_slack(teaches: Site, proven: Budget) -> Budget:
    """Return how far the budget of the share test's bound can be turned up so that the realised one is still kept."""
    tried = [esr(teaches, VARIANTS[0], replace(proven, slack=slack)) for slack in SLACKS]
    allowed = proven.false_alarms_per_day * teaches.days / UNITS
    return replace(proven, slack=learned(_losses(teaches, tried, "false"), SLACKS, allowed))


def with_diluted(teaches: Site, for_pair: Budget) -> Budget:
    """Return how little the share test may say for the pace alone to keep a budget of its own."""
    tried = [esr(teaches, VARIANTS[0], replace(for_pair, diluted_share=share)) for share in SHARES]
    allowed = for_pair.diluted_per_day * teaches.days / UNITS
    return replace(for_pair, diluted_share=learned(_losses(teaches, tried, "diluted"), SHARES, allowed))


def _measured(decides: Site, variant: Variant, taught: Budget, note: str) -> Line:
    """What was learned is taken to the half that decides, with its own N."""
    there = replace(taught, stakes_per_day=decides.stakes_per_day, share_stakes_per_day=decides.share_stakes_per_day)
    return Line(name=variant.name, budget=taught.false_alarms_per_day, score=_scored(decides, esr(decides, variant, there)), note=note)


def _scored(site_: Site, contestant: Contestant) -> Score:
    return score((watched, contestant(watched)) for watched in site_.watched)


def _losses(teaches: Site, tried: Sequence[Contestant], what: str) -> list[list[int]]:
    groups = [teaches.watched[unit::UNITS] for unit in range(UNITS)]
    return [[getattr(score((one, each(one)) for one in group), what) for each in tried] for group in groups]


def _hindsight(decides: Site) -> Iterator[Line]:
    """The best window rule for this very half, at each budget: nobody could have known it before."""
    tried = [
        (f"window ≥{people} in {hours:g} h, share ≥{share:g}", _scored(decides, WindowRule(people, share, int(hours * HOUR))))
        for people in (4, 5, 6, 8) for hours in (0.5, 1, 3, 6) for share in (0.0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
    ]  # fmt: skip
    for allowed in BUDGETS:
        kept = [(name, each) for name, each in tried if each.false <= allowed * decides.days]
        if kept:
            name, best = max(kept, key=lambda one: (one[1].recall()[0], -one[1].median_minutes))
            yield Line(name=name, budget=None, score=best, note=f"best in hindsight at {allowed:g} a day")
