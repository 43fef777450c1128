"""The live program: the chosen stages, each an App of its own, in one Faust worker."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

import faust
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, disable_created_metrics

from streams.engine import Effects
from streams.errors import OK, UNEXPECTED, BrokerAway, UserError
from streams.kafka.admin import differences
from streams.kafka.connection import calm_logging, client_options, wait_for_broker
from streams.kafka.mutes import with_mutes
from streams.live import loop, telling
from streams.live.agent import Options, StageAgent
from streams.live.anteroom import Anteroom
from streams.live.caretaker import Caretaker
from streams.live.poster import Poster
from streams.live.progress import Progress, Watchdog
from streams.live.receivers import check_webhooks, heard_of_nothing, told_to_nobody
from streams.live.timed_scorer import TimedScorer
from streams.live.watch import Watch
from streams.live.webhooks import Webhooks
from streams.pseudonyms import installation_key
from streams.scorers import Scorer, ScorerUnavailable, open_or_fall_back
from streams.settings import Settings, topology_config
from streams.stages.alert import Mute
from streams.stages.step import Stage
from streams.topology import STAGES, config_hash, topology

log = logging.getLogger("threadwatch.live")

_NEEDED: Final = (": missing", " partitions, declared ", ": cleanup.policy is ")
"""Differences that a worker cannot live with; how long something is kept it can."""


class _Worker(faust.Worker):
    """Faust's worker, which tells the watchdog that it was asked to stop."""

    watchdog: Watchdog

    def _flag_as_shutdown_by_signal(self) -> None:
        self.watchdog.stopping_since = self.watchdog.stopping_since or time.monotonic()
        super()._flag_as_shutdown_by_signal()


def run(settings: Settings, names: tuple[str, ...] = STAGES, options: Options | None = None, file: Path | None = None) -> NoReturn:
    """Run these stages until SIGTERM or Ctrl-C; what is in flight is finished first. Exits as guard.py says.

    ``file`` is where the settings were read from, for messages.
    """
    _log_lines()
    check_webhooks(settings.webhooks, file)
    for line in heard_of_nothing(settings):
        log.warning("%s", line)
    try:
        mutes = asyncio.run(_checked(settings))
    except BrokerAway as away:  # it comes back, and nobody is there to start the worker again then
        print(f"threadwatch: {away}", file=sys.stderr)
        raise SystemExit(UNEXPECTED) from away
    if "alert" in names:
        _say_who_is_told(settings)
    try:
        _worker(settings, names, options or Options(), mutes, loop.install()).execute_from_commandline()
    except SystemExit as ended:  # Faust says 1 when one of its services crashed: an outage, or a bug
        raise SystemExit(UNEXPECTED if ended.code else OK) from ended


def _say_who_is_told(settings: Settings) -> None:
    if nobody := told_to_nobody(settings):
        log.warning("%s", nobody)
    else:
        log.info("%s", telling.line(settings))


async def _checked(settings: Settings) -> tuple[Mute, ...]:
    """Wait for the broker, then see that the topics are what the stages rest on: UserError says what to do. Return all mutes there are."""
    async with Anteroom(settings):
        await wait_for_broker(settings, settings.worker.broker_wait)
    wrong = [line for line in await differences(settings) if any(word in line for word in _NEEDED)]
    if wrong:
        where = client_options(settings)["bootstrap_servers"]
        raise UserError(f"{len(wrong)} topics on {where} are not as declared (threadwatch topics check lists them), first {wrong[0]}")
    return (await with_mutes(settings)).mutes


def _worker(settings: Settings, names: tuple[str, ...], options: Options, mutes: tuple[Mute, ...], on: Any) -> _Worker:
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series per counter, which nothing reads
    config = replace(topology_config(settings, installation_key(settings.data)), mutes=mutes)
    scorer = TimedScorer(_scorer(settings) if "score" in names else _NoScorer())
    stages = [stage for stage in topology(scorer, config) if stage.name in names]
    configuration = config_hash(*(config.of(stage.name) for stage in stages))
    watch = Watch(settings, CollectorRegistry(), stages, scorer.name, configuration, config.installation_key)
    scorer.told = watch.metrics.batch_scored
    scorer.told_work = watch.metrics.scorer_worked
    poster = Poster(settings, watch)

    def applied(stage: Stage, effects: Effects, seconds: float) -> None:
        watch.applied(stage, effects, seconds)
        poster.applied(stage, effects)
        webhooks.applied(stage, effects)

    webhooks = Webhooks(settings, watch.metrics)
    agents = [
        StageAgent(settings, stage, config_hash(*config.of(stage.name)), applied, options, webhooks.outbox(stage)) for stage in stages
    ]
    scorer.tell_computed(partial(_computed, [agent.progress for agent in agents if agent.stage.name == "score"]))
    watchdog = Watchdog([agent.progress for agent in agents], settings.worker.stuck_after.total_seconds())
    caretaker = Caretaker(settings, agents, watchdog, watch, poster, webhooks, loop=on)
    apps = [agent.app for agent in agents]
    worker = _Worker(apps[0], caretaker, *apps[1:], quiet=True, loop=on, loglevel=None, redirect_stdouts=False, override_logging=False)
    worker.watchdog = watchdog
    worker.spinner = None  # it would write cursor codes into a log
    watchdog.start()
    return worker


def _computed(scoring: Iterable[Progress]) -> None:
    for progress in scoring:
        progress.computed(time.monotonic())


def _scorer(settings: Settings) -> Scorer:
    try:
        scorer, why = open_or_fall_back(settings.scorer, settings.scoring)
    except ScorerUnavailable as error:
        raise UserError(str(error)) from error
    if why:
        log.warning("scoring with %s, as scoring.fallback says: %s", scorer.name, why)
    return scorer


class _NoScorer:
    """Stands where a worker without the score stage needs none."""

    name = "none@0"

    def score(self, texts: Any) -> list[Any]:
        raise AssertionError("this worker does not score")


def _log_lines() -> None:
    level = logging.DEBUG if os.environ.get("THREADWATCH_LOG") == "debug" else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if level > logging.INFO:
        logging.getLogger("threadwatch").setLevel(logging.INFO)
    calm_logging()
