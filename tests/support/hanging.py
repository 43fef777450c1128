"""``python -m tests.support.hanging worker …``: the program itself, one stage hanging while the file named by ``HANGS_WHILE`` is there.

``HANGS`` names the stage. ``score``, unless told otherwise: the scorer hangs, on its thread. Any other: its folds wait, those of the
partition that ``HANGS_PARTITION`` names or, without it, of all. ``SLOW``: seconds that the scorer takes for 32 texts. While ``COMPUTING``
stands in the file the scorer does not hang: it has a batch without end, and says that it gets on with it.
"""

import asyncio
import os
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final

from streams.__main__ import main
from streams.live.room import Room
from streams.scorers import Toxicity
from streams.scorers.linear import Linear

COMPUTING: Final = "computing"


def run() -> None:
    """Wrap the stage from outside, then run the program."""
    if "SLOW" in os.environ:
        slow_scorer(float(os.environ["SLOW"]))
    there, stage = Path(os.environ["HANGS_WHILE"]), os.environ.get("HANGS", "score")
    if stage == "score":
        hang_scorer(there)
    else:
        named = os.environ.get("HANGS_PARTITION")
        hang_fold(there, stage, range(1024) if named is None else (int(named),))
    main()


def slow_scorer(seconds: float) -> None:
    """Let the scorer take so long for a batch, of 32 texts at most."""
    score = Linear.score

    def slow(self: Linear, texts: Sequence[str]) -> list[Toxicity]:
        time.sleep(seconds)
        return score(self, texts)

    Linear.score, Linear.at_most = slow, 32  # type: ignore[method-assign,attr-defined]


def hang_scorer(there: Path) -> None:
    """Let the scorer hang while the file is there, or compute without end."""
    score, computed = Linear.score, list[Callable[[], None]]()

    def hanging(self: Linear, texts: Sequence[str]) -> list[Toxicity]:
        while there.exists():
            if said_in(there) == COMPUTING:
                computed[0]()
            time.sleep(0.1)
        return score(self, texts)

    def tell_computed(_: Linear, told: Callable[[], None]) -> None:
        computed.append(told)

    Linear.score, Linear.tell_computed = hanging, tell_computed  # type: ignore[method-assign,attr-defined]


def said_in(file: Path) -> str:
    """Return what stands in a file; another process may take it away meanwhile."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def hang_fold(there: Path, stage: str, partitions: Collection[int]) -> None:
    """Let this stage's folds of these partitions wait while the file is there."""
    turned = Room._turned

    async def waiting(self: Room, fresh: Sequence[Any]) -> Any:
        while self.stage.name == stage and self.partition in partitions and there.exists():  # noqa: ASYNC110 another process takes it away
            await asyncio.sleep(0.1)
        return await turned(self, fresh)

    Room._turned = waiting  # type: ignore[method-assign]


if __name__ == "__main__":
    run()
