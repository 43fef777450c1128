"""``python -m tests.support.hanging worker …``: the program itself, its scorer hanging while the file named by ``HANGS_WHILE`` is there."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from streams.__main__ import main
from streams.scorers import Toxicity
from streams.scorers.linear import Linear


def run() -> None:
    """Wrap the scorer from outside, then run the program."""
    score, there = Linear.score, Path(os.environ["HANGS_WHILE"])

    def hanging(self: Linear, texts: Sequence[str]) -> list[Toxicity]:
        while there.exists():
            time.sleep(0.1)
        return score(self, texts)

    Linear.score = hanging  # type: ignore[method-assign]
    main()


if __name__ == "__main__":
    run()
