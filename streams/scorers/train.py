"""Train a scorer, or print how good the shipped one is: ``python -m streams.scorers.train [--model compact] [--evaluate]``.

One thread, and all chance from one seed: the same data gives the same weights on the same machine and library versions.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and measure, or only measure; return 0, or 2 where the data or the weights are not there."""
    # Before NumPy: with more threads the order of additions, and so the last bits of the weights, would depend on the machine.
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    from streams.scorers.training.command import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
