"""Train, measure, print: what ``python -m streams.scorers.train`` does."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from streams import errors
from streams.scorers.disguises.known import WORDS
from streams.scorers.linear import SHIPPED, Linear
from streams.scorers.training.disguised import disguised
from streams.scorers.training.fit import fitted, saved
from streams.scorers.training.measure import measured, table
from streams.scorers.training.split import Split, split
from streams.scorers.training.vocabulary import write

_DATA = Path("../shared/datasets")


def run(arguments: Sequence[str] | None = None) -> int:
    """Train and measure, or only measure; return 0, or 2 where the data or the weights are not there."""
    asked = _parser().parse_args(arguments)
    if not asked.data.is_dir():
        print(f"there is no folder {asked.data} with the labelled sets; name it with --data", file=sys.stderr)
        return errors.USER_MISTAKE
    sets = split(asked.data)
    if asked.words:
        write(sets.learn, Linear.read(asked.to), WORDS)
        return errors.OK
    if not asked.evaluate:
        _train(sets, asked.to)
    _print(Linear.read(asked.to), sets)
    return errors.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streams.scorers.train", description="Train the linear scorer, then print AUC per set.")
    parser.add_argument("--evaluate", action="store_true", help="only measure the weights that are there")
    parser.add_argument("--words", action="store_true", help="only write the words that the normaliser knows")
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of the labelled sets (default: %(default)s)")
    parser.add_argument("--to", type=Path, default=SHIPPED, help="file of the weights (default: the package's own)")
    return parser


def _train(sets: Split, path: Path) -> None:
    learn = [row for rows in sets.learn.values() for row in rows]
    calibrate = [row for rows in sets.calibrate.values() for row in rows]
    print(f"learning from {len(learn)} texts, calibrating on {len(calibrate)} …", file=sys.stderr)
    saved(fitted(learn, calibrate), path)
    print(f"wrote {path.name}, {path.stat().st_size / 1e6:.2f} MB", file=sys.stderr)


def _print(scorer: Linear, sets: Split) -> None:
    print(f"{scorer.name}\n")
    print(table("held-out part of a set learned from", measured(scorer, sets.measure)) + "\n")
    print(table("set never learned from", measured(scorer, sets.never_trained)) + "\n")
    plain = sets.never_trained["wiki_nonfuzzed"]
    print(table("wiki_nonfuzzed in disguise", measured(scorer, {"none": plain, **disguised(plain)})))
