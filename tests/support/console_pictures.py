"""``python -m tests.support.console_pictures``: the demo's sample through the running program, and the console as it then looks."""

import asyncio
import logging
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from streams.kafka.feedback import send
from streams.kafka.produce import send_records_async
from streams.records import Comment, Handling, Judgement, Status, Step, Verdict
from streams.sources.sample import sample
from streams.topics import HANDLING
from tests.support.broker import ROOT, any_broker
from tests.support.browsing import chromium, tab
from tests.support.console_process import ConsoleProcess
from tests.support.live import Live, until

PICTURES: Final = ROOT / "docs" / "console"
TOLD_UNTIL: Final = timedelta(hours=18.55)
"""So far into the sample's day and a half one pile-on has ended and the other goes on."""
COMMENTS: Final = 2400


def comments(now: datetime) -> list[Comment]:
    """Return the sample as if it had begun so long ago: what has arrived until now."""
    return [each for each in sample(now - TOLD_UNTIL, COMMENTS) if (each.ingested_at or each.created_at) <= now]


async def drawn(broker: str, folder: Path) -> None:
    """Play it and draw the pages."""
    async with Live(broker, folder / "instance", {"THREADWATCH_WORKER__TICK_EVERY": "PT1S"}) as live:
        console = ConsoleProcess(live)
        await live.worker().ready()
        address = await console.up()
        try:
            await live.send(comments(datetime.now(UTC)))
            await live.settled()
            await until("one has ended, one is open", lambda: _one_of_each(live))
            await _judged(live)
            await _held(live)
            await console.caught_up()
            async with chromium() as browser:
                await _pictures(browser, address)
        finally:
            console.stop()


async def _one_of_each(live: Live) -> bool:
    await live.settled()
    latest = {pileon.pileon_id: pileon.status for pileon in live.pileons()}
    return sorted(status is Status.CLOSED for status in latest.values()) == [False, True]


async def _judged(live: Live) -> None:
    ended = next(pileon for pileon in live.pileons() if pileon.status is Status.CLOSED)
    for judge, judgement in (("kim", Judgement.PILE_ON), ("lee", Judgement.PILE_ON)):
        at = datetime.now(UTC) - timedelta(hours=1)
        await send(live.settings, Verdict(pileon_id=ended.pileon_id, judgement=judgement, judge=judge, judged_at=at))


async def _held(live: Live) -> None:
    open_one = next(pileon for pileon in reversed(live.pileons()) if pileon.status is not Status.CLOSED)
    taken = Handling(pileon_id=open_one.pileon_id, step=Step.CLAIM, by="kim", note="Writing to the authors.", at=datetime.now(UTC))
    await send_records_async(live.settings, HANDLING, [taken])


async def _pictures(browser: Any, address: str) -> None:
    async with tab(browser, viewport={"width": 1280, "height": 560}, locale="en-GB", device_scale_factor=1) as page:
        await page.goto(address)
        await page.wait_for_selector(".cases")
        await page.screenshot(path=PICTURES / "live.png")
        await page.locator("[data-item]").first.click()
        await page.wait_for_selector(".why")
        await page.set_viewport_size({"width": 1280, "height": 1780})
        await page.screenshot(path=PICTURES / "pileon.png")
        await page.goto(f"{address}/queue")
        await page.set_viewport_size({"width": 1280, "height": 640})
        await page.screenshot(path=PICTURES / "queue.png")


def main() -> int:
    """Draw them all."""
    PICTURES.mkdir(exist_ok=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of topics a second old it complains, and tries again by itself
    with tempfile.TemporaryDirectory(prefix="threadwatch-console-") as folder, any_broker(Path(folder) / "kafka") as broker:
        asyncio.run(drawn(broker, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
