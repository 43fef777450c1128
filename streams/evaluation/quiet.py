"""Null calibration: sites to which nothing is done. All that opens there is false, and must stay within the budget."""

from collections import Counter
from typing import Final

from msgspec.structs import replace

from streams.evaluation.compare import Both, there
from streams.evaluation.real import Calibration
from streams.evaluation.scenario import Plan, streams
from streams.evaluation.site import LEARNED, counted, site
from streams.evaluation.stream import DAY
from streams.replay.calibrate.replayed import Person, Replayed
from streams.stages.esr.budget import levels
from streams.stages.esr.config import Config

SEED: Final = 7
"""Added to the seed for the first of the sites; the next ones follow at as much."""
SITES: Final = 16
"""So many, of half as many people as the site has: at 0.1 false alarms a day one alone allows too few to prove anything."""
SAID: Final = ("proven bound", "slack learned")


def calibrations(plan: Plan, budgets: Both, sites: int) -> tuple[Calibration, ...]:
    """Return what opened on so many sites, each with N and what is usual of its own first days."""
    false: Counter[tuple[float, str]] = Counter()
    for number in range(1, sites + 1):
        false.update(_false(replace(plan, seed=plan.seed + SEED * number, attacked=0.0, targets=plan.targets // 2), budgets))
    days, name = (
        plan.end - LEARNED,
        f"{sites} simulated sites to which nothing is done" if sites > 1 else "a simulated site to which nothing is done",
    )
    return tuple(
        Calibration(name=f"{name}, {said}", budget=allowed, false=false[allowed, said], allowed=allowed * sites * days / DAY)
        for allowed in budgets for said in SAID
    )  # fmt: skip


def _false(plan: Plan, budgets: Both) -> Counter[tuple[float, str]]:
    calm = site(plan, streams(plan))
    people = Replayed((Person(counted(one)) for one in calm.watched), Config(prior=calm.prior), LEARNED, plan.end)
    return Counter({
        (allowed, said): sum(pileons for pileons, _ in people.told(levels(there(calm, given))))
        for allowed, both in budgets.items() for said, given in zip(SAID, both, strict=True)
    })  # fmt: skip
