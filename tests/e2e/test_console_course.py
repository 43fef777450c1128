"""The course of a case and the search box in real Chromium: by pointer, by keyboard alone, on paper, and without scripts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.records import Severity, Status
from tests.support.browsing import becomes, tab, violations
from tests.support.builders import MINUTE, pileon, reply, scored
from tests.support.console import Console
from tests.support.console_served import free_port, served

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
CASE = "/pileons/case-1"
PLOT = ".chart .u-over"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[str]:
    console = Console(tmp_path)
    replies = [reply(f"p{n}", NOW + n * MINUTE, comment_id=f"c{n}", hostility=0.1 if n % 4 == 3 else 0.9) for n in range(11)]
    given: dict[str, Any] = {"first_hostile_at": NOW, "opened_at": NOW + 4 * MINUTE, "usual_hostile_authors": 0.3}
    worse = pileon(
        revision=2, status=Status.ONGOING, severity=Severity.CRITICAL, updated_at=NOW + 10.5 * MINUTE, hostile_authors=9, **given
    )
    console.take(scored=[scored("c0", author_id="p0")], replies=replies, pileons=[pileon(**given), worse])
    listening, port = free_port()
    async with served(console.app, listening):
        yield f"http://127.0.0.1:{port}"
    console.close()


async def said(page: Any) -> tuple[str, str]:
    return await page.inner_text(".readout"), await page.inner_text(".chart .shown")


async def test_the_course_is_gone_through_and_seen_closer_by_keyboard_alone(browser: Any, at: str) -> None:
    async with tab(browser, timezone_id="Europe/Berlin", locale="en-GB") as page:
        await page.goto(at + CASE)
        await page.wait_for_selector(".timeline.live")
        here, shown = await said(page)
        assert "opened, told. 4 people hostile so far, 4 within the window" in here and "11 replies, 9 of them hostile" in shown
        await page.keyboard.press("c")
        assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == "Reply by reply through the case"
        await page.keyboard.press("ArrowRight")
        assert "hostile, 0.90. 5 people hostile so far" in (await said(page))[0]
        assert await page.get_attribute(".readout", "aria-live") == "polite", "it is read out"
        for _ in range(5):
            await page.keyboard.press("+")
        closer = (await said(page))[1]
        assert closer != shown and "11 replies" not in closer
        await page.keyboard.press("End")
        assert "critical, told" in (await said(page))[0] and (await said(page))[1] != closer, "what is shown goes along"
        await page.keyboard.press("-")
        await page.keyboard.press("0")
        assert (await said(page))[1] == shown
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert (await said(page))[1] != shown, "a button does the same"


async def test_a_part_is_dragged_closer_and_all_of_it_comes_back(browser: Any, at: str) -> None:
    async with tab(browser) as page:
        await page.goto(at + CASE)
        await page.wait_for_selector(".timeline.live")
        await page.locator(PLOT).scroll_into_view_if_needed()
        box = await page.locator(PLOT).bounding_box()
        assert box is not None
        _, shown = await said(page)
        await page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 50)
        assert "critical, told" in (await said(page))[0] and await page.get_attribute(".readout", "aria-live") == "off"
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 60, steps=4)
        await page.mouse.up()
        assert (await said(page))[1] != shown
        await page.mouse.dblclick(box["x"] + 100, box["y"] + 50)
        assert (await said(page))[1] == shown


async def test_axe_finds_nothing_in_either_colour_and_colours_follow_the_viewer(browser: Any, at: str) -> None:
    async with tab(browser, color_scheme="dark") as page:
        await page.goto(at + CASE)
        await page.wait_for_selector(".timeline.live")
        assert await violations(page) == []
        dark = await pixels(page)
        await page.emulate_media(color_scheme="light")
        await becomes(page, "before => document.querySelector('.chart canvas').toDataURL() !== before", dark)
        assert await violations(page) == []
        await page.set_viewport_size({"width": 360, "height": 700})
        await becomes(page, "document.querySelector('.chart canvas').clientWidth < 360")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def pixels(page: Any) -> str:
    return str(await page.evaluate("document.querySelector('.chart canvas').toDataURL()"))


async def test_on_paper_without_scripts_and_without_numbers_the_drawing_stands(browser: Any, at: str) -> None:
    async with tab(browser) as page:
        await page.goto(at + CASE)
        await page.wait_for_selector(".timeline.live")
        await page.emulate_media(media="print")
        assert await page.locator(".chart").is_hidden()
        assert (await page.locator(".drawn svg").bounding_box())["height"] > 100
    async with tab(browser, java_script_enabled=False) as page:
        await page.goto(at + CASE)
        assert await page.locator(".chart").is_hidden() and await page.locator(".drawn svg").is_visible()
    context = await browser.new_context()
    page = await context.new_page()
    await page.route("**/course", lambda route: route.abort())
    await page.goto(at + CASE)
    await page.wait_for_load_state("networkidle")
    assert await page.locator(".chart").is_hidden() and await page.locator(".drawn svg").is_visible()
    await context.close()


@pytest.mark.parametrize("keys", ["/", "Control+k", "Meta+k"])
async def test_the_box_is_reached_by_a_key_from_where_one_is_and_left_again(browser: Any, at: str, keys: str) -> None:
    async with tab(browser) as page:
        await page.goto(at)
        await page.keyboard.press("j")
        before = await page.evaluate("document.activeElement.textContent")
        await page.keyboard.press(keys)
        assert await page.evaluate("document.activeElement.name") == "q"
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement.textContent") == before
        await page.keyboard.press(keys)
        await page.keyboard.type("sport")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=Communities")
        await page.keyboard.press("j")
        assert await page.evaluate("document.activeElement.textContent") == "news / sport"
        await page.keyboard.press("?")
        assert "find a case, a community, a conversation, a person" in await page.inner_text("#keys")
        assert "from reply to reply" in await page.inner_text("#keys")


async def test_ctrl_k_is_heard_while_one_types_and_a_reviewer_finds_a_person_without_scripts(browser: Any, at: str) -> None:
    async with tab(browser) as page:
        await page.goto(at + CASE)
        await page.get_by_role("textbox", name="Note (no names, no text").fill("half a note")
        await page.keyboard.press("Control+k")
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement.value") == "half a note"
    async with tab(browser, java_script_enabled=False) as page:
        await page.goto(at)
        await page.get_by_role("search").get_by_role("searchbox").fill("case")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".why")
        await page.goto(at + "/find")
        await page.get_by_label("Whom do you look for?").fill("ann")
        await page.get_by_label("Why?").fill("she wrote to us")
        await page.get_by_role("button", name="Find them").click()
        assert "CASE-1" in await page.inner_text("section[aria-labelledby=people]")


async def test_axe_finds_nothing_on_find_and_no_page_is_wider_than_a_telephone(browser: Any, at: str) -> None:
    for scheme in ("light", "dark"):
        async with tab(browser, color_scheme=scheme) as page:
            for path in ("/find", "/find?q=sport", "/find?q=nothing", "/find?q=talk"):
                await page.goto(at + path)
                assert await violations(page) == [], path
            await page.set_viewport_size({"width": 360, "height": 700})
            for path in ("/", "/find", "/find?q=talk"):
                await page.goto(at + path)
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
                clipped = (
                    "[...document.querySelectorAll('.cases td, .cases th')].filter(one => one.getBoundingClientRect().right > innerWidth)"
                )
                assert await page.evaluate(clipped + ".length") == 0, path
