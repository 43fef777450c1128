"""One half of the site's people teaches, the other half decides: budgets, rules, and what became of them."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from streams.evaluation.baselines import Cusum, ZScore
from streams.evaluation.contestants import VARIANTS, Contestant, Variant, WindowRule, esr
from streams.evaluation.gated import Gated
from streams.evaluation.scenario import Plan, streams
from streams.evaluation.scoring import AFTER, Score, score
from streams.evaluation.site import LEARNED, Site, Watched, counted, site
from streams.evaluation.stream import DAY, HOUR
from streams.replay.calibrate.replayed import Person, Replayed
from streams.replay.calibrate.slack import with_slack
from streams.stages.esr.budget import Budget
from streams.stages.esr.calibration import Calibration
from streams.stages.esr.config import Config
from streams.stages.esr.slack import NEVER
from streams.stages.esr.slack import taught as at

BUDGETS = (0.1, 1.0, 3.0)
WINDOWS = (("window ≥5 in 1 h", WindowRule(5)), ("window ≥10 in 1 h", WindowRule(10)), ("window ≥6, share ≥.5", WindowRule(6, 0.5)))
LINES = len(BUDGETS) * (len(VARIANTS) + 3) + len(WINDOWS) + 3 * len(BUDGETS)


Both = dict[float, tuple[Budget, Budget]]
"""B → the proven budget, and the one with what was learned."""


class Line(Struct, frozen=True, kw_only=True):
    """One detector at one setting, and what it did on the half that decides."""

    name: str
    budget: float | None
    """False alarms a day that it was told are tolerable; None: it cannot be told."""
    score: Score
    note: str = ""
    kept_at: float | None = None
    """Tuned in hindsight so that it keeps so many a day on these very answers."""


def halves(plan: Plan) -> tuple[Site, Site]:
    """Return (teaches, decides): every other person, each half with N and priors of its own first days."""
    teaches, decides = (site(plan, streams(plan, range(half, plan.targets, 2))) for half in (0, 1))
    return teaches, decides


def taught(teaches: Site) -> Both:
    """Return, for each budget, the proven one and the one with what the teaching half allows beyond it: as ``threadwatch calibrate`` does.

    Its pile-ons are known, as if somebody had judged them all.
    """
    proven = Calibration(
        stakes_per_day=teaches.stakes_per_day, share_stakes_per_day=teaches.share_stakes_per_day, newcomers=True, prior=teaches.prior
    )  # fmt: skip
    people = Replayed(map(judged, teaches.watched), Config(prior=teaches.prior), LEARNED, LEARNED + teaches.days * DAY)
    known = with_slack(proven, people)
    return {allowed: (budget(teaches, allowed), _eased(teaches, known, allowed)) for allowed in BUDGETS}


def judged(one: Watched) -> Person:
    """Return a person's replies with the times of their pile-ons."""
    return Person(counted(one), [(event.begin, event.end + AFTER) for event in one.stream.events if event.is_attack])


def lines(decides: Site, budgets: Both) -> Iterator[Line]:
    """Yield the table, line by line."""
    for allowed, (proven, slack) in budgets.items():
        yield _measured(decides, VARIANTS[0], slack, f"slack {slack.slack:g}", "paired, slack learned")
        alone = replace(slack, diluted_share=NEVER)
        yield _measured(decides, VARIANTS[0], alone, f"slack {slack.slack:g}, no warnings", "paired, slack learned, alone")
        for variant in VARIANTS:
            yield _measured(decides, variant, proven, "proven bound")
        yield Line(name="gated", budget=allowed, score=scored(decides, Gated(decides, allowed)), note="proven bound")
    for name, window in WINDOWS:
        yield Line(name=name, budget=None, score=scored(decides, window))
    for tried in (windows(), z_scores(decides), cusums(decides)):
        yield from hindsight(decides, tried)


def budget(site_: Site, allowed: float) -> Budget:
    """Return the proven bound's budget, and no warnings ``diluted``."""
    return Budget(
        false_alarms_per_day=allowed, diluted_per_day=allowed, stakes_per_day=site_.stakes_per_day,
        share_stakes_per_day=site_.share_stakes_per_day, diluted_share=NEVER,
    )  # fmt: skip


def _eased(site_: Site, known: Calibration, allowed: float) -> Budget:
    said = at(known.slack, known.diluted_share, allowed)
    assert said is not None  # each of BUDGETS is one that is learned at
    return replace(budget(site_, allowed), slack=said.slack, diluted_share=said.diluted_share)


def there(decides: Site, given: Budget) -> Budget:
    """Return what was learned, with the N of the people it is taken to."""
    return replace(given, stakes_per_day=decides.stakes_per_day, share_stakes_per_day=decides.share_stakes_per_day)


def windows() -> list[tuple[str, Contestant]]:
    """Return the window rules that are tried in hindsight."""
    return [
        (f"window ≥{people} in {hours:g} h, share ≥{share:g}", WindowRule(people, share, int(hours * HOUR)))
        for people in (4, 5, 6, 8) for hours in (0.5, 1, 3, 6) for share in (0.0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
    ]  # fmt: skip


def z_scores(site_: Site) -> list[tuple[str, Contestant]]:
    """Return the z-scores that are tried."""
    return [
        (f"z-score ≥{z:g} in {hours} h", ZScore(site_, z, hours * HOUR))
        for z in (10, 30, 60, 100, 150, 200, 300, 450, 700) for hours in (1, 3)
    ]  # fmt: skip


def cusums(site_: Site) -> list[tuple[str, Contestant]]:
    """Return the CUSUMs that are tried."""
    return [
        (f"CUSUM ≥{level}, drift {drift:g}", Cusum(site_, drift, level))
        for level in (4, 6, 8, 12, 16, 24) for drift in (2, 10, 50, 250, 1000)
    ]  # fmt: skip


def hindsight(decides: Site, tried: Sequence[tuple[str, Contestant]]) -> Iterator[Line]:
    """Yield the best for this very half, at each budget: nobody could have known it before."""
    found = [(name, scored(decides, each)) for name, each in tried]
    for allowed in BUDGETS:
        kept = [(name, each) for name, each in found if each.false <= allowed * decides.days]
        if kept:
            name, best = max(kept, key=lambda one: (one[1].recall()[0], -one[1].median_minutes))
            yield Line(name=name, budget=None, score=best, note=f"best of {len(tried)} in hindsight at {allowed:g} a day", kept_at=allowed)


def scored(site_: Site, contestant: Contestant) -> Score:
    """Return what a detector does on a site."""
    return score((watched, contestant(watched)) for watched in site_.watched)


def _measured(decides: Site, variant: Variant, given: Budget, note: str, name: str = "") -> Line:
    found = scored(decides, esr(decides, variant, there(decides, given)))
    return Line(name=name or variant.name, budget=given.false_alarms_per_day, score=found, note=note)
