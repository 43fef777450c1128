"""The running program with what watches it: a worker, an Alertmanager, a Prometheus that scrapes; and comments that are written now."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.demo.tools import Tools
from streams.records import Comment, Judgement
from streams.sources.sample import HOURS, sample
from streams.topics import COMMENTS_RAW, FEEDBACK
from tests.support.builders import verdict
from tests.support.hooks import SECRET, Hooks
from tests.support.live import Live, answers, until
from tests.support.programs import needed
from tests.support.prometheus import Prometheus, running

SITES: Final = {"politics": "harbour-post", "sport": "harbour-post", "cooking": "kitchen-table", "gardening": "kitchen-table"}
"""Community → the invented site that it stands on."""
SETTINGS: Final = """
[sources.harbour-post]
communities = ["politics", "sport"]

[sources.kitchen-table]
communities = ["cooking", "gardening"]

[pileon]
window = "PT1M"
case_length = "PT1M"

[worker]
tick_every = "PT1S"

[alertmanager]
post_every = "PT2S"
"""
WEBHOOK: Final = """
[[webhooks]]
name = "mods"
url = "{url}"
secrets = ["{secret}"]
allow_private = true
"""
_STEP: Final = 0.5
_SAID: Final = (Judgement.PILE_ON, Judgement.PILE_ON, Judgement.NOT_ONE, Judgement.PILE_ON, Judgement.UNSURE)
"""What moderators say, again and again; of cases that are over, so that none ends by it."""


class Observed(Struct):
    """What can be asked."""

    live: Live
    prometheus: Prometheus
    alertmanager: str
    hooks: Hooks


@asynccontextmanager
async def observed(broker: str, folder: Path) -> AsyncIterator[Observed]:
    """Run all of it on this broker, with topics of its own."""
    needed("prometheus-alertmanager")
    config, tools, hooks = folder / "threadwatch.toml", Tools(), Hooks()
    config.write_text(SETTINGS + WEBHOOK.format(url=hooks.url, secret=SECRET), encoding="utf-8")
    try:
        tools.start_alertmanager()
        address = str(tools.alertmanager)
        await until("Alertmanager is ready", lambda: asyncio.to_thread(answers, f"{address}/-/ready"))
        settings = {"THREADWATCH_CONFIG": str(config), "THREADWATCH_ALERTMANAGER__URLS": address}
        async with hooks, Live(broker, folder / "instance", settings) as live:
            worker = await live.worker().ready()
            with running(folder, worker.removeprefix("http://")) as prometheus:
                yield Observed(live, prometheus, address, hooks)
    finally:
        tools.stop()


def comments(number: int) -> list[Comment]:
    """Return the invented sample's comments, in order of arrival."""
    return list(sample(datetime.now(UTC) - timedelta(hours=HOURS), number))


async def play(seen: Observed, told: Sequence[Comment], seconds: float) -> None:
    """Send them evenly within about so many seconds, each as if it were written now; a few lines that nobody can read, and verdicts.

    In the third quarter the receiver of webhooks is out of order.
    """
    steps = max(1, round(seconds / _STEP))
    size = -(-len(told) // steps)
    for number, start in enumerate(range(0, len(told), size)):
        await seen.live.send(_written_now(comment) for comment in told[start : start + size])
        seen.hooks.answer = 503 if 4 * number // steps == 2 else 204
        if number % (steps // 4 + 1) == 0:
            await seen.live.put(COMMENTS_RAW, [(None, b"nonsense")])
        if number % (steps // 12 + 1) == 0:
            await _judge(seen, 12 * number // steps)
        await asyncio.sleep(_STEP)


async def _judge(seen: Observed, number: int) -> None:
    said = verdict(_SAID[number % len(_SAID)], pileon_id=f"over-{number}", judged_at=datetime.now(UTC))
    await seen.live.put(FEEDBACK, [(said.pileon_id.encode(), msgspec.json.encode(said))])


def _written_now(comment: Comment) -> Comment:
    now = datetime.now(UTC)
    waited = (comment.ingested_at or comment.created_at) - comment.created_at
    return replace(comment, source=SITES[comment.community], created_at=now - waited, ingested_at=now)
