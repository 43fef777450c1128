"""Which languages a scorer knows, and what a text is written in: of a text in another language it says nothing.

CLD2 tells, from four letters at a time; where it is not sure, the text is scored. A text of which most letters are not Latin is in
none of the Latin languages, however short it is. English among other words is read all the same, and counts where it is toxic: an
insult does not vanish beside a sentence in another language. Where it is not, nothing is known of the rest, and nothing is said.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from streams.scorers import TOXIC, Scorer, Toxicity
from streams.scorers.disguises import english_in, undisguised
from streams.scorers.disguises.known import words

try:
    import pycld2
except ImportError:  # there are machines for which it is not built: there the letters alone tell
    pycld2 = None

RULES: Final = "letters.2" if pycld2 is None else "cld2.2"
"""Of this module: ends a scorer's version."""
LANGUAGE: Final = "language"
"""Why nothing is said of a text."""
UNDETERMINED: Final = "und"
_ENGLISH: Final = frozenset({"en"})
TAUGHT: Final = {
    "linear": _ENGLISH, "compact": _ENGLISH, "detoxify:original": _ENGLISH, "detoxify:unbiased": _ENGLISH,
    "detoxify:original-small": _ENGLISH, "detoxify:unbiased-small": _ENGLISH,
    "detoxify:multilingual": frozenset({"en", "es", "fr", "it", "pt", "ru", "tr"}),
}  # fmt: skip
"""Scorer, without lane and version → the languages that it was taught."""
_LIKE_ENGLISH: Final = frozenset({"sco"})
"""Taken for English: dialects and slang of it look so."""
_LEAST: Final = 16
"""Letters of a text in Latin letters below which nobody is sure."""
_MOSTLY: Final = 0.7
"""A text of which more words are known English ones is English, whatever its letters say."""
_READ: Final = 4000
"""Characters that are looked at."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_BEYOND_LATIN: Final = 0x0250


def taught(scorer: str) -> frozenset[str]:
    """Return the languages of a scorer by its name or ``name@version``; none of one that we do not know."""
    name = scorer.partition("@")[0]
    return TAUGHT.get(name.rpartition("+")[2].removesuffix(":fast"), frozenset())


def written_in(text: str) -> str:
    """Return the language of a text, ISO 639: ``und`` where it is an unknown one, not in Latin letters; empty where nobody is sure."""
    text = text[:_READ]
    if not text.isascii():
        text = undisguised(text)  # letters that only look foreign
    found = _by_cld2(text)
    if text.isascii():
        if not found or found in _ENGLISH:
            return found
        text = undisguised(text)  # digits for letters look foreign too
        found = _by_cld2(text)
    spelt = _WORD.findall(text)
    letters = sum(map(len, spelt))
    if 2 * sum(map(_beyond_latin, spelt)) > letters:
        return found or UNDETERMINED
    if not found or found in _ENGLISH:
        return found
    known = words().usual
    english = sum(word.lower() in known for word in spelt)
    return found if letters >= _LEAST and english < _MOSTLY * len(spelt) else ""


def _by_cld2(text: str) -> str:
    if pycld2 is None:
        return ""
    try:
        is_sure, _, found = pycld2.detect(text.encode("utf-8", "ignore"))
    except pycld2.error:  # control characters and the like
        return ""
    code = str(found[0][1])
    if not is_sure or code == "un" or code.startswith("xx"):
        return ""
    return "en" if code in _LIKE_ENGLISH else code.partition("-")[0]


def _beyond_latin(word: str) -> int:
    return 0 if word.isascii() else sum(ord(letter) >= _BEYOND_LATIN for letter in word)


class Abstaining:
    """Scores as the scorer inside does, but says nothing of texts in languages that this one was not taught."""

    def __init__(self, scorer: Scorer, languages: frozenset[str]) -> None:
        """``languages``: those that it knows."""
        self.name = f"{scorer.name}.{RULES}"
        self.languages = languages
        self._scorer = scorer

    def __getattr__(self, name: str) -> Any:
        """Return what else the scorer inside has: how many texts it takes at once, what it worked."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._scorer, name)

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order."""
        languages = [written_in(text) for text in texts]
        read = [text if self._knows(language) else english_in(text) for text, language in zip(texts, languages, strict=True)]
        asked = [text for text, language in zip(read, languages, strict=True) if text or self._knows(language)]
        scores = iter(self._scorer.score(asked) if asked else ())
        return [
            _in(language, next(scores)) if self._knows(language) else _where_toxic(language, next(scores) if text else None)
            for text, language in zip(read, languages, strict=True)
        ]

    def _knows(self, language: str) -> bool:
        return not language or language in self.languages


def abstention(language: str) -> Toxicity:
    """Return that nothing is said of a text in this language."""
    return Toxicity(0.0, language=language, abstained=LANGUAGE)


def _where_toxic(language: str, english: Toxicity | None) -> Toxicity:
    return abstention(language) if english is None or english.toxicity < TOXIC else _in(language, english)


def _in(language: str, toxicity: Toxicity) -> Toxicity:
    return Toxicity(toxicity.toxicity, toxicity.labels, toxicity.decided_by, language) if language else toxicity
