"""What the live program tells a real Alertmanager (``tests/conftest.py``), without a broker."""

from collections.abc import AsyncIterator

import pytest

from tests.support.manager import Manager
from tests.support.posting import Posting


@pytest.fixture
async def worker(manager: Manager) -> AsyncIterator[Posting]:
    posting = Posting(manager.url)
    yield posting
    await posting.stop()
