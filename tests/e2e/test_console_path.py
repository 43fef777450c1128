"""A moderator's path on the real program in real Chromium: see it appear, open it, understand it, judge it; by keyboard alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.kafka.produce import send_records_async
from streams.records import Comment, Severity, Status
from streams.topics import COMMENTS_SCORED, PILEONS, REPLIES
from tests.integration.test_live_state import INSULT
from tests.support.browsing import becomes, tab, violations
from tests.support.builders import comment, pileon, reply, scored
from tests.support.console_process import ConsoleProcess
from tests.support.live import Live, answers, until

pytestmark = pytest.mark.kafka

NOW = datetime.now(UTC) - timedelta(minutes=10)
TALK = "/conversation?source=news&community=sport&id=talk"
PATHS = ("/", "/?source=none", "/pileons/case-1", "/pileons/case-1?severe=shown", "/pileons/case-1/silence", "/queue", "/watched", "/top",
         TALK, "/export", "/backtests", "/health", "/health/dead-letters")  # fmt: skip
EVIL = "</script><img src=x onerror=alert(1)>\"'><svg onload=alert(2)>\u202e"


def hostile(first: int, last: int) -> list[Comment]:
    return [comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT, created_at=NOW + timedelta(seconds=n),
                    ingested_at=NOW + timedelta(seconds=n + 1)) for n in range(first, last)]  # fmt: skip


async def focused(page: Any) -> str:
    """Return what has the focus, by its name as a screen reader says it."""
    return str(await page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.labels?.[0]?.textContent"
                                   " || document.activeElement.textContent")).strip()  # fmt: skip


async def test_a_moderator_sees_it_appear_opens_it_understands_it_and_judges_it_by_keyboard_alone(
    live: Live, console: ConsoleProcess, browser: Any
) -> None:
    worker = live.worker()
    await worker.ready()
    address = await console.up()
    async with tab(browser) as page:
        await console.caught_up()
        await page.goto(address)
        assert "No comment was read yet" in await page.inner_text(".empty")
        await live.send([comment("root", author_id="ann", created_at=NOW, ingested_at=NOW, text="I like it."), *hostile(1, 7)])
        await page.wait_for_selector("#added a")  # it comes by itself
        await page.keyboard.press("r")
        await page.wait_for_selector("tbody tr")
        await page.wait_for_load_state()  # keys count from then on
        await page.keyboard.press("j")
        await live.settled()
        pileon_id = live.pileons()[-1].pileon_id
        assert await focused(page) == pileon_id[:8].upper()

        await page.keyboard.press("Enter")
        await page.wait_for_selector(".why")
        await page.wait_for_load_state()
        assert page.url == f"{address}/pileons/{pileon_id}"
        assert "people were hostile to this person within 1 min" in await page.inner_text(".why")
        assert await page.locator(".comment.hostile").count() == 6
        await page.keyboard.press("j")
        assert await page.evaluate("document.activeElement.classList.contains('hostile')")

        await page.keyboard.press("2")
        assert (await focused(page)).startswith("not one")
        await page.keyboard.press("Tab")
        assert await focused(page) == "Who judges"
        await page.keyboard.type("kim")
        await page.keyboard.press("Tab")
        await page.keyboard.type("three words")
        await page.keyboard.press("Tab")
        assert await focused(page) == "Send the verdict"
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".given")
        assert "kim" in await page.inner_text(".given") and "three words" in await page.inner_text(".given")
        assert await page.locator(".given .tag").inner_text() == "not one"
        await page.goto(f"{address}/queue")
        assert "0 of 1" in await page.inner_text("section[aria-labelledby=known]"), "the precision moved"

    await until("the case ended, as judged", lambda: "a moderator said that it is none" in console.page(f"/pileons/{pileon_id}"))
    assert 'threadwatch_feedback_total{verdict="not_one"} 1.0' in answers(f"{worker.metrics()}/metrics")

    async with tab(browser, java_script_enabled=False) as page:  # somebody else, whose browser runs no scripts
        await page.goto(f"{address}/pileons/{pileon_id}")
        await page.get_by_label("a pile-on", exact=False).first.check()
        await page.get_by_label("Who judges").fill("lee")
        await page.get_by_role("button", name="Send the verdict").click()
        await page.wait_for_selector(".given li:nth-child(2)")
        assert "Judges differ" in await page.inner_text("#verdicts")
    noted = console.audit_file.read_text()
    assert noted.count('"what":"verdict"') == 2 and INSULT not in noted


async def test_who_takes_a_case_by_keyboard_is_seen_by_others_at_once(live: Live, console: ConsoleProcess, browser: Any) -> None:
    await feed(live, pileons=[pileon(f"case-{n}", target_id=f"t{n}", opened_at=NOW, hostile_authors=9 - n) for n in range(3)])
    address = await console.up()
    await console.caught_up()
    async with tab(browser) as other, tab(browser) as page:
        await other.goto(address)
        await page.goto(address)
        await page.keyboard.press("j")
        await page.keyboard.press("t")  # nobody knows yet who this is: the case asks
        await page.wait_for_selector("#handling")
        await page.wait_for_load_state()
        await becomes(page, "document.activeElement.name === 'judge'")
        await page.keyboard.type("kim")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=kim (you), since")
        await other.wait_for_selector("#case-case-0 .held bdi")

        await page.goto(address)
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("t")
        await page.wait_for_selector("#case-case-1 .held bdi")
        assert page.url == f"{address}/" and await focused(page) == "CASE-1"
        await other.wait_for_selector("#case-case-1 .held bdi")
        assert await page.locator("#problem").is_hidden()

    async with tab(browser, java_script_enabled=False) as page:  # no scripts: the same by a form, and back to the list
        await page.goto(f"{address}/pileons/case-0")
        await page.locator("#handling").get_by_label("Your name").fill("lee")
        await page.get_by_role("button", name="Take it over from kim").click()
        await page.wait_for_selector("text=lee (you), since")
        await page.goto(f"{address}/?held=nobody")
        await page.get_by_role("button", name="Take case CASE-2").click()
        await page.wait_for_selector("text=No pile-on fits these filters")
        await page.goto(f"{address}/?held=by:lee")
        assert await page.locator("tbody tr").count() == 2
    assert [line.count('"what":"claim"') for line in (console.audit_file.read_text(),)] == [4]


async def feed(live: Live, **records: list[Any]) -> None:
    for topic in (COMMENTS_SCORED, REPLIES, PILEONS):
        await send_records_async(live.settings, topic, records.get(topic.name.rpartition(".")[2], []))


async def test_what_one_is_reading_changes_where_it_stands_and_is_never_moved(live: Live, console: ConsoleProcess, browser: Any) -> None:
    cases = [pileon(f"case-{n:02d}", target_id=f"t{n}", hostile_authors=50 - n, opened_at=NOW) for n in range(30)]
    await feed(live, pileons=cases)
    address = await console.up()
    await console.caught_up()
    async with tab(browser) as page:
        await page.goto(address)
        await page.locator("#case-case-20 [data-item]").focus()
        order = await page.evaluate("[...document.querySelectorAll('tbody tr')].map(row => row.id)")
        before = await page.evaluate("document.querySelector('#case-case-20').getBoundingClientRect().top")
        grown = pileon("case-20", 2, Status.ONGOING, target_id="t20", hostile_authors=77, severity=Severity.CRITICAL, opened_at=NOW)
        await feed(live, pileons=[grown, pileon("newer", target_id="x", hostile_authors=99, opened_at=NOW)])
        await page.wait_for_selector("#case-case-20.critical")
        await page.wait_for_selector("#added a")
        assert await page.inner_text("#case-case-20 strong") == "77"
        assert await page.evaluate("[...document.querySelectorAll('tbody tr')].map(row => row.id)") == order
        assert await page.evaluate("document.querySelector('#case-case-20').getBoundingClientRect().top") == before
        assert await focused(page) == "CASE-20"
        await page.keyboard.press("r")
        await page.wait_for_selector("#case-newer")
        worst = await page.evaluate("[...document.querySelectorAll('tbody tr')].slice(0, 2).map(row => row.id)")
        assert worst == ["case-case-20", "case-newer"]


async def test_hostile_content_runs_nothing_and_asks_for_nothing_from_elsewhere(live: Live, console: ConsoleProcess, browser: Any) -> None:
    where = {"source": "s" + EVIL, "community": "c" + EVIL, "conversation_id": "t" + EVIL}
    await feed(
        live, scored=[scored("c1", text=EVIL, author_id=EVIL, author_name=EVIL, url="https://elsewhere.example/" + EVIL, **where)],
        replies=[reply(EVIL, comment_id="c1", target_id=EVIL, **where)],
        pileons=[pileon("evil", source=where["source"], community=where["community"], conversations=(where["conversation_id"],),
                        target_id=EVIL, reason=EVIL, detector=EVIL, evidence=("c1",), opened_by="c1")],
    )  # fmt: skip
    address = await console.up()
    await console.caught_up()
    async with tab(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(f"a script of a comment ran: {dialog.message}"))
        for path in ("/", "/pileons/evil", "/pileons/evil/silence", "/queue", "/top", "/health", "/health/dead-letters"):
            await page.goto(address + path)
        assert await page.locator(".text").count() == 0 or "onerror" in await page.inner_text(".text")
        assert {url for url in asked if not url.startswith(address)} == set()
        assert "⟦U+202E⟧" in console.page("/pileons/evil")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(live: Live, console: ConsoleProcess, browser: Any, scheme: str) -> None:
    said = [
        scored("c0", author_id="ann"),
        *(scored(f"c{n}", n / 10, author_id=f"p{n}", parent_id="c0", url="https://x.example") for n in range(1, 10)),
    ]
    await feed(live, scored=said, replies=[reply(f"p{n}", NOW, comment_id=f"c{n}", hostility=n / 10) for n in range(1, 10)],
               pileons=[pileon(opened_at=NOW, first_hostile_at=NOW, usual_hostile_authors=0.2), pileon(revision=2, status=Status.ONGOING,
                        severity=Severity.CRITICAL, opened_at=NOW, first_hostile_at=NOW, usual_hostile_authors=0.2),
                        pileon("ended", 2, Status.CLOSED, target_id="b")])  # fmt: skip
    address = await console.up()
    await console.caught_up()
    async with tab(browser, color_scheme=scheme) as page:
        for path in PATHS:
            await page.goto(address + path)
            await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert await violations(page) == [], path
        await page.set_viewport_size({"width": 360, "height": 700})
        for path in PATHS:
            await page.goto(address + path)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than a telephone"
