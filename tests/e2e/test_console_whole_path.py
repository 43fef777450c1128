"""A moderator's whole path on the real program, broker and Alertmanager: it appears, is opened, understood, judged, and is silenced.

By keyboard alone: from one thing to the next by keys that the page names and by Tab, each held to say what it is when it has the focus.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.records import Comment
from tests.integration.test_live_state import INSULT
from tests.support.browsing import chromium, tab, violations
from tests.support.builders import comment
from tests.support.console_process import ConsoleProcess
from tests.support.live import Live, answers, until
from tests.support.manager import Manager
from tests.support.reader import Receiver

pytestmark = pytest.mark.kafka

NOW = datetime.now(UTC) - timedelta(minutes=10)
_MOST_TABS = 80


@pytest.fixture
async def live(another: Any, manager: Manager) -> Live:
    made: Live = await another(THREADWATCH_ALERTMANAGER__URLS=manager.url, THREADWATCH_ALERTMANAGER__POST_EVERY="PT1S")
    return made


def hostile(*numbers: int) -> list[Comment]:
    return [comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT, created_at=NOW + timedelta(seconds=n),
                    ingested_at=NOW + timedelta(seconds=n + 1)) for n in numbers]  # fmt: skip


async def focused(page: Any) -> str:
    """Return what has the focus, by its accessible name as Chromium computes it."""
    return str(
        await page.evaluate("""() => {
        const one = document.activeElement;
        return (one.getAttribute('aria-label') || one.labels?.[0]?.textContent || one.textContent).replace(/\\s+/g, ' ').trim();
    }""")
    )


async def go(page: Any, name: str) -> None:
    """Press Tab until what is called so has the focus; fail where that is never, and where the focus cannot be seen."""
    met: list[str] = []
    while len(met) < _MOST_TABS and not (met and met[-1].startswith(name)):
        await page.keyboard.press("Tab")
        met.append(await focused(page))
    assert met[-1].startswith(name), met
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", f"{name}: no ring is seen"


async def follow(page: Any, key: str, there: str) -> None:
    """Press a key that leads to another page."""
    await page.keyboard.press(key)
    await page.wait_for_selector(there)
    await page.wait_for_load_state()  # keys count from then on


async def states(manager: Manager, pileon_id: str) -> set[str]:
    """Return what the Alertmanager does with the alerts of a case."""
    return {alert["status"]["state"] for alert in await manager.active() if alert["labels"].get("pileon") == pileon_id}


async def appears(page: Any, live: Live) -> str:
    """Let it appear on Live, and go to its row; return its id."""
    await live.send([comment("root", author_id="ann", created_at=NOW, ingested_at=NOW, text="I like it."), *hostile(1, 2, 3, 4, 5, 6)])
    await page.wait_for_selector("#added a")
    await follow(page, "r", "tbody tr")
    await live.settled()
    pileon_id = str(live.pileons()[-1].pileon_id)
    await page.keyboard.press("j")
    assert await focused(page) == pileon_id[:8].upper()
    return pileon_id


async def is_understood(page: Any) -> None:
    """Open it, read why, go through its course, and come to what is said."""
    await follow(page, "Enter", ".why")
    assert "people were hostile to this person" in await page.inner_text(".why")
    await page.wait_for_selector(".timeline.live")
    await page.keyboard.press("c")
    assert await focused(page) == "Reply by reply through the case"
    await page.keyboard.press("End")
    assert "6 people hostile so far" in await page.inner_text(".readout")
    await page.keyboard.press("j")
    assert await page.evaluate("document.activeElement.classList.contains('hostile')")


async def is_judged(page: Any) -> None:
    """Judge it, and see the precision move."""
    await page.keyboard.press("1")
    assert await focused(page) == "a pile-on 1"
    await go(page, "Who judges")
    await page.keyboard.type("kim")
    await go(page, "Send the verdict")
    await follow(page, "Enter", ".given")
    assert await page.locator(".given .tag").inner_text() == "a pile-on"
    await go(page, "Judge next")
    await follow(page, "Enter", "section[aria-labelledby=known]")
    assert "1 of 1 1.00" in " ".join((await page.inner_text("section[aria-labelledby=known] tbody")).split())


async def is_silenced(page: Any, pileon_id: str) -> None:
    """Find it by its name, and silence it."""
    await page.keyboard.press("Control+k")
    assert await focused(page) == "Find a case, a community or a conversation"
    await page.keyboard.type(pileon_id[:8])
    await follow(page, "Enter", ".why")
    await page.wait_for_selector("#alert >> text=tells it")
    await go(page, "Who is told; silence or mute it")
    await follow(page, "Enter", "#make")
    await go(page, "this case alone")
    await go(page, "For how long")
    await page.keyboard.press("Home")
    await go(page, "Why")
    await page.keyboard.type("The editors know")
    await go(page, "Silence")
    await follow(page, "Enter", ".done")
    assert await page.inner_text(".done") == "Silenced."


async def test_it_appears_is_opened_understood_judged_and_silenced_by_keyboard_alone(
    live: Live, console: ConsoleProcess, manager: Manager, receiver: Receiver
) -> None:
    worker = live.worker()
    await worker.ready()
    address = await console.up()
    async with chromium() as browser, tab(browser) as page:
        await console.caught_up()
        await page.goto(address)
        pileon_id = await appears(page, live)
        await is_understood(page)
        await is_judged(page)
        await until(
            "the metric moved", lambda: 'threadwatch_feedback_total{verdict="pile_on"} 1.0' in answers(f"{worker.metrics()}/metrics")
        )
        await until("it was told", lambda: ("PileOn", "warning", "firing") in receiver.read)
        assert await states(manager, pileon_id) == {"active"}

        await is_silenced(page, pileon_id)
        assert await states(manager, pileon_id) == {"suppressed"}, "nobody is told any more"
        said = await page.inner_text("section[aria-labelledby=now]")
        assert "silenced" in said and "kim" in said and "The editors know" in said and await violations(page) == []

        await live.send(hostile(7, 8, 9, 10))  # it goes on, and gets critical
        await live.settled()
        await until("the critical alert is held too", lambda: _both_held(manager, pileon_id))
        await go(page, "End this silence")
        await follow(page, "Enter", "text=The silence was ended.")
        await until("it is told again, now as critical", lambda: ("PileOn", "critical", "firing") in receiver.read)
    noted = console.audit_file.read_text()
    assert all(f'"what":"{what}"' in noted for what in ("verdict", "silence_case", "unsilence")) and INSULT not in noted


async def _both_held(manager: Manager, pileon_id: str) -> bool:
    held = [alert for alert in await manager.active() if alert["labels"].get("pileon") == pileon_id]
    return {alert["labels"]["severity"] for alert in held} == {"warning", "critical"} and await states(manager, pileon_id) == {"suppressed"}
