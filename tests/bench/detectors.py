"""Both detectors end to end: the stage of the program over the simulated site of ``make eval``, what each opened, and what of it was false.

``python -m tests.bench.detectors`` takes the half of the people that decides. e-SR is calibrated as ``threadwatch calibrate`` does it: on
their own first eight days (N, what is usual, and the slack that a week teaches), and with the slack of the other half's judged weeks.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from streams.evaluation.ablations import without_list
from streams.evaluation.compare import halves, judged
from streams.evaluation.scenario import Plan
from streams.evaluation.scoring import Score, score, upper_bound
from streams.evaluation.site import LEARNED, Site, Watched, counted
from streams.evaluation.stream import DAY, START
from streams.records import ConfigChange, FindingKind, PileOn, Reply, Status, Tick
from streams.replay.calibrate.measured import taught_by
from streams.replay.calibrate.replayed import Person, Replayed
from streams.replay.calibrate.slack import with_slack
from streams.stages.esr.accounts import NAME, as_values, listed
from streams.stages.esr.calibration import Calibration, config_of, levels_of
from streams.stages.esr.detector import Kind
from streams.stages.esr.slack import DilutedShare, Slack
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
    parser.add_argument("--only", default="", help="only detectors whose name holds this")
    asked = parser.parse_args()
    plan = Plan(targets=asked.targets)
    others, them = halves(plan)
    log = list(replies(them))
    print(f"{len(them.watched)} people, {len(log):,} records, {them.days} days")
    for name, stage in _stages(others, them):
        if asked.only in name:
            _print(name, them, log, stage)


def _stages(others: Site, them: Site) -> Iterator[tuple[str, Following]]:
    yield "window, as it ships", Following(Config(), {}, {}, KEY)
    yield "window, 6 people, share .5", Following(Config(min_hostile_authors=6, min_share=0.5), {}, {}, KEY)
    for name, has_list in (("e-SR", False), ("e-SR, known accounts", True)):
        week, weeks = _week(them, has_list), _weeks(others, has_list)
        proven = replace(week, slack=Slack(), diluted_share=DilutedShare())
        judged_too = replace(proven, slack=weeks.slack, diluted_share=weeks.diluted_share)
        for said, measured in (("proven", proven), ("own week", week), ("judged weeks", judged_too)):
            for budget, slack in zip(BUDGETS, (measured.slack.at_0_1, measured.slack.at_1, measured.slack.at_3), strict=True):
                # What has taught nothing is the proven bound again.
                if measured is proven or levels_of(measured, budget) != levels_of(proven, budget):
                    config = Config(false_alarms_per_day=budget)
                    yield f"{name}, {said}, B = {budget:g}, slack {slack:g}", Following(config, {}, {}, KEY, Which.ESR, measured)


def _week(them: Site, has_list: bool) -> Calibration:
    """Return what the first eight days teach; nothing has happened to anybody in them."""
    people = [Person(counted(_seen(one, has_list), until=LEARNED)) for one in them.watched]
    return taught_by(people, START, LEARNED, Config(), newcomers=has_list).calibration


def _weeks(others: Site, has_list: bool) -> Calibration:
    """Return what the days after that teach, of which every pile-on was judged."""
    proven = replace(_week(others, has_list), slack=Slack(), diluted_share=DilutedShare())
    own = config_of(proven, Config().min_hostile_authors, Config().min_hostility, Config().case_length)
    people = (judged(_seen(one, has_list)) for one in others.watched)
    return with_slack(proven, Replayed(people, own, LEARNED, LEARNED + others.days * DAY))


def _seen(one: Watched, has_list: bool) -> Watched:
    return one if has_list else without_list(one)


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


def _print(name: str, them: Site, log: Sequence[Record], stage: Following) -> None:
    found, speed = opened(log, stage)
    made_of = score((watched, found.get(f"t{watched.stream.target}", [])) for watched in them.watched)
    print(f"{name:52} {_said(made_of, them)}; {speed:,.0f} records a CPU second", flush=True)


def _said(found: Score, them: Site) -> str:
    caught, of = found.recall()
    false = f"{found.false} false (≤ {upper_bound(found.false):.0f}) and {found.diluted} warnings in {them.days} days"
    soon = f"{found.median_authors:.0f} people, {found.median_minutes:.0f} min"
    return f"{caught}/{of} caught, {false}, {soon}; {found.alerts_in_attacks} alerts in them"


if __name__ == "__main__":
    main()
