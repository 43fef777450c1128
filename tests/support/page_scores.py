"""How well invented pages are read back: ``python -m tests.support.page_scores [pages of a kind]`` prints docs/sources.md's table."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streams.errors import UserError
from streams.sources.page import PageComment, read_page
from tests.support.page_kinds import KINDS, KnownPage


class Score(NamedTuple):
    """What was right, of how much; scores add up."""

    pages: int = 0
    exact: int = 0
    """Pages with every comment, name and paragraph right."""
    found: int = 0
    true: int = 0
    both: int = 0
    """Boundaries: where a comment begins."""
    comments: int = 0
    authors: int = 0
    """Comments whose first words were given to the right name, or to none."""

    @property
    def f1(self) -> float:
        """Return the F1 of the boundaries."""
        return 2 * self.both / max(self.found + self.true, 1)

    @property
    def author(self) -> float:
        """Return the share of comments that have their author."""
        return self.authors / max(self.comments, 1)

    def __add__(self, other: object) -> "Score":
        assert isinstance(other, Score)
        return Score(*map(sum, zip(self, other, strict=True)))


def score(page: KnownPage) -> Score:
    """Read a page back, and compare."""
    try:
        found = read_page(page.text).comments
    except UserError:
        found = ()
    lines = [" ".join(line.split()) for line in page.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    truth, read = placed(lines, page.comments), placed(lines, found)
    both = (Counter(truth.begins) & Counter(read.begins)).total()
    right = sum(read.author.get(at, "?") == name for at, name in truth.author.items())
    return Score(1, found == page.comments, len(read.begins), len(truth.begins), both, len(truth.author), right)


class _Places(NamedTuple):
    begins: list[tuple[int, int]]
    """Line, and which of the comments that hold no line and stand before it."""
    author: dict[int, str | None]
    """Line of a text's beginning → name; a paragraph's, too."""


def placed(lines: Sequence[str], comments: Iterable[PageComment]) -> _Places:
    """Return where comments stand among a page's lines; both come in the order of the page."""
    places = _Places([], {})
    at, empties = 0, 0
    for author, text, _ in comments:
        written = [*([author] if author is not None else []), *(line for line in text.split("\n") if line)]
        first = True
        for which, line in enumerate(written):
            at = _next(lines, " ".join(line.split()), at)
            if first:
                places.begins.append((at, 0))
            if which == (author is not None):
                places.author[at] = author
            first, at, empties = False, at + 1, 0
        if not written:
            empties += 1
            places.begins.append((at, empties))
    return places


def _next(lines: Sequence[str], line: str, start: int) -> int:
    for at in range(start, len(lines)):
        if lines[at] == line:
            return at
    return start


def table(count: int) -> str:
    """Return a row per kind: boundary F1, share of comments with their author, share of pages without any error."""
    rows = ["| kind | boundary F1 | author | exact pages |", "|---|---|---|---|"]
    total = Score()
    for name, make in KINDS.items():
        kind = sum((score(make(seed)) for seed in range(count)), Score())
        total += kind
        rows.append(_row(name, kind))
    return "\n".join([*rows, _row("all", total)])


def _row(name: str, kind: Score) -> str:
    return f"| {name} | {kind.f1:.3f} | {kind.author:.3f} | {kind.exact}/{kind.pages} |"


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
