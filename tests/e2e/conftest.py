"""Real Chromium, and the console in a process of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.browsing import chromium
from tests.support.console_process import ConsoleProcess
from tests.support.live import Live


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    async with chromium() as started:
        yield started


@pytest.fixture
async def console(live: Live) -> AsyncIterator[ConsoleProcess]:
    made = ConsoleProcess(live)
    yield made
    made.stop()
