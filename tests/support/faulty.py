"""``python -m tests.support.faulty worker …``: the program itself, killed with -9 at chosen points of its life.

``FAULTS`` is a list ``point@stage,…``; the n-th start of the program meets the n-th of them. A folder named by
``FAULTS_MET`` remembers how many were met. Nothing of the product is changed: what it calls is wrapped from outside.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import aiokafka

from streams.__main__ import main
from streams.stages.address import Address
from streams.stages.alert import Alerts
from streams.stages.pileon import PileOns
from streams.stages.score import Score

STAGES: Final = {"score": Score, "address": Address, "pileon": PileOns, "alert": Alerts}
BEFORE_STAGE: Final = "before-stage"
BEFORE_SEND: Final = "before-send"
BEFORE_COMMIT: Final = "before-commit"
AFTER_COMMIT: Final = "after-commit"
POINTS: Final = (BEFORE_STAGE, BEFORE_SEND, BEFORE_COMMIT, AFTER_COMMIT)
AT_BATCH: Final = 3
"""The batch that meets the fault: by then the stage has state, and offsets to go on from."""


def _die(met: Path, number: int) -> None:
    (met / str(number)).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(fault: str, met: Path, number: int) -> None:
    point, _, stage = fault.partition("@")
    count = [0]

    def reached() -> None:
        count[0] += 1
        if count[0] == AT_BATCH:
            _die(met, number)

    if point == BEFORE_STAGE:
        _wrap_steps(STAGES[stage], reached)
    elif point == BEFORE_SEND:
        _wrap_producer("begin_transaction", stage, before=reached)
    elif point == BEFORE_COMMIT:
        _wrap_producer("commit_transaction", stage, before=reached)
    else:
        _wrap_producer("commit_transaction", stage, after=reached)


def _wrap_steps(stage: Any, reached: Callable[[], None]) -> None:
    steps = stage.steps

    def wrapped(self: Any, store: Any, arrived: Any) -> Any:
        reached()
        return steps(self, store, arrived)

    stage.steps = wrapped


def _nothing() -> None:
    return


def _wrap_producer(method: str, stage: str, before: Callable[[], None] = _nothing, after: Callable[[], None] = _nothing) -> None:
    original = getattr(aiokafka.AIOKafkaProducer, method)

    async def wrapped(self: Any, *arguments: Any, **named: Any) -> Any:
        ours = f"threadwatch-{stage}-" in (self._txn_manager.transactional_id if self._txn_manager else "")
        if ours:
            before()
        answer = await original(self, *arguments, **named)
        if ours:
            after()
        return answer

    setattr(aiokafka.AIOKafkaProducer, method, wrapped)


def run() -> None:
    """Arm the next fault that was not met yet, then run the program."""
    met = Path(os.environ["FAULTS_MET"])
    met.mkdir(parents=True, exist_ok=True)
    faults = os.environ["FAULTS"].split(",")
    number = len(list(met.iterdir()))
    if number < len(faults):
        _arm(faults[number], met, number)
    main()


if __name__ == "__main__":
    run()
