"""Real Chromium, driven by Playwright; a page that breaks its own policy, or a script that fails, fails the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.live import until
from tests.support.programs import needed


@asynccontextmanager
async def chromium() -> AsyncIterator[Any]:
    """Yield a browser; skip where Chromium or Playwright is missing (in CI that is a failure)."""
    path = needed("chromium")
    playwright = pytest.importorskip("playwright.async_api")
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def tab(browser: Any, **context: Any) -> AsyncIterator[Any]:
    """Yield a page of a browser context of its own. What the browser complains of fails the test."""
    made = await browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | context))
    complaints: list[str] = []
    page = await made.new_page()
    page.set_default_timeout(30_000)
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    finally:
        await made.close()
    assert complaints == []


async def becomes(page: Any, script: str, arg: Any = None) -> None:
    """Come back when a script gives something true. Playwright's own way makes code of a string in the page, which its policy forbids."""
    await until(f"{script} is true", lambda: page.evaluate(script, arg), within=30, every=0.05)


async def violations(page: Any) -> list[str]:
    """Return what axe-core holds against a page, one line each."""
    from axe_playwright_python.base import AXE_FILE_PATH

    await page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))  # evaluated by the driver: the page's policy does not forbid it
    found = await page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})")
    assert len(found["passes"]) > 10, "it looked at a page"
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]} {each['nodes'][0]['failureSummary']}" for each in found["violations"]]
