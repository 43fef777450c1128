"""``python -m streams.evaluation.whom.train``: the model of hostility from labelled replies and invented ones."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import indent, wrap
from typing import Final

from streams import errors
from streams.evaluation.trees import DATA
from streams.evaluation.whom.examples import blind_scorer, of_phrasings, of_replies
from streams.evaluation.whom.grammar import combined
from streams.evaluation.whom.invented import LEARNED_FROM, TAUGHT, Phrasing, phrasings
from streams.evaluation.whom.learning import Learned, Taught, learned
from streams.evaluation.whom.replies import missing, replies
from streams.scorers import Scorer, open_scorer
from streams.stages.whom import weights
from streams.stages.whom.signs import NAMES, SLOPING

WEIGHT: Final = {"convabuse": 1.0, "toxichat": 0.1, "misogyny": 0.08}
"""Threads of Reddit hold few replies that are hostile to the person answered: so weighed, every eighth reply that teaches is,
and at 0.5 as many are found as by the rule before."""
INVENTED: Final = 2.0
"""What each invented phrasing counts, however often it is filled in …"""
COMBINED: Final = 0.7
"""… and each that was put together from parts."""
FILLED: Final = 12
WIDTH: Final = 130
_GLUE: Final = "\u00a0"


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn and write; return 0, or 2 where the replies are not there."""
    parser = argparse.ArgumentParser(prog="python -m streams.evaluation.whom.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the labelled sets (../shared/datasets)")
    parser.add_argument("--to", type=Path, default=Path(weights.__file__), help="file of the weights (the package's own)")
    asked = parser.parse_args(arguments)
    if absent := missing(asked.data):
        print(f"labelled replies are not in {asked.data} ({', '.join(absent)}); name their folder with --data", file=sys.stderr)
        return errors.USER_MISTAKE
    print("making a scorer that never saw the replies …", file=sys.stderr)
    taught = [*_replies(asked.data, blind_scorer(asked.data)), *invented(open_scorer("linear"))]
    found = learned(taught)
    asked.to.write_text(written(found), encoding="utf-8")
    print(f"learned from {len(taught)} replies, wrote {asked.to.name}", file=sys.stderr)
    return errors.OK


def _replies(data: Path, scorer: Scorer) -> Iterator[Taught]:
    """Yield the half of the targets that teaches."""
    those = [reply for reply in replies(data) if not reply.is_held_out]
    for reply, example in zip(those, of_replies(those, scorer), strict=True):
        yield Taught(example, reply.hostile, WEIGHT[reply.source])


def invented(scorer: Scorer, folder: Path = LEARNED_FROM) -> Iterator[Taught]:
    """Yield the invented replies that teach."""
    by_hand = [one for kind in TAUGHT for one in phrasings(folder, kind)]
    yield from _said(scorer, folder, by_hand, INVENTED, FILLED)
    yield from _said(scorer, folder, list(combined()), COMBINED, FILLED // 2)


def _said(scorer: Scorer, folder: Path, those: Sequence[Phrasing], weight: float, times: int) -> Iterator[Taught]:
    for phrasing, given in zip(those, of_phrasings(folder, those, scorer, times), strict=True):
        for example in given:
            yield Taught(example, float(phrasing.hostile), weight / len(given), f"{phrasing.kind}: {phrasing.pattern}")


def written(found: Learned) -> str:
    """Return the weights as a module: data that no stage has to read from a file."""
    signs = "".join(f'    "{name}": {found.columns[name]},\n' for name in NAMES)
    by = "".join(f'    "{name}": {found.columns[f"toxicity, {name}"]},\n' for name in SLOPING)
    return (
        '"""Made by ``make train-whom``; MODEL_CARD.md says from what. Weights of names are in hundredths."""\n\n'
        "from collections.abc import Mapping\nfrom typing import Final\n\n"
        f"BIAS: Final = {found.columns['bias']}\n"
        f"SIGNS: Final[Mapping[str, float]] = {{\n{signs}}}\n"
        f"TOXICITY: Final = {found.columns['toxicity']}\n"
        f"TOXICITY_BY: Final[Mapping[str, float]] = {{\n{by}}}\n"
        f"# fmt: off\n"
        f"ROUND: Final[Mapping[str, int]] = {{\n{_lines(found.round)}\n}}\n"
        f"ALONE: Final[Mapping[str, int]] = {{\n{_lines(found.alone)}\n}}\n"
        f"# fmt: on\n"
    )


def _lines(weights: Mapping[str, int]) -> str:
    """Return the entries of a dict, as many a line as there is room for."""
    entries = " ".join(f"{json.dumps(name, ensure_ascii=False)}: {value},".replace(" ", _GLUE) for name, value in sorted(weights.items()))
    lines = wrap(entries, WIDTH, break_long_words=False, break_on_hyphens=False)
    return indent("\n".join(lines), "    ").replace(_GLUE, " ")


if __name__ == "__main__":
    sys.exit(main())
