"""One broker per run; topics of its own and fresh workers for each test."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from streams.scorers.checkpoint import Local
from tests.support.broker import OwnBroker, any_broker, embedded
from tests.support.checkpoints import ARCHITECTURES, is_installed, made_in
from tests.support.live import Live
from tests.support.manager import Manager, hurried, shipped
from tests.support.reader import Receiver

Another = Callable[..., Any]

# No test asserts a time; and what CI runs must not change from run to run: chance looks for new cases on our own machines.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


@pytest.fixture
def begun_now(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin the module's NOW with each test: all are read an hour before the last ones run, and what these ask is of the last minutes."""
    monkeypatch.setattr(request.module, "NOW", datetime.now(UTC).replace(microsecond=0))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of the run's broker."""
    with any_broker(tmp_path_factory.mktemp("kafka")) as address:
        yield address


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """Return a broker that a test may stop and kill."""
    with embedded(tmp_path_factory.mktemp("own-kafka")) as mine:
        yield mine


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Local]:
    """Return a function from one of Detoxify's models to a small checkpoint of its architecture; each is made once.

    Without the extra these tests are skipped, and fail where CI is set (``make test`` installs it).
    """
    if missing := is_installed():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"the extra 'detoxify' is missing: {missing}")
    folder = tmp_path_factory.mktemp("checkpoints")
    return lambda model: made_in(folder, ARCHITECTURES[model])


@pytest.fixture
async def another(broker: str, tmp_path: Path) -> AsyncIterator[Another]:
    """Return a function that makes an instance of the program with fresh topics; keyword arguments are its environment."""
    async with AsyncExitStack() as stack:
        made: list[Live] = []

        async def make(on: str = broker, **environment: str) -> Live:
            folder = tmp_path / f"instance-{len(made)}"
            made.append(Live(on, folder, environment))
            return await stack.enter_async_context(made[-1])

        yield make


@pytest.fixture
async def live(another: Another) -> Live:
    """Return an instance of the program with fresh topics and nothing running yet."""
    made: Live = await another()
    return made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Yield who counts what people read."""
    async with Receiver() as told:
        yield told


@pytest.fixture
async def manager(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Manager]:
    """Yield a real Alertmanager on what we ship, every wait short, that tells the receiver."""
    async with Manager(tmp_path / "alertmanager", hurried(shipped(receiver.url))) as running:
        yield running
