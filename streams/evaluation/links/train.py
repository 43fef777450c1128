"""``python -m streams.evaluation.links.train``: the ranker's weights from the dev parts of the chats, or what the shipped ones find."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from streams import errors
from streams.evaluation.links.chats import Chat, irc, missing, molweni
from streams.evaluation.links.learning import learned
from streams.evaluation.trees import DATA
from streams.rankers import FOLDER, SHIPPED, write

SEED: Final = 20260107
NETS: Final = 5
LEARNED_FROM: Final = "dev"
"""The train parts are not in the datasets."""
_CHATS: Final[dict[str, Callable[[Path, str], list[Chat]]]] = {"irc": irc, "molweni": molweni}


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and write; return 0, or 2 where the chats are not there."""
    parser = argparse.ArgumentParser(prog="python -m streams.evaluation.links.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the chats (../shared/datasets)")
    parser.add_argument("--to", type=Path, default=FOLDER, help="folder of the weights (the package's own)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", choices=SHIPPED, help="train one of them")
    asked = parser.parse_args(arguments)
    if absent := missing(asked.data):
        print(f"the chats are not in {asked.data} ({', '.join(absent)}); name their folder with --data", file=sys.stderr)
        return errors.USER_MISTAKE
    for name in SHIPPED if asked.only is None else (asked.only,):
        _train(name, asked.data, asked.to / f"{name}.npz", asked.seed)
    return errors.OK


def _train(name: str, data: Path, path: Path, seed: int) -> None:
    chats = _CHATS[name](data, LEARNED_FROM)
    print(f"{name}: learning {NETS} nets from {len(chats)} chats, its {LEARNED_FROM} part …", file=sys.stderr)
    weights = learned(chats, NETS, seed, lambda said: print(said, file=sys.stderr))
    path.parent.mkdir(parents=True, exist_ok=True)
    write(weights, path)
    print(f"wrote {path.name}, {path.stat().st_size / 1e3:.0f} kB, digest {weights.digest}, heat {weights.heat:g}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
