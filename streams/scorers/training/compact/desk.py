"""Where the networks are taught, and where what they learned is kept: under a digest of all that it follows from.

The same plan and rows find it again, so that a run that was cut off goes on, and two students share a teacher.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from streams.scorers import ScorerUnavailable
from streams.scorers.compact_network import tokenizer
from streams.scorers.training.compact.fit import Plan, Recipe, drawn, taught
from streams.scorers.training.compact.student import Student, shortened, student
from streams.scorers.training.compact.teacher import said, softened
from streams.scorers.training.datasets import Row


class Desk:
    """Teaches networks that begin with one base."""

    def __init__(self, work: Path, base: Mapping[str, Tensor], vocabulary: Sequence[str], kept: Sequence[int]) -> None:
        """Take the folder, the base's weights and pieces, and the numbers of the pieces that are kept."""
        self.pieces = [vocabulary[number] for number in kept]
        self._work = work
        self._base = base
        self._kept = kept
        self._tokenizer = tokenizer(self.pieces)

    def student(self, rows: Sequence[Row], plan: Plan) -> Student:
        """Return the student that learned from the rows; if the plan has a teacher, it begins with that one's layers and learns from it."""
        to = self._file("student", plan, rows)
        if plan.teacher is None:
            return self._taught("student", student(self._base, self._kept, plan.student.layers), rows, plan.student, to)
        teacher = student(self._base, self._kept, plan.teacher.layers)
        teacher = self._taught("teacher", teacher, rows, plan.teacher, self._file("teacher", plan.teacher, rows))
        soft, layers = self._softened(teacher, rows, plan), [plan.teacher.layers.index(number) for number in plan.student.layers]
        return self._taught("student", shortened(teacher, layers), soft, plan.student, to)

    def unfinished(self, rows: Sequence[Row], plan: Plan) -> Student:
        """Return the student of a run that was cut off. Raises ScorerUnavailable where there is none."""
        saved = self._file("student", plan, rows)
        if not saved.is_file():
            raise ScorerUnavailable(f"no run of this plan and these texts left a student in {self._work}; train without --finish")
        made = Student(len(self._kept), len(plan.student.layers))
        made.load_state_dict(torch.load(saved, weights_only=True)["network"])
        return made.eval()

    def _softened(self, teacher: Student, rows: Sequence[Row], plan: Plan) -> Sequence[Row]:
        """Return the rows with the targets that the student learns."""
        kept = self._file("answers", plan.teacher, rows).with_suffix(".npy")
        with _bar("asking the teacher") as done:
            answers = said(teacher, self._tokenizer, [row.text for row in rows], drawn(rows, plan.student), kept, done)
        return softened(rows, answers, plan.trust)

    def _taught(self, name: str, made: Student, rows: Sequence[Row], recipe: Recipe, to: Path) -> Student:
        print(f"the {name} learns from {len(drawn(rows, recipe))} of {len(rows)} texts …", file=sys.stderr)
        with _bar(f"teaching the {name}") as done:
            taught(made, self._tokenizer, rows, recipe, to, done)
        return made

    def _file(self, name: str, plan: Plan | Recipe | None, rows: Sequence[Row]) -> Path:
        follows = msgspec.json.encode([plan, self.pieces, [(row.text, row.target, row.weight) for row in rows]])
        return self._work / f"{name}-{hashlib.sha256(follows).hexdigest()[:12]}.pt"


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Yield whom to tell how many steps of how many are done; a line on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task(doing, total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)
