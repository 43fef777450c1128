"""Whom a comment answers, in figures: rows of words for the terminal and the page, plain values for eval.json."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.table import Table

from streams.evaluation.links.measured import LinkResults
from streams.replay.priors.learned import Measured
from streams.replay.priors.reliability import Reliability

Shown = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A title, heads, rows."""
NOT_THERE = "whom a comment answers: not measured ({files} missing); read from ../shared/datasets, or where --data says"
_RELIABLE = ("confidence", "n", "mean", "right")


def link_tables(found: LinkResults) -> Iterator[Table | str]:
    """Yield what is printed."""
    if found.absent:
        yield NOT_THERE.format(files=", ".join(found.absent))
    for title, heads, rows in shown(found):
        table = Table(*heads, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        yield table


def shown(found: LinkResults) -> Iterator[Shown]:
    """Yield every table as words."""
    for one in found.chats:
        rows = [(row.name, f"{row.f1:.1f}", "published" if row.published else "") for row in one.rows]
        yield f"links of {one.name}: {one.chats} chats, {one.messages:,} messages of the test part", ("", "F1", ""), rows
        yield _reliable(f"{one.name}, ranker: the message answered, or none", one.messages_said)
        live = f"{one.right_people_live:.1f} % by the stage address, whose error is {one.live_error:.3f}"
        right = f"{one.right_people:.1f} % of those are found, {live}"
        yield _reliable(f"{one.name}, ranker: whom else it is aimed at ({right})", one.people_said)
    if found.trees:
        yield _trees(found)
    for tree in found.trees:
        for said, measure in (("as they are", tree.found.before), ("fitted", tree.found.after)):
            yield _reliable(f"{tree.name}, parents hidden, weights {said}: the surest candidate", measure.reliability)


def _trees(found: LinkResults) -> Shown:
    heads = ("the half not learned from", "answers", "last other author", "weights as they are", "fitted", "ECE fitted", "ECE before")
    rows = []
    for tree in found.trees:
        was, now = tree.found.before, tree.found.after
        errors = (f"{now.reliability.error:.3f}", f"{was.reliability.error:.3f}")
        rows.append((tree.name, str(now.answers), *_percent(now.previous, was.right, now.right), *errors))
        linked = _percent(now.linked_previous, was.linked_right, now.linked_right)
        rows.append(("– those linked to anybody", str(now.linked), *linked, "", ""))
    return "whom comments answer, parents hidden, in percent right", heads, rows


def _percent(*shares: float) -> Iterator[str]:
    return (f"{100 * share:.1f}" for share in shares)


def _reliable(title: str, found: Reliability) -> Shown:
    rows = [(f"{one.low:.1f} to {one.low + 0.1:.1f}", str(one.n), f"{one.confidence:.2f}", f"{one.right:.2f}") for one in found.bins]
    return f"{title}; calibration error {found.error:.3f}", _RELIABLE, rows


def plain_links(found: LinkResults) -> dict[str, Any]:
    """Return every figure by name."""
    return {
        "absent": found.absent,
        "chats": [
            {**_plain(one, but=("messages_said", "people_said")), "message": _plain_table(one.messages_said),
             "person": _plain_table(one.people_said)}
            for one in found.chats
        ],
        "trees": [
            {"name": tree.name, "taught_by": tree.found.taught_by, "prior": msgspec.to_builtins(tree.found.prior),
             "before": _plain_measure(tree.found.before), "after": _plain_measure(tree.found.after)}
            for tree in found.trees
        ],
    }  # fmt: skip


def _plain_measure(one: Measured) -> dict[str, Any]:
    return {**_plain(one, but=("reliability",)), "reliability": _plain_table(one.reliability)}


def _plain(one: msgspec.Struct, but: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(one).items() if name not in but}


def _plain_table(one: Reliability) -> dict[str, Any]:
    return {"error": one.error, "n": one.n, "bins": msgspec.to_builtins(one.bins)}
