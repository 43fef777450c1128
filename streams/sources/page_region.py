"""The cut of a flattened page into article, comments and what follows, and the comments' lines as blocks without the widget's labels."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from streams.sources.page_bar import bar_of
from streams.sources.page_foot import end_of
from streams.sources.page_labels import Label, addressee, labels_of

_LABELLED: Final = 2
_INVISIBLE: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad \t\u00a0\v\f"


class Block(NamedTuple):
    """Lines that stand together, and how they are set off from what came before."""

    text: str
    gap: int
    """Empty lines before it; those before the first are below the bar."""
    after_label: bool = False
    """A label that ends a comment (Reply, View Replies) stood between the block before and this one."""
    headed: bool = False
    """A label that stands above a text, and under a name (a time), stands right above."""
    answers: str | None = None
    """Whom a label right above names: ``Reply to NAME``."""
    begins: int = 0
    """How many labels that begin a comment stand between the block before and this one."""


class Region(NamedTuple):
    """A page cut in two: the lines above the widget's bar, and the blocks of comments below it."""

    article: tuple[str, ...]
    blocks: tuple[Block, ...]
    ends_are_labelled: bool = False
    """Each comment ends with a label of its own."""
    heads_are_labelled: bool = False
    """Each text has a label above it."""
    begins_are_labelled: bool = False
    """Each comment begins with a label of its own."""
    begun_after: int = 0
    """Labels that begin a comment behind the last block."""
    gap_after: int | None = None
    """Empty lines between the last block and the invitation to comment; None where that is not known."""
    announced: int | None = None
    """How many comments the bar announces."""


def region_of(text: str) -> Region | None:
    """Return the comments' blocks, without any label; None where no comment widget's bar is found."""
    lines = [_stripped(line) for line in text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    bar = bar_of(lines)
    if bar is None:
        return None
    end = end_of(lines, bar.last + 1)
    body = lines[bar.last + 1 : end.at]
    labels = labels_of(body)
    *blocks, after = _blocks(body, labels)
    return Region(
        tuple(lines[: bar.first]),
        tuple(blocks),
        labels.count(Label.ENDS) >= max(_LABELLED, len(blocks) / 8),
        labels.count(Label.HEADS) >= max(_LABELLED, len(blocks) / 8),
        labels.count(Label.BEGINS) >= max(_LABELLED, len(blocks) / 8),
        after.begins,
        after.gap if end.invited else None,
        bar.announced,
    )


def _stripped(line: str) -> str:
    """Return a line without white space round it; one that shows nothing is empty, whatever invisible signs it holds."""
    return line.strip() if line.strip(_INVISIBLE) else ""


def _blocks(lines: Sequence[str], labels: Sequence[Label]) -> Iterator[Block]:
    """Yield the blocks, and one without text for the end; a label counts as one with the emptiness around it, so that it widens no gap."""
    together: list[str] = []
    gap, wider = 0, 0
    crossed = ended = headed = False
    answers: str | None = None
    begun = 0
    before = Block("", 0)
    for line, label in zip((*lines, ""), (*labels, Label.NONE), strict=True):
        if line and not label:
            if not together:
                before = Block("", max(wider + gap, 1) if crossed else gap, ended, headed and gap <= 1, answers, begun)
            together.append(line)
            continue
        if together:
            yield before._replace(text="\n".join(together))
            together, gap, wider, crossed, ended, headed, answers, begun = [], 0, 0, False, False, False, None, 0
        if line:
            wider, gap, crossed = wider + max(0, gap - 1), 0, True
            ended, headed, answers = ended or label is not Label.HEADS, label is Label.HEADS, addressee(line) or answers
            begun += label is Label.BEGINS
        else:
            gap += 1
    yield Block("", max(wider + gap - 1, 1) if crossed else gap - 1, ended, begins=begun)
