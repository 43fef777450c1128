"""The dashboards on a real Prometheus that scraped the running program, with an Alertmanager that it posts to."""

import asyncio
import math
from pathlib import Path

import pytest

from tests.support.live import until
from tests.support.observed import Observed, comments, observed, play
from tests.support.panels import questions
from tests.support.preview.data import SHORT, open_alerts

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SENT = 900
PLAYED = 20.0
ALL_SITES = SHORT | {"before": "15s"}
CHOSEN = ALL_SITES | {"source": "(harbour-post|kitchen-table)"}


def unanswered(seen: Observed) -> list[str]:
    """Return the questions without one series that is a number."""
    asked = [*questions(ALL_SITES), *questions(CHOSEN)]
    return [
        where for where, expression in asked if not any(math.isfinite(float(one["value"][1])) for one in seen.prometheus.ask(expression))
    ]


async def test_every_question_of_every_dashboard_is_answered_with_numbers_while_the_program_runs(broker: str, tmp_path: Path):
    async with observed(broker, tmp_path) as seen:
        await play(seen, comments(SENT), PLAYED)
        await seen.live.settled()
        open_questions: list[str] = []

        def answered() -> bool:
            open_questions[:] = unanswered(seen)
            return not open_questions

        # Recording rules come every 30 s, and the one of a share needs two values of what it divides.
        try:
            await until("all are answered", lambda: asyncio.to_thread(answered), within=90, every=2)
        except AssertionError:
            assert open_questions == []
        scored = seen.prometheus.ask("sum(threadwatch_comments_scored_total)")
        assert [one["value"][1] for one in scored] == [str(SENT)]
        assert {"source", "community", "severity"} <= set().union(*open_alerts(seen))
