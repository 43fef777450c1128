"""One half of the site's people teaches, the other half decides: budgets, rules, and what became of them."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from streams.evaluation.contestants import VARIANTS, Contestant, WindowRule, esr
from streams.evaluation.scenario import Plan, streams
from streams.evaluation.scoring import Score, score
from streams.evaluation.site import Site, site
from streams.evaluation.stream import HOUR
from streams.stages.esr.budget import Budget, learned

BUDGETS = (0.1, 1.0, 3.0)
SLACKS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0)
SHARES = (1e9, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.0)
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
    share = _learned_share(teaches)
    for allowed in BUDGETS:
        budget = _budget(decides, allowed, share)
        for variant in VARIANTS:
            yield Line(name=variant.name, budget=allowed, score=_scored(decides, esr(decides, variant, budget)), note="proven bound")
        slack = _learned_slack(teaches, allowed, share)
        scored = _scored(decides, esr(decides, VARIANTS[0], replace(budget, slack=slack)))
        yield Line(name="paired, slack learned", budget=allowed, score=scored, note=f"slack {slack:g}")
    for name, window in WINDOWS:
        yield Line(name=name, budget=None, score=_scored(decides, window))
    yield from _hindsight(decides)


def _budget(site_: Site, allowed: float, share: float) -> Budget:
    return Budget(
        false_alarms_per_day=allowed, diluted_per_day=DILUTED_PER_DAY, replies_per_day=site_.replies_per_day, diluted_share=share
    )  # fmt: skip


def _scored(site_: Site, contestant: Contestant) -> Score:
    return score((watched, contestant(watched)) for watched in site_.watched)


def _learned_slack(teaches: Site, allowed: float, share: float) -> float:
    """Return how far the budget of the bound can be turned up so that the realised one is still kept."""
    tried = [esr(teaches, VARIANTS[0], replace(_budget(teaches, allowed, share), slack=slack)) for slack in SLACKS]
    return learned(_losses(teaches, tried, "false"), SLACKS, allowed * teaches.days / UNITS)


def _learned_share(teaches: Site) -> float:
    tried = [esr(teaches, VARIANTS[0], _budget(teaches, 1.0, share)) for share in SHARES]
    return learned(_losses(teaches, tried, "diluted"), SHARES, DILUTED_PER_DAY * teaches.days / UNITS)


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
