"""Both detectors end to end: the stage of the program over the simulated site of ``make eval``, what each opened, and what of it was false.

``python -m tests.bench.detectors`` takes the half of the people that decides; e-SR has the calibration of their first eight days.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from streams.evaluation.scenario import LEARNING_DAYS, Plan
from streams.evaluation.scenario import streams as made
from streams.evaluation.scoring import Score, score, upper_bound
from streams.evaluation.site import LEARNED, Site, site
from streams.records import ConfigChange, FindingKind, PileOn, Reply, Status, Tick
from streams.stages.esr.accounts import NAME, as_values, listed
from streams.stages.esr.calibration import Calibration
from streams.stages.esr.detector import Kind
from streams.stages.instants import instant, micros
from streams.stages.pileon import Config, Following, Which
from streams.stages.pseudonyms import Pseudonyms

TICKS: Final = 3_600_000_000
KEY: Final = b"bench"
Record = Reply | Tick | ConfigChange
BUDGETS: Final = (0.1, 1.0, 3.0)


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.detectors", description=__doc__)
    parser.add_argument("--targets", type=int, default=6000, help="people of the site; every other one is looked at")
    plan = Plan(targets=parser.parse_args().targets)
    them = site(plan, made(plan, range(1, plan.targets, 2)))
    log = list(replies(them))
    print(f"{len(them.watched)} people, {len(log):,} records, {them.days} days")
    calibration = Calibration(stakes_per_day=them.stakes_per_day, share_stakes_per_day=_without_list(them), prior=them.prior)
    for name, config in (("window, as it ships", Config()), ("window, 6 people, share .5", Config(min_hostile_authors=6, min_share=0.5))):
        _print(name, them, log, Following(config, {}, {}, KEY))
    listed_too = replace(calibration, share_stakes_per_day=them.share_stakes_per_day, newcomers=True)
    for name, measured in (("e-SR", calibration), ("e-SR and known accounts", listed_too)):
        for budget in BUDGETS:
            stage = Following(Config(false_alarms_per_day=budget), {}, {}, KEY, Which.ESR, measured)
            _print(f"{name}, B = {budget:g}", them, log, stage)


def replies(them: Site) -> Iterator[Record]:
    """Yield what everybody was answered, in the order of writing, with a tick every hour and who was known before every day."""
    every = sorted((one for watched in them.watched for one in watched.stream.replies()), key=lambda one: one.created_at)
    told, today, known, hashed = 0, 0, set[int](), Pseudonyms(KEY)
    for one in every:
        hour = micros(one.created_at) // TICKS
        if hour > told:
            told = hour
            yield Tick(at=instant(hour * TICKS))
        if (day := hour // 24) > today:
            today = day
            yield ConfigChange(name=NAME, version=day, effective_from=one.created_at, values=as_values(listed(known, day)))
        known.add(hashed.author(one.author_id, ""))
        yield one


def opened(log: Sequence[Record], stage: Following) -> tuple[dict[str, list[tuple[int, Kind]]], float]:
    """Return when pile-ons opened on whom, and how many records a second of CPU the stage took."""
    found: dict[str, list[tuple[int, Kind]]] = {}
    store, began = stage.new_store(), time.process_time()
    for record in log:
        _, told, _ = stage.detector.follow(store, record)
        for one in told:
            if one.status is Status.OPENED:
                found.setdefault(one.target_id, []).append((micros(one.opened_at), _kind(one)))
    return found, len(log) / (time.process_time() - began)


def _kind(one: PileOn) -> Kind:
    return Kind.DILUTED if one.grounds is not None and one.grounds.finding is FindingKind.DILUTED else Kind.PILEON


def _without_list(them: Site) -> float:
    """Return N of the share where nobody is known to be new: the program keeps no list of accounts yet."""
    from streams.evaluation.ablations import without_list
    from streams.evaluation.site import share_staked

    return sum(share_staked(without_list(one), until=LEARNED) for one in them.watched) / LEARNING_DAYS


def _print(name: str, them: Site, log: Sequence[Record], stage: Following) -> None:
    found, speed = opened(log, stage)
    made_of = score((watched, found.get(f"t{watched.stream.target}", [])) for watched in them.watched)
    print(f"{name:28} {_said(made_of, them)}; {speed:,.0f} records a CPU second", flush=True)


def _said(found: Score, them: Site) -> str:
    caught, of = found.recall()
    false = f"{found.false} false (≤ {upper_bound(found.false):.0f}) in {them.days} days"
    soon = f"{found.median_authors:.0f} people, {found.median_minutes:.0f} min"
    return f"{caught}/{of} caught, {false}, {soon}; {found.alerts_in_attacks} alerts in them"


if __name__ == "__main__":
    main()
