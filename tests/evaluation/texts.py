"""What is measured on: rows that nothing was learned from, and texts that nobody should flag."""

import gettext
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams.scorers.training.datasets import Row
from streams.scorers.training.split import split

CALM: Final = 0.2
"""Targets up to this are clean text."""
TOXIC: Final = 0.5
_FULLY_LABELLED: Final = (
    "toxichat", "surge", "jigsaw_small", "context_toxicity", "davidson", "paradetox", "toxigen", "sbic", "convabuse", "wiki_nonfuzzed",
)  # fmt: skip
"""Sets whose calm rows were looked at for every kind of toxicity: clean text is taken from them alone."""
_TWICE: Final = "wiki_fuzzed"
"""The same comments as wiki_nonfuzzed, with other names."""
_TOLD_AT_LEAST: Final = 5
_TELLS: Final = 2.718
_LOWER_WORD: Final = re.compile(r"[a-z]{3,}")
_CHUNK: Final = 8
_EVERY: Final = 120
"""Of code, eight lines of every 120."""
_PER_LANGUAGE: Final = 60
_LEAST: Final = 20
_PLACEHOLDER: Final = re.compile(r"[%{<&]")


class Texts(Struct, frozen=True):
    """``toxic`` and ``sets`` by set; the others are texts that nobody should flag."""

    sets: dict[str, list[Row]]
    toxic: list[Row]
    clean: list[str]
    foreign: dict[str, list[str]]
    code: list[str]
    telling: frozenset[str]


def texts(data: Path) -> Texts:
    """Return everything that is measured on. Foreign texts are empty where Django, whose translations they are, is not installed."""
    kept = split(data)
    sets = {**kept.measure, **kept.never_trained}
    rows = {row.text: row for name, each in sets.items() if name != _TWICE for row in each}
    clean = [row.text for name in _FULLY_LABELLED for row in sets[name] if row.target <= CALM and row.text.strip()]
    return Texts(
        sets=sets,
        toxic=[row for row in rows.values() if row.target >= TOXIC],
        clean=list(dict.fromkeys(clean)),
        foreign=foreign(),
        code=list(code()),
        telling=telling(list(rows.values())),
    )


def telling(rows: Sequence[Row]) -> frozenset[str]:
    """Return the words whose odds to stand in a toxic row are e times those of any word: what a filter would look for."""
    toxic, calm = Counter[str](), Counter[str]()
    for row in rows:
        (toxic if row.target >= TOXIC else calm).update(set(_LOWER_WORD.findall(row.text.lower())))
    usual = sum(toxic.values()) / max(1, sum(calm.values()))
    return frozenset(word for word, n in toxic.items() if n >= _TOLD_AT_LEAST and (n + 1) / (calm[word] + 1) >= _TELLS * usual)


def foreign() -> dict[str, list[str]]:
    """Return sentences per language that is not English: Django's own messages (BSD-3-Clause), those without placeholders."""
    place = find_spec("django")
    if place is None or place.origin is None:
        return {}
    found: dict[str, list[str]] = {}
    for file in sorted(Path(place.origin).parent.glob("c*/**/LC_MESSAGES/django.mo")):
        language = file.parts[-3]
        if not language.startswith("en"):
            found.setdefault(language, []).extend(_messages(file))
    return {language: list(dict.fromkeys(said))[:_PER_LANGUAGE] for language, said in found.items()}


def _messages(file: Path) -> Iterator[str]:
    with file.open("rb") as content:
        catalog = gettext.GNUTranslations(content)._catalog  # type: ignore[attr-defined]  # there is no other way to list them
    for asked, said in sorted(catalog.items(), key=str):
        if isinstance(asked, str) and asked and said != asked and len(said) >= _LEAST and not _PLACEHOLDER.search(said):
            yield said


def code() -> Iterator[str]:
    """Yield a few lines of each module of the standard library, of NumPy's C headers and of Django's scripts and sheets."""
    roots = [Path(sysconfig.get_paths()["stdlib"])]
    files = sorted(roots[0].glob("*.py"))
    for package, pattern in (("numpy", "**/*.h"), ("django", "contrib/admin/static/**/*.js"), ("django", "contrib/admin/static/**/*.css")):
        place = find_spec(package)
        if place is not None and place.origin is not None:
            files += sorted(Path(place.origin).parent.glob(pattern))
    for file in files:
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
        for start in range(0, len(lines), _EVERY):
            piece = "\n".join(lines[start : start + _CHUNK])
            if piece.strip() and max(map(len, lines[start : start + _CHUNK])) < 1000:
                yield piece
