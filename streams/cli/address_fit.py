"""``threadwatch address --fit``: from a recording that has parents, what page order should believe where there are none."""

import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streams.errors import UserError

if TYPE_CHECKING:
    from streams.records import Comment
    from streams.replay.priors.learned import Learned, Measured
    from streams.settings import Settings


_MOST: Final = 200_000
"""Comments read: more teach nothing more, and would all be in memory."""


def fit(recording: str, settings: "Settings", order: str, teaches: str | None, out: Path | None) -> None:
    """Print how good it is on stderr, and the settings on stdout or into ``out``. Raises UserError where nothing can be fitted."""
    from streams.cli.recorded import bar
    from streams.replay.priors.hidden import Order
    from streams.replay.priors.learned import learned, table
    from streams.scorers import ScorerUnavailable, open_scorer

    if order not in list(Order):
        raise UserError(f"--order {order!r}: write {' or '.join(Order)}")
    try:
        scorer = open_scorer(settings.scorer)
    except ScorerUnavailable as error:
        raise UserError(str(error)) from error
    tables = []
    for source, comments in by_source(recording, teaches).items():
        now = settings.address.priors.get(teaches or source, settings.address.prior)
        with bar(f"fitting {source}") as told:
            found = learned(source, comments, Order(order), scorer, now, told)
        _tell(source, found)
        tables.append(table(teaches or source, found.prior))
    _write("\n".join(tables), out)


def by_source(recording: str, teaches: str | None) -> "dict[str, list[Comment]]":
    """Return the comments of a file or recording by source. UserError where one name would be taught by several."""
    from streams.cli.bad_lines import BadLines
    from streams.packed import name_of
    from streams.replay.from_recording import open_file
    from streams.replay.reading import BadLine
    from streams.replay.reuse import Scores
    from streams.replay.taken import Asked

    found: dict[str, list[Comment]] = defaultdict(list)
    count = 0
    bad = BadLines(name_of(recording), "a recording, or comment records as JSON lines")
    # With somewhere to put scores, a recording of comments.scored is read too; every text is scored anew all the same.
    with open_file(recording, Asked(), Scores()) as opened:
        for one in opened.comments():
            if isinstance(one, BadLine):
                bad.add(one.line, one.detail)
            else:
                bad.good()
                found[one.source].append(one)
                count += 1
            if count == _MOST:
                print(f"{name_of(recording)}: only its first {_MOST:,} comments are read", file=sys.stderr)
                break
    if teaches is not None and len(found) > 1:
        raise UserError(f"{name_of(recording)} has {len(found)} sources ({', '.join(sorted(found))}); --as names what one source teaches")
    return dict(sorted(found.items()))


def _tell(source: str, found: "Learned") -> None:
    before, after = found.before, found.after
    lines = [
        f"{source}: learned from {found.taught_by} answers to other people, parents hidden; measured on {after.answers} elsewhere",
        f"{'':34}{'all':>8}{'linked':>8}",
        f"{'the last other author is right':34}{after.previous:8.1%}{after.linked_previous:8.1%}",
        f"{'surest candidate, weights before':34}{before.right:8.1%}{before.linked_right:8.1%}",
        f"{'surest candidate, fitted':34}{after.right:8.1%}{after.linked_right:8.1%}",
        f"linked are {after.linked} of them; the others are aimed at a group or an outsider, and count against nobody",
    ]
    print("\n".join([*lines, *_reliability(before, after)]), file=sys.stderr)


def _reliability(before: "Measured", after: "Measured") -> list[str]:
    rows = [
        f"{f'{one.low:.1f} to {one.low + 0.1:.1f}':>14}{one.n:8}{one.confidence:12.2f}{one.right:8.2f}" for one in after.reliability.bins
    ]
    was, now = before.reliability.error, after.reliability.error
    head = f"{'confidence':>14}{'n':>8}{'mean':>12}{'right':>8}"
    return ["how far the fitted confidences can be trusted:", head, *rows, f"calibration error {now:.3f}, before {was:.3f}"]


def _write(text: str, out: Path | None) -> None:
    if out is None or str(out) == "-":
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror or error}") from error
    print(f"wrote {out}: paste it into threadwatch.toml", file=sys.stderr)
