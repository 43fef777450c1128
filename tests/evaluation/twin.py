"""The disguised twin of a text: the same words, hidden as people hide them. **Frozen**: written before the normaliser was tuned.

A change here makes figures incomparable: raise ``VERSION`` with it, and say so in docs/scorers.md. What a text becomes depends
on the text, the kind and ``SEED`` alone.
"""

import re
from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Final

from tests.evaluation import looks

VERSION: Final = 1
SEED: Final = "threadwatch twin 1"
_WORD: Final = re.compile(r"(?<![\w@#&/.])[A-Za-z]{3,}(?![\w@/])")
"""Words, not parts of names, links, tags or entities."""
_ALL_OVER: Final = 0.5
"""Chance of a word to be disguised; those that tell are always."""
_FLOOD: Final = 0.1

Hide = Callable[[str, Random], str]


def _look_alikes(word: str, chance: Random) -> str:
    """Half of the letters, at least one."""
    sure = chance.randrange(len(word))
    return "".join(
        chance.choice(looks.SPREAD[letter.lower()]) if place == sure or chance.random() < 0.5 else letter
        for place, letter in enumerate(word)
    )


def _cyrillic(word: str, chance: Random) -> str:
    """Every letter that has a twin in Cyrillic: some words become wholly so."""
    return word.translate(looks.WHOLLY_CYRILLIC)


def _invisible(word: str, chance: Random) -> str:
    sure = chance.randrange(1, len(word))
    return "".join(
        chance.choice(looks.INVISIBLE) + letter if place == sure or (place and chance.random() < 0.5) else letter
        for place, letter in enumerate(word)
    )


def _reversed(word: str, chance: Random) -> str:
    """Written backwards between controls that show it forwards."""
    return f"\u202e{word[::-1]}\u202c"


def _marks(word: str, chance: Random) -> str:
    return "".join(letter + _pile(chance) for letter in word)


def _pile(chance: Random) -> str:
    return "".join(chance.choices(looks.MARKS, k=40 if chance.random() < _FLOOD else chance.randint(1, 8)))


def _leet(word: str, chance: Random) -> str:
    able = [place for place, letter in enumerate(word) if letter.lower() in looks.LEET]
    if not able:
        return word
    sure = chance.choice(able)
    changed = {place for place in able if place == sure or chance.random() < 0.6}
    return "".join(chance.choice(looks.LEET[letter.lower()]) if place in changed else letter for place, letter in enumerate(word))


def _spelt(word: str, chance: Random) -> str:
    """One space between letters, and as many round the word."""
    return " ".join(word)


def _spelt_apart(word: str, chance: Random) -> str:
    """Two spaces more round the word."""
    return f"  {' '.join(word)}  "


def _separated(word: str, chance: Random) -> str:
    return chance.choice(looks.SEPARATORS).join(word)


def _stretched(word: str, chance: Random) -> str:
    places = chance.sample(range(len(word)), min(len(word), chance.randint(1, 2)))
    return "".join(letter * chance.randint(3, 8) if place in places else letter for place, letter in enumerate(word))


def _one_masked(word: str, chance: Random) -> str:
    """One letter inside, a vowel where there is one: f*ck."""
    inside = range(1, len(word) - 1)
    place = chance.choice([at for at in inside if word[at].lower() in "aeiou"] or list(inside))
    return word[:place] + chance.choice(looks.MASKS) + word[place + 1 :]


def _masked(word: str, chance: Random) -> str:
    """All but the ends: f**k."""
    return word[0] + chance.choice(looks.MASKS) * (len(word) - 2) + word[-1]


def _mark_up(word: str, chance: Random) -> str:
    place = chance.randrange(1, len(word))
    if chance.random() < 0.5:
        before, after = chance.choice(looks.TAGS)
        return word[:place] + before + word[place:] + after
    return (
        "".join(chance.choice(looks.ENTITIES).format(ord(letter)) if chance.random() < 0.5 else letter for letter in word[:-1]) + word[-1]
    )


WORDS: Final[dict[str, Hide]] = {
    "look-alike letters": _look_alikes, "Cyrillic twins": _cyrillic, "invisible characters": _invisible, "written backwards": _reversed,
    "combining marks": _marks, "leetspeak": _leet, "spelt out": _spelt, "spelt out, wide gaps": _spelt_apart,
    "separated letters": _separated, "stretched letters": _stretched, "mark-up": _mark_up,
}  # fmt: skip
"""Disguises for any word."""
MASKS: Final[dict[str, Hide]] = {"one letter masked": _one_masked, "all masked inside": _masked}
"""Disguises for the words that tell: nobody masks the others."""
MIXED: Final = "mixed"
QUOTING: Final = "behind a quotation"
KINDS: Final = (*WORDS, *MASKS, MIXED, QUOTING)


def twin(kind: str, text: str, telling: Collection[str], quotable: Sequence[str]) -> str:
    """Return the text in disguise of a kind. ``telling`` words are always hidden; ``quotable`` are calm texts, to stand behind."""
    chance = Random(f"{SEED}|{kind}|{text}")
    if kind == QUOTING:
        return quoting(chance.choice(quotable), text, chance)

    def hidden(found: re.Match[str]) -> str:
        word = found[0]
        tells = word.lower() in telling
        if not tells and (kind in MASKS or chance.random() > _ALL_OVER):
            return word
        return _hide(kind, tells, chance)(word, chance)

    return _WORD.sub(hidden, text)


def _hide(kind: str, tells: bool, chance: Random) -> Hide:
    if kind == MIXED:
        hides: list[Hide] = [*WORDS.values(), *(MASKS.values() if tells else ())]
        return chance.choice(hides)
    return WORDS.get(kind) or MASKS[kind]


def quoting(quoted: str, own: str, chance: Random) -> str:
    """Return own words behind somebody else's, marked as forums mark them."""
    lines = quoted.split("\n")
    made = (
        "\n".join(f"> {line}" for line in lines),
        "\n".join(f">> {line}" for line in lines) + "\n> I see.",
        f"[quote]{quoted}[/quote]",
        f'[quote="reader"][quote]{quoted}[/quote] I see.[/quote]',
        f"<blockquote>{quoted}</blockquote>",
    )
    return f"{chance.choice(made)}\n{own}"
