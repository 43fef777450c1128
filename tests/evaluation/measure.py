"""Everything that ``make eval-scoring`` says, as values."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec import Struct

from streams.scorers import Scorer
from streams.scorers.linear import Linear
from streams.scorers.training.datasets import MEASURED
from tests.evaluation import twin
from tests.evaluation.beside import Beside, beside
from tests.evaluation.groups import Biases, Function, biases, functions, madlibs
from tests.evaluation.hidden import Hidden, hidden
from tests.evaluation.languages import Unread, unread
from tests.evaluation.rightness import SetMeasure, measured
from tests.evaluation.texts import Texts

_PASSES = 2 * (len(twin.KINDS) + 1)
"""How often all toxic and all clean texts are read, about."""


class Evaluation(Struct, frozen=True):
    """What stands in eval.json."""

    scorer: str
    twin: int
    others: dict[str, str]
    """Versions of what is not ours and moves a figure; "not installed" where it is missing."""
    hidden: Hidden
    sets: list[SetMeasure]
    functions: list[Function]
    bias: dict[str, Biases]
    unread: list[Unread] = []
    beside: list[Beside] = []
    """The default scorer and the compact one on a sample; empty where the latter cannot be opened."""


def evaluation(scorer: Linear, texts: Texts, data: Path, done: Callable[[int, int], None], other: Scorer | None = None) -> Evaluation:
    """Return all figures; with ``other``, also that scorer's beside them. ``done`` is told how many of how many texts were read."""
    of = (len(texts.toxic) + len(texts.clean)) * (_PASSES // 2) + sum(map(len, texts.foreign.values())) + len(texts.code) + len(texts.clean)
    others = [scorer, other] if other else []
    of += len(others) * (len(texts.clean) + sum(map(len, texts.sets.values())))
    read = 0

    def more(count: int) -> None:
        nonlocal read
        read += count
        done(min(read, of), of)

    found = hidden(scorer, texts, more)
    own = [row for name, rows in texts.sets.items() if name not in {"bias_madlibs", "wiki_fuzzed"} for row in rows]
    return Evaluation(
        scorer=scorer.name,
        twin=twin.VERSION,
        others={name: _version(name) for name in ("alt-profanity-check", "Django", "numpy")},
        hidden=found,
        sets=measured(scorer, texts.sets, list(MEASURED)),
        functions=functions(scorer, data, found.threshold),
        bias={
            "the held-out sets": biases(scorer, own),
            "bias_madlibs (rows never learned from, templates seen)": biases(scorer, madlibs(data)),
        },
        unread=unread(texts),
        beside=[beside(each, texts, list(MEASURED), more) for each in others],
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
