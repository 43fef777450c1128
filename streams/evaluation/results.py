"""All that is measured, in order: what ``make eval`` prints, writes down and draws."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.evaluation.ablations import ablations, without_list
from streams.evaluation.attacks import KINDS
from streams.evaluation.bounds import Bound, by_floor, by_share
from streams.evaluation.compare import BUDGETS, LINES, Both, Line, halves, lines, scored, taught, there, windows
from streams.evaluation.contestants import VARIANTS, Contestant, esr
from streams.evaluation.links.measured import STEPS as LINK_STEPS
from streams.evaluation.links.measured import LinkResults
from streams.evaluation.links.measured import measured as measured_links
from streams.evaluation.measures import Early, early
from streams.evaluation.quiet import SITES, calibrations
from streams.evaluation.real import Calibration, Forest
from streams.evaluation.real import Line as RealLine
from streams.evaluation.scenario import Plan, streams
from streams.evaluation.scoring import Score
from streams.evaluation.site import HOSTILE, Site, site
from streams.evaluation.trees import missing
from streams.evaluation.whom.measured import STEPS as WHOM_STEPS
from streams.evaluation.whom.measured import WhomResults
from streams.evaluation.whom.measured import measured as measured_whom
from streams.stages.esr.budget import Budget

MORE: Final = 8
"""Added to the seed: a site on which everybody meets something, most of it an evasion, so that there are enough of each."""


class Head(Struct, frozen=True, kw_only=True):
    """What it was measured on."""

    seed: int
    people: int
    replies: int
    hostile_replies: int
    days: int
    attacks: int
    large_attacks: int
    twins: int
    stakes_per_day: float
    share_stakes_per_day: float


class Real(Struct, frozen=True, kw_only=True):
    """All that real trees say; ``absent`` names what was not there instead."""

    absent: tuple[str, ...] = ()
    people: int = 0
    replies: int = 0
    raids: int = 0
    calibrations: tuple[Calibration, ...] = ()
    lines: tuple[RealLine, ...] = ()
    ablations: tuple[RealLine, ...] = ()


class Results(Struct, frozen=True, kw_only=True):
    """Everything."""

    head: Head
    lines: tuple[tuple[Line, Early], ...]
    calibrations: tuple[Calibration, ...]
    bounds: tuple[Bound, ...]
    evasions: tuple[tuple[str, Score], ...]
    """B = 1, on more of each kind; only what is found is to be read there, for hardly anybody is left in peace."""
    ablations: tuple[tuple[str, Score], ...]
    real: Real
    links: LinkResults
    """Whom a comment answers."""
    whom: WhomResults
    """Whom its hostility is for."""


STEPS: Final = 2 + LINES + 1 + 1 + 1 + 10 + 3 + LINK_STEPS + WHOM_STEPS


def measured(plan: Plan, data: Path, each: int, deals: int, step: Callable[[str], None], *, quick: bool = False) -> Results:
    """Measure everything. ``each``: raids of each kind on real trees, ``deals``: shuffles there; ``step`` is told what comes next.

    ``quick``: of whom a comment answers only a glance.
    """
    step("making the site")
    teaches, decides = halves(plan)
    step("learning budgets")
    budgets = taught(teaches)
    step("null calibration")
    quiet = calibrations(plan, budgets, 1 if quick else SITES)
    table = list(_with_steps(lines(decides, budgets), step))
    step("bounds")
    bounds = (by_floor(decides), *(replace(by_share(decides, b * decides.days), name=f"oracle of the share, B = {b:g}") for b in BUDGETS))
    step("more of each evasion")
    them = _busy(plan, decides)
    evasions = tuple(_evasions(them, decides, budgets, table))
    bounds = (*bounds, replace(by_floor(them), name="four people surely hostile, on more of each kind"))
    without = []
    for name, seen, contestant in ablations(decides, there(decides, budgets[1.0][1])):
        step(name)
        without.append((name, scored(seen, contestant)))
    head = _head(plan, decides)
    return Results(
        head=head, lines=tuple((line, early(line.score, head.people, head.hostile_replies)) for line in table), calibrations=quiet,
        bounds=bounds, evasions=evasions, ablations=tuple(without), real=_real(data, decides, budgets, each, deals, step),
        links=measured_links(data, step, quick=quick), whom=measured_whom(data, step, quick=quick),
    )  # fmt: skip


def _with_steps(given: Iterator[Line], step: Callable[[str], None]) -> Iterator[Line]:
    for line in given:
        step(line.name)
        yield line


def _busy(plan: Plan, decides: Site) -> Site:
    """Return people who all meet something; what is usual is learned where people are left in peace."""
    busy = replace(plan, seed=plan.seed + MORE, attacked=1.0, plain=1 / len(KINDS), targets=plan.targets // 2)
    return dataclasses.replace(decides, watched=site(busy, streams(busy)).watched)


def _evasions(them: Site, decides: Site, budgets: Both, table: list[Line]) -> Iterator[tuple[str, Score]]:
    proven, slack = (there(decides, given) for given in budgets[1.0])
    yield "paired, slack learned", scored(them, esr(them, VARIANTS[0], slack))
    yield "paired, proven bound", scored(them, esr(them, VARIANTS[0], proven))
    nobody = [without_list(one) for one in them.watched]
    yield (
        "paired, slack learned, no list of known accounts",
        scored(dataclasses.replace(them, watched=tuple(nobody)), esr(them, VARIANTS[0], slack)),
    )
    best = next((line.name for line in table if line.kept_at == 1.0), None)
    if best is not None and best in dict(windows()):
        yield f"{best}, best of 128 in hindsight", scored(them, dict(windows())[best])


def _head(plan: Plan, decides: Site) -> Head:
    events = [event for one in decides.watched for event in one.stream.events]
    attacks = [event for event in events if event.is_attack]
    return Head(
        seed=plan.seed, people=len(decides.watched), replies=sum(len(one.stream) for one in decides.watched),
        hostile_replies=sum(int((one.stream.x >= HOSTILE).sum()) for one in decides.watched), days=decides.days, attacks=len(attacks),
        large_attacks=sum(event.hostile_authors >= 8 for event in attacks), twins=len(events) - len(attacks),
        stakes_per_day=decides.stakes_per_day, share_stakes_per_day=decides.share_stakes_per_day,
    )  # fmt: skip


def _real(data: Path, nominal: Site, budgets: Both, each: int, deals: int, step: Callable[[str], None]) -> Real:
    step("real trees")
    if absent := missing(data):
        return Real(absent=tuple(absent))
    forest = Forest(data, each=each)
    step("real trees, null calibration")
    quiet = [one for proven, _ in budgets.values() for one in forest.calibrations(nominal, there(nominal, proven), deals)]
    step("real trees, raids")
    found = [_on_raids(forest, nominal, there(nominal, given), said) for both in budgets.values()
             for given, said in zip(both, ("proven bound", "slack learned"), strict=True)]  # fmt: skip
    found += _others(forest, nominal)
    best = there(nominal, budgets[1.0][1])
    return Real(
        people=len(forest.decides.keys), replies=sum(map(len, forest.decides.replies)), raids=forest.raids, calibrations=tuple(quiet),
        lines=tuple(found), ablations=tuple(forest.ablations(nominal, lambda those: esr(those, VARIANTS[0], best), 1.0)),
    )  # fmt: skip


def _on_raids(forest: Forest, nominal: Site, given: Budget, said: str) -> RealLine:
    return forest.line(f"paired, {said}", nominal, lambda those: esr(those, VARIANTS[0], given), given.false_alarms_per_day)


def _others(forest: Forest, nominal: Site) -> Iterator[RealLine]:
    """The windows: the usual ones, the one that keeps one false alarm a day on the simulated site, and the best on these very raids."""
    tried = windows()
    kept = [(name, rule) for name, rule in tried if scored(nominal, rule).false <= nominal.days]
    name, rule = max(kept, key=lambda one: forest.recall(nominal, one[1]))
    yield forest.line(f"{name} (best here of those that keep 1 a day on the simulated site)", nominal, _same(rule), None)
    name, rule = max(tried, key=lambda one: forest.recall(nominal, one[1]))
    yield forest.line(f"{name} (best here of {len(tried)}, whatever it does elsewhere)", nominal, _same(rule), None)


def _same(rule: Contestant) -> Callable[[Site], Contestant]:
    return lambda _site: rule
