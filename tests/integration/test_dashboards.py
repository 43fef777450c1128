"""The dashboards on a real Prometheus that scraped the running program, with an Alertmanager that it posts to."""

import asyncio
import math
from pathlib import Path

import pytest

from tests.support.live import until
from tests.support.observed import Observed, comments, observed, play
from tests.support.panels import LIVE, questions
from tests.support.preview.data import SHORT, open_alerts

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SENT = 900
PLAYED = 20.0
ROUNDS = 8
ALL_SITES = SHORT | {"before": "15s"}
CHOSEN = ALL_SITES | {"source": "(harbour-post|kitchen-table)"}


class Questions:
    """Every question of every dashboard, until it was answered once with a number: a rate is one only while something happens."""

    def __init__(self, seen: Observed) -> None:
        self._seen = seen
        self.open = dict([*questions(ALL_SITES, LIVE), *((f"{where}, chosen sites", asked) for where, asked in questions(CHOSEN, LIVE))])

    def asked(self) -> bool:
        """Ask what is still open; return whether nothing is."""
        for where, expression in list(self.open.items()):
            if any(math.isfinite(float(one["value"][1])) for one in self._seen.prometheus.ask(expression)):
                del self.open[where]
        return not self.open


async def test_every_question_of_every_dashboard_is_answered_with_numbers_while_the_program_runs(broker: str, tmp_path: Path):
    async with observed(broker, tmp_path) as seen:
        asked, rounds = Questions(seen), 0
        talking = asyncio.create_task(play(seen, comments(SENT), PLAYED))
        # Recording rules come every 30 s, and the one of a share needs two values of what it divides: people talk on until then.
        while not await _until_played(asked, talking):
            rounds += 1
            assert rounds < ROUNDS, f"nobody answered {sorted(asked.open)}"
            talking = asyncio.create_task(play(seen, comments(SENT), PLAYED))
        await seen.live.settled()
        await until("Prometheus has seen all that was scored", lambda: asyncio.to_thread(_scored, seen, SENT * (rounds + 1)))
        assert {"source", "community", "severity"} <= set().union(*open_alerts(seen.alertmanager))


async def _until_played(asked: Questions, talking: "asyncio.Task[None]") -> bool:
    """Ask until this round of talk is over; return whether everything was answered by then."""
    while not talking.done():
        await asyncio.to_thread(asked.asked)
        await asyncio.sleep(1)
    await talking
    return await asyncio.to_thread(asked.asked)


def _scored(seen: Observed, wanted: int) -> bool:
    return [one["value"][1] for one in seen.prometheus.ask("sum(threadwatch_comments_scored_total)")] == [str(wanted)]
