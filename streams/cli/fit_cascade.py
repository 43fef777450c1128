"""``threadwatch models fit-cascade``: which cases are clear enough for a cheap scorer, found on one half of a file, told of the other."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streams.cli.options import Config

if TYPE_CHECKING:
    from streams.scorers import Scorer
    from streams.scorers.bounds import Bounds, Kept, Loss, Scored

_AT_ONCE: Final = 64
_LEAST: Final = 200
"""Texts: of fewer no half says anything about half a percent."""


def fit_cascade(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A recording, or comment records as JSON lines; see --labelled.")],
    scorer: Annotated[str, typer.Option("--scorer", help="The cascade: cascade:CHEAP+EXPENSIVE.")] = "cascade:linear+compact",
    labelled: Annotated[bool, typer.Option("--labelled", help='FILE has JSON lines with "text" and "toxic" (true or false).')] = False,
    flagged_at: Annotated[float, typer.Option(min=0.01, max=0.99, help="The score that flags a comment.")] = 0.8,
    changed: Annotated[float, typer.Option(min=0, max=1, help="Share of comments whose flag may change.")] = 0.005,
    both: Annotated[float, typer.Option(min=0, max=1, help="Of those that either flags, so many at least are flagged by both.")] = 0.95,
    auc_loss: Annotated[float, typer.Option(min=0, max=1, help="With --labelled: area under the ROC curve that may be lost.")] = 0.002,
    most: Annotated[int, typer.Option(min=_LEAST, help="Comments that are read, the first in an order of chance.")] = 10_000,
    config: Config = None,
) -> int:
    """Find the bounds of a cascade for a stated loss on one half of the comments, and print what is lost on the other.

    They go into scoring.cascades, from where --scorer cascade:CHEAP+EXPENSIVE takes them. Exit 1 where the other half loses more.
    """
    from streams.cli.options import settings_of
    from streams.errors import CHECK_FAILED, OK, UserError
    from streams.scorers import ScorerUnavailable
    from streams.scorers.bounds import Loss, fitted, halves, kept
    from streams.scorers.cascade import file_of

    settings = settings_of(config)
    texts = _chosen(_labelled(file) if labelled else _commented(file), most, file)
    try:
        names, scored, seconds = _scored(scorer, texts, settings.scoring)
    except ScorerUnavailable as error:
        raise UserError(str(error)) from error
    learn, loss = halves(list(texts)), Loss(changed, both, auc_loss)
    bounds = fitted(scored.where(learn), names, loss, flagged_at)
    found = kept(scored.where(~learn), bounds)
    place = file_of(scorer, Path(settings.scoring.cascades))
    _write(place, bounds)
    _tell(bounds, found, loss, seconds)
    print(f"wrote {place}", file=sys.stderr)
    return OK if found.is_within(loss) else CHECK_FAILED


def _labelled(file: str) -> "dict[str, bool | None]":
    import msgspec

    from streams.cli.bad_lines import BadLines
    from streams.packed import lines_of, name_of, opened

    row = msgspec.defstruct("Row", [("text", str), ("toxic", bool)])
    found: dict[str, bool | None] = {}
    bad = BadLines(name_of(file), 'JSON lines with "text" and "toxic" (true or false)')
    with opened(file) as (stream, _):
        for line in lines_of(stream):
            try:
                read: Any = msgspec.json.decode(line.value, type=row)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                bad.add(line.number, error)
                continue
            bad.good()
            found[read.text] = read.toxic
    bad.finish()
    return found


def _commented(file: str) -> "dict[str, bool | None]":
    from streams.cli.address_fit import by_source
    from streams.stages.score import text_to_score

    return {text_to_score(one)[0]: None for comments in by_source(file, None).values() for one in comments if one.text}


def _chosen(texts: "dict[str, bool | None]", most: int, file: str) -> "dict[str, bool | None]":
    """Return at most so many, by a digest of each; UserError where there are too few."""
    import hashlib

    from streams.errors import UserError
    from streams.packed import name_of

    order = sorted((text for text in texts if text.strip()), key=lambda text: hashlib.blake2b(text.encode("utf-8", "replace")).digest())
    if len(order) < _LEAST:
        raise UserError(f"{name_of(file)}: {len(order)} different texts; give {_LEAST} or more, some thousands are better")
    return {text: texts[text] for text in order[:most]}


def _scored(cascade: str, texts: "dict[str, bool | None]", config: Any) -> "tuple[tuple[str, str], Scored, tuple[float, float]]":
    """Return the names of both scorers, what they say, and the seconds that each takes for a text."""
    import numpy as np

    from streams.scorers.bounds import Scored
    from streams.scorers.cascade import parts_of

    scorers = parts_of(cascade.partition(":")[2], config)
    (cheap, one), (expensive, other) = (_timed(scorer, list(texts)) for scorer in scorers)
    toxic = None if None in texts.values() else np.array(list(texts.values()), dtype=bool)
    return (scorers[0].name, scorers[1].name), Scored(cheap, expensive, toxic), (one, other)


def _timed(scorer: "Scorer", texts: list[str]) -> tuple[Any, float]:
    import numpy as np

    from streams.cli.recorded import bar

    scorer.score(texts[:1])
    found: list[float] = []
    began = time.perf_counter()
    at_once = getattr(scorer, "at_most", _AT_ONCE)
    with bar(f"scoring with {scorer.name.partition('@')[0]}") as told:
        for start in range(0, len(texts), at_once):
            found += [each.toxicity for each in scorer.score(texts[start : start + at_once])]
            told(len(found), len(texts))
    seconds = (time.perf_counter() - began) / len(texts)
    if hasattr(scorer, "close"):
        scorer.close()
    return np.array(found), seconds


def _write(place: Path, bounds: "Bounds") -> None:
    import msgspec

    from streams.errors import UserError

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(msgspec.json.format(msgspec.json.encode(bounds)) + b"\n")
    except OSError as error:
        raise UserError(f"{place} cannot be written: {error.strerror or error}; scoring.cascades names the folder") from error


def _tell(bounds: "Bounds", found: "Kept", loss: "Loss", seconds: tuple[float, float]) -> None:
    cheap, expensive = (name.partition("@")[0] for name in (bounds.cheap, bounds.expensive))
    faster = seconds[1] / (seconds[0] + found.passed_on * seconds[1])
    clear = f"clear up to {bounds.clean_to:.4f} and from {bounds.toxic_from:.4f}" if found.passed_on < 1 else "nothing is clear enough"
    print(
        f"{faster:.1f} × the comments a second of {expensive} alone, by the time that each took: {cheap} decides {1 - found.passed_on:.1%}"
    )
    print(f"{clear}; flags at {bounds.flagged_at}, measured on the {found.texts} texts that were not fitted on:")
    print(f"changed flags          {found.changed:7.2%}   (at most {loss.changed:.2%})")
    print(f"flagged by both        {found.both:7.1%}   of those that either flags (at least {loss.both:.0%})")
    if found.auc == found.auc:  # nan is what does not equal itself
        print(f"area under the curve   {found.auc:.3f} → {found.auc - found.auc_lost:.3f}   (at most {loss.auc:.3f} lost)")
