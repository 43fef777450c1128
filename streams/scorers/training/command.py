"""Train, measure, print: what ``python -m streams.scorers.train`` does."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from streams import errors
from streams.scorers import Scorer, ScorerUnavailable
from streams.scorers.compact import SHIPPED as COMPACT
from streams.scorers.compact import Compact
from streams.scorers.disguises.known import WORDS
from streams.scorers.linear import SHIPPED, Linear
from streams.scorers.training.disguised import disguised
from streams.scorers.training.fit import fitted, saved
from streams.scorers.training.measure import measured, table
from streams.scorers.training.split import Split, split
from streams.scorers.training.vocabulary import write

_DATA = Path("../shared/datasets")
_WORK = Path("build/compact")


def run(arguments: Sequence[str] | None = None) -> int:
    """Train and measure, or only measure; return 0, or 2 where the data, the weights or what it takes to make them are not there."""
    asked = _parser().parse_args(arguments)
    if not asked.data.is_dir():
        print(f"there is no folder {asked.data} with the labelled sets; name it with --data", file=sys.stderr)
        return errors.USER_MISTAKE
    try:
        _run(asked, split(asked.data))
    except ScorerUnavailable as error:
        print(error, file=sys.stderr)
        return errors.USER_MISTAKE
    return errors.OK


def _run(asked: argparse.Namespace, sets: Split) -> None:
    to = asked.to or {"linear": SHIPPED, "compact": COMPACT}[asked.model]
    if asked.words:
        write(sets.learn, Linear.read(to), WORDS)
        return
    if not asked.evaluate:
        _made(asked, sets, to)
    _print(_read(asked.model, to), sets)


def _made(asked: argparse.Namespace, sets: Split, to: Path) -> None:
    if asked.model == "linear":
        _train(sets, to)
        return
    try:
        from streams.scorers.training.compact.command import Begin, train
        from streams.scorers.training.compact.fit import Plan
    except ImportError as error:
        raise ScorerUnavailable(f"training the compact scorer needs {error.name or error}: make train MODEL=compact installs it") from error
    train(sets, _plan(asked, Plan()), asked.work, to, Begin(asked.begin))


def _plan(asked: argparse.Namespace, usual: Any) -> Any:
    """Return the usual plan with the seed and the epochs asked for, of the student and of its teacher."""
    teacher = structs.replace(usual.teacher, seed=asked.seed, epochs=asked.teacher_epochs) if asked.teacher_epochs else None
    return structs.replace(usual, student=structs.replace(usual.student, seed=asked.seed, epochs=asked.epochs), teacher=teacher)


def _read(model: str, path: Path) -> Scorer:
    return Linear.read(path) if model == "linear" else Compact.read(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streams.scorers.train", description="Train a scorer, then print AUC per set.")
    parser.add_argument("--model", choices=("linear", "compact"), default="linear", help="which (default: %(default)s)")
    parser.add_argument("--evaluate", action="store_true", help="only measure the weights that are there")
    parser.add_argument("--words", action="store_true", help="only write the words that the normaliser knows")
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of the labelled sets (default: %(default)s)")
    parser.add_argument("--to", type=Path, help="file of the weights (default: the package's own)")
    only = parser.add_argument_group("the compact scorer alone")
    only.add_argument("--seed", type=int, default=1, help="of all chance (default: %(default)s)")
    only.add_argument("--epochs", type=float, default=1.0, help="times that the student sees a row of weight 1 (default: %(default)s)")
    only.add_argument("--teacher-epochs", type=float, default=0.7, help="the same of its teacher; 0: no teacher (default: %(default)s)")
    only.add_argument("--work", type=Path, default=_WORK, help="folder of the checkpoint and of what was tried (default: %(default)s)")
    only.add_argument(
        "--finish",
        dest="begin",
        action="store_const",
        const="finish",
        default="base",
        help="make the weights from the student of a run that was cut off, as it is; without, such a run goes on",
    )
    return parser


def _train(sets: Split, path: Path) -> None:
    learn = [row for rows in sets.learn.values() for row in rows]
    calibrate = [row for rows in sets.calibrate.values() for row in rows]
    print(f"learning from {len(learn)} texts, calibrating on {len(calibrate)} …", file=sys.stderr)
    saved(fitted(learn, calibrate), path)
    print(f"wrote {path.name}, {path.stat().st_size / 1e6:.2f} MB", file=sys.stderr)


def _print(scorer: Scorer, sets: Split) -> None:
    print(f"{scorer.name}\n")
    print(table("held-out part of a set learned from", measured(scorer, sets.measure)) + "\n")
    print(table("set never learned from", measured(scorer, sets.never_trained)) + "\n")
    plain = sets.never_trained["wiki_nonfuzzed"]
    print(table("wiki_nonfuzzed in disguise", measured(scorer, {"none": plain, **disguised(plain)})))
