"""``make bench``: one worker on the embedded broker, the two sharing the machine. Prints figures; asserts none."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.bench.bounded import print_bounded
from tests.bench.cascade import print_cascades
from tests.bench.console import print_console
from tests.bench.counting import print_counting
from tests.bench.detoxify import print_speed
from tests.bench.esr import print_esr
from tests.bench.live import Bench
from tests.bench.machine import machine
from tests.bench.pure import print_pure
from tests.bench.scoring_live import print_scoring_live
from tests.bench.sizes import print_sizes
from tests.bench.stages import print_stages


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--comments", type=int, default=30_000, help="how many go through the worker in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--targets", type=int, default=100_000, help="how many people the detector's memory is measured with")
    parser.add_argument("--records", type=int, default=100_000, help="how many the topics hold that are read to their end and replayed")
    asked = parser.parse_args()
    print(machine(), flush=True)
    print_pure(asked.targets)
    print_stages(4_000, 3)
    print_sizes(4_000)
    print_esr(100_000, asked.targets)
    print_counting()
    print_speed(asked.rounds)
    print_cascades(asked.rounds)
    print_console()
    with tempfile.TemporaryDirectory(prefix="threadwatch-bench-") as folder:
        print_bounded(Path(folder) / "bounded", asked.records)
        asyncio.run(Bench(Path(folder)).run(asked.comments, asked.rounds))
    print_scoring_live(asked.rounds)


if __name__ == "__main__":
    main()
