"""The reports in a real Chromium: axe finds nothing, the keyboard reaches all of it, a narrow screen scrolls no page sideways."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import main
from tests.support.backtests import BASELINE, labels_file, sample_file
from tests.support.browsing import chromium, tab, violations
from tests.support.report_picture import reported

SCREENS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"color_scheme": "light", "viewport": {"width": 360, "height": 700}},
}
WIDER = """[...document.querySelectorAll('body *')].filter(one => !one.closest('.scrolls') && one.getBoundingClientRect().right
    > document.documentElement.clientWidth + 1).map(one => one.tagName + ' ' + one.outerHTML.slice(0, 90))"""
"""What stands beside the page, but for what scrolls by itself."""
REPORTS = ("run", "sweep", "text")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the reports of a run with labels, of a sweep, and of a run with what was said."""
    folder = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREADWATCH_KEY", "0f" * 32)
        file = sample_file(folder)
        found = {"run": reported(folder, file), "sweep": folder / "sweep.html", "text": folder / "text.html"}
        here = ["--file", str(file), "--data", str(folder / "data"), "--html"]
        grid = ["--grid", "pileon.min_hostile_authors=3..8", "--grid", "pileon.window=30m,1h"]
        (folder / "base.toml").write_text(BASELINE)
        swept = ["--config", str(folder / "base.toml"), "--labels", str(labels_file(folder)), "--out", str(folder / "swept")]
        assert main(["backtest", "sweep", *here, str(found["sweep"]), *grid, *swept]) == 0
        tried = ["--config", str(folder / "first.toml"), "--with-text", "--out", str(folder / "said")]
        assert main(["backtest", "run", *here, str(found["text"]), *tried]) == 0
    return found


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    async with chromium() as made:
        yield made


@pytest.mark.parametrize("screen", SCREENS)
async def test_axe_finds_nothing_and_nothing_stands_beside_the_page(browser: Any, reports: dict[str, Path], screen: str) -> None:
    for which in REPORTS:
        async with tab(browser, **SCREENS[screen]) as page:
            await page.goto(reports[which].as_uri())
            await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert await violations(page) == [], which
            assert await page.evaluate(WIDER) == [], which
            assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), which
            await page.screenshot(path=reports[which].with_name(f"{which}-{screen}.png"), full_page=True)


@pytest.mark.parametrize("which", REPORTS)
async def test_the_keyboard_reaches_every_part_and_the_first_stop_leads_past_the_list(
    browser: Any, reports: dict[str, Path], which: str
) -> None:
    async with tab(browser) as page:
        await page.goto(reports[which].as_uri())
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the report"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "report"
        wanted = await page.evaluate("document.querySelectorAll('main summary, main .scrolls').length - document.querySelectorAll(\
            'main details:not([open]) .scrolls').length")  # fmt: skip
        reached = set()
        for _ in range(200):
            await page.keyboard.press("Tab")
            place = "[...document.querySelectorAll('main summary, main .scrolls')].indexOf(document.activeElement)"
            reached.add(await page.evaluate(place))
            if await page.evaluate("document.activeElement === document.body"):
                break
        assert len(reached - {-1}) == wanted > 3


async def test_a_closed_part_opens_by_the_keyboard_and_shows_its_numbers(browser: Any, reports: dict[str, Path]) -> None:
    async with tab(browser) as page:
        await page.goto(reports["run"].as_uri())
        closed = page.locator("main details:not([open])").first
        await closed.locator("summary").focus()
        await page.keyboard.press("Enter")
        assert await page.locator("main details[open] table").first.is_visible()
