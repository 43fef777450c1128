"""The console in real Chromium: when its largest pages are first painted, and whether they scroll without a stumble."""

import asyncio
import statistics
from typing import Any, Final

from tests.support.browsing import chromium, tab
from tests.support.console import Console
from tests.support.console_served import free_port, served

_TIMES: Final = 5
_PAINTED: Final = """() => new Promise((done) => {
  const found = () => performance.getEntriesByName("first-contentful-paint")[0];
  const answered = () => performance.getEntriesByType("navigation")[0].responseEnd;
  const wait = () => (found() ? done([found().startTime, answered()]) : requestAnimationFrame(wait));
  wait();
})"""
_SCROLLED: Final = """() => new Promise((done) => {
  const gaps = []; let before = performance.now(), left = 90;
  const step = (now) => {
    gaps.push(now - before); before = now; scrollBy(0, innerHeight / 4);
    if (left-- > 0) requestAnimationFrame(step); else done(gaps.slice(1).sort((a, b) => a - b));
  };
  requestAnimationFrame(step);
})"""


def print_browser(console: Console, pages: dict[str, str]) -> None:
    """Print both of these pages. They were fetched before: the server is warm."""
    asyncio.run(_print(console, pages))


async def _print(console: Console, pages: dict[str, str]) -> None:
    listening, port = free_port()
    async with served(console.app, listening), chromium() as browser, tab(browser) as page:
        await page.goto(f"http://127.0.0.1:{port}/health")  # style sheet and scripts are in the browser's cache, as on a second page
        for what, path in pages.items():
            painted = [await _painted(page, f"http://127.0.0.1:{port}{path}") for _ in range(_TIMES)]
            gaps = await page.evaluate(_SCROLLED)
            first, answered = (statistics.median(one) for one in zip(*painted, strict=True))
            frames = f"frames of {statistics.median(gaps):.0f} ms, the slowest of {len(gaps)} {gaps[-1]:.0f} ms"
            print(
                f"console in Chromium, {what}: first paint {first:.0f} ms, answered after {answered:.0f} ms (medians); scrolling: {frames}"
            )


async def _painted(page: Any, address: str) -> list[float]:
    await page.goto(address)
    return list(await page.evaluate(_PAINTED))
