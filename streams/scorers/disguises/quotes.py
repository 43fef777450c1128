"""What a comment quotes of others: ``>`` lines, ``[quote]`` and ``<blockquote>``, nested as deep as may be."""

import re
from collections.abc import Iterator
from typing import Final

from streams.scorers.disguises.traced import Disguise, Edit

# ">:(" and ">_<" are faces and ">!…!<" hides a spoiler: none of them quotes anybody.
_LINE: Final = re.compile(r"^[ \t]{0,3}(?:>|&gt;)(?![:_.!]).*$", re.MULTILINE)
_TAG: Final = re.compile(r"\[(?P<end>/?)quote(?:[=\s][^\[\]\n]*+)?\]|<(?P<close>/?)blockquote\b[^<>]*+>", re.IGNORECASE)


def quotations(text: str) -> Iterator[Edit]:
    """Yield what takes the quotations out. Of a text that is nothing else, none: else a ``>`` in front would hide anything."""
    if ">" not in text and "&gt;" not in text and "[" not in text:
        return
    found = _spans(text)
    if found and _says_more(text, found):
        yield from (Edit(start, end, "\n" if "\n" in text[start:end] else " ", Disguise.QUOTATION) for start, end in found)


def own_words(text: str) -> str:
    """Return the text without its quotations, or as it stands where it is nothing else."""
    edits = list(quotations(text))
    ends = [0, *(edit.end for edit in edits)]
    starts = [*(edit.start for edit in edits), len(text)]
    return edits[0].new.join(text[end:start] for end, start in zip(ends, starts, strict=True)) if edits else text


def _says_more(text: str, spans: list[tuple[int, int]]) -> bool:
    at = 0
    for start, end in spans:
        if text[at:start].strip():
            return True
        at = end
    return bool(text[at:].strip())


def _spans(text: str) -> list[tuple[int, int]]:
    """Return the quoted parts in order, those that touch or overlap as one."""
    lines = [found.span() for found in _LINE.finditer(text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted([*lines, *_tagged(text)]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _tagged(text: str) -> Iterator[tuple[int, int]]:
    """Yield from each outermost opening tag to its closing one. What is never closed quotes nobody."""
    open_at: list[int] = []
    outermost: list[tuple[int, int]] = []
    for tag in _TAG.finditer(text):
        if not (tag["end"] or tag["close"]):
            open_at.append(tag.start())
        elif open_at:
            start = open_at.pop()
            while outermost and outermost[-1][0] >= start:
                outermost.pop()
            outermost.append((start, tag.end()))
    yield from outermost
