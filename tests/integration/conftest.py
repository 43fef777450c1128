"""A real Alertmanager on what we ship, every wait short, and a receiver that counts what people read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.manager import Manager, hurried, shipped
from tests.support.posting import Posting
from tests.support.reader import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as told:
        yield told


@pytest.fixture
async def manager(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Manager]:
    async with Manager(tmp_path / "alertmanager", hurried(shipped(receiver.url))) as running:
        yield running


@pytest.fixture
async def worker(manager: Manager) -> AsyncIterator[Posting]:
    posting = Posting(manager.url)
    yield posting
    await posting.stop()
