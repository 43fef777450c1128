"""A flood in one partition does not hold up the others, however slow the scorer is."""

import pytest

from streams.topics import COMMENTS_SCORED
from tests.conftest import Another
from tests.support.builders import comment
from tests.support.live import Live
from tests.support.scenes import HangingWorker

pytestmark = pytest.mark.kafka

FLOOD = 4000
OTHERS = 40


async def test_behind_a_flood_in_one_conversation_the_others_are_scored_before_it_is_over(another: Another) -> None:
    live: Live = await another(SLOW="0.1", HANGS_WHILE="/nowhere")
    await live.send(comment(f"flood-{n}", conversation_id="flood") for n in range(FLOOD))
    await live.send(comment("one", conversation_id=f"talk-{n}") for n in range(OTHERS))
    live.worker(make=HangingWorker)
    await live.settled(["score"])
    scored = sorted(live.log(COMMENTS_SCORED.name), key=len)
    assert len(scored) == 4
    *others, flood = [[message.timestamp_ms for message in partition] for partition in scored]
    assert all(max(other) < flood[len(flood) // 2] for other in others), "before half of it, whichever was fetched first"
