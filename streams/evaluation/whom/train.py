"""``python -m streams.evaluation.whom.train``: the model of hostility from labelled replies and invented ones."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from streams import errors
from streams.evaluation.trees import DATA
from streams.evaluation.whom.examples import blind_scorer, of_phrasings, of_replies
from streams.evaluation.whom.invented import LEARNED_FROM, TAUGHT, phrasings
from streams.evaluation.whom.learning import Taught, learned
from streams.evaluation.whom.replies import missing, replies
from streams.scorers import Scorer, open_scorer
from streams.stages.whom import weights
from streams.stages.whom.signs import NAMES

WEIGHT: Final = {"convabuse": 1.0, "toxichat": 0.1, "misogyny": 0.08}
"""Threads of Reddit hold few replies that are hostile to the person answered: so weighed, every eighth reply that teaches is,
and at 0.5 as many are found as by the rule before."""
INVENTED: Final = 2.0
"""What each invented phrasing counts, however often it is filled in."""


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
    those = [one for kind in TAUGHT for one in phrasings(folder, kind)]
    for phrasing, given in zip(those, of_phrasings(folder, those, scorer), strict=True):
        for example in given:
            yield Taught(example, float(phrasing.hostile), INVENTED / len(given))


def written(found: Mapping[str, float]) -> str:
    """Return the weights as a module: data that no stage has to read from a file."""
    signs = "".join(f'    "{name}": {found[name]},\n' for name in NAMES)
    return (
        '"""Made by ``make train-whom``; MODEL_CARD.md says from what."""\n\n'
        "from collections.abc import Mapping\nfrom typing import Final\n\n"
        f"BIAS: Final = {found['bias']}\n"
        f"SIGNS: Final[Mapping[str, float]] = {{\n{signs}}}\n"
        f"TOXICITY: Final = {found['toxicity']}\n"
        f"TOXICITY_NOT_OWN: Final = {found['toxicity, not own']}\n"
        f"TOXICITY_ELSEWHERE: Final = {found['toxicity, elsewhere']}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
