"""The bench's outage, short: two receivers down, then unwell, and a worker that is killed; nothing lost, a repeat is the same."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.bench.receiver_down import Outage
from tests.support.manager import hurried

pytestmark = pytest.mark.kafka


async def test_what_happens_while_a_receiver_is_away_is_told_once_it_is_back(broker: str, tmp_path: Path) -> None:
    async with Outage(broker, tmp_path, 1, hurried) as outage:
        webhooks, behind = await outage.run(timedelta(seconds=16))
    assert (webhooks.due, webhooks.lost, webhooks.twice, webhooks.unlike) == (12, 0, 0, 0)
    assert webhooks.tries > webhooks.due
    assert webhooks.repeats > 0
    assert (behind.due, behind.lost, behind.twice) == (6, 0, 0)
    assert behind.tries > behind.due
    assert outage.brief() == (1, 0), "Alertmanager never tells what opened and ended meanwhile"
