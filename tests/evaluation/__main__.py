"""``make eval-scoring``: print the tables, and write eval.json and eval.html."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from streams import errors
from streams.scorers import Scorer

_DATA = Path("../shared/datasets")
_TO = Path("build/eval-scoring")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the shipped scorers; return 0, or 2 where the data is not there."""
    parser = argparse.ArgumentParser(prog="make eval-scoring", description=__doc__)
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of the labelled sets (default: %(default)s)")
    parser.add_argument("--to", type=Path, default=_TO, help="folder of eval.json and eval.html (default: %(default)s)")
    asked = parser.parse_args(arguments)
    if not asked.data.is_dir():
        print(f"there is no folder {asked.data} with the labelled sets; name it with --data", file=sys.stderr)
        return errors.USER_MISTAKE
    _measure(asked.data, asked.to)
    return errors.OK


def _measure(data: Path, to: Path) -> None:
    from streams.cli.recorded import bar
    from streams.scorers.linear import Linear
    from tests.evaluation.measure import evaluation
    from tests.evaluation.page import written
    from tests.evaluation.tables import tables, text
    from tests.evaluation.texts import texts

    with bar("scoring") as done:
        found = evaluation(Linear.shipped(), texts(data), data, done, _compact())
    print(f"{found.scorer}, twin {found.twin}; " + ", ".join(f"{name} {version}" for name, version in found.others.items()) + "\n")
    print("\n\n".join(map(text, tables(found))))
    to.mkdir(parents=True, exist_ok=True)
    (to / "eval.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    (to / "eval.html").write_text(written(found), encoding="utf-8")
    print(f"\nwrote {to / 'eval.json'} and {to / 'eval.html'}")


def _compact() -> Scorer | None:
    """Return the compact scorer, or None and say why not."""
    from streams.scorers import ScorerUnavailable
    from streams.scorers.compact import Compact

    try:
        return Compact.shipped()
    except ScorerUnavailable as error:
        print(f"without the compact scorer: {error}", file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(main())
