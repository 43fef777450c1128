"""Whom a comment's strong words are for, by the cues of its own words; P(hostile to somebody absent). Pure and linear.

A toxic comment need not be hostile to the person it answers ("they are cowards, all of them"), and a mild one can be ("do you even
read what you write?"). How hostile it is to the person addressed, ``whom`` says. To the absent person that "he" is: a logistic rule
with weights set by hand, z = −1.8 + 0.9·logit(toxicity) + 1.6 + 0.4 for each further sentence, P = 1 / (1 + e^−z).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import exp, log
from typing import Final

from msgspec import Struct

from streams.stages.lexicon import (
    ASKING,
    ATTACK_STARTS,
    ATTACKS,
    COPULAS,
    DEGREES,
    FILLERS,
    FRIENDLY,
    GENERIC,
    HEAT,
    INSULTING_PLURALS,
    INSULTING_SINGULARS,
    INSULTS,
    NEGATED,
    OPENERS,
    OWN,
    PERSONS,
    PLURAL,
    POINTING,
    QUESTIONS,
    SAID_THINGS,
    SECOND,
    SINGULAR,
    SPELLINGS,
    TELLING,
    Phrases,
)

BASE: Final = -1.8
SLOPE: Final = 0.9
MIN_TOXICITY: Final = 0.08
"""No scorer knows that a text without swear words is that harmless: below this its zeros say nothing."""
MEANT: Final = 1.6
MAX_ATTACK: Final = 3.2
SHORT: Final = 6
"""Words: a sentence so short, with an insult and no subject, is thrown at whoever it answers."""


class Cues(Struct, frozen=True, gc=False):
    """What the own words of a comment say about whom it is aimed at."""

    second: int = 0
    """Times it says "you" to somebody (not "as you can see")."""
    attack: float = 0.0
    """Sum of the weights of attacking phrases, in logits, at most ``MAX_ATTACK``."""
    insulted: int = 0
    """Sentences that insult somebody they say "you" to."""
    bare: int = 0
    """Short insults without a subject."""
    third: int = 0
    """Sentences that insult one absent person."""
    group: int = 0
    """Sentences that insult several, or something with a name."""
    own: int = 0
    """Sentences that insult the speaker."""
    heat: int = 0
    """Sentences with strong words and without "you"."""
    singular: bool = False
    """It speaks of "him" or "her"."""
    plural: bool = False
    kind: bool = False


_RESPELT: Final = frozenset({"not", *SPELLINGS})


def _unnamed(_sentence: int) -> str:
    return ""


def cues(sentences: Sequence[Sequence[str]], subject_is: Callable[[int], str] = _unnamed) -> Cues:
    """Return the cues of sentences, each its words in lower case without apostrophes.

    ``subject_is`` says what the subject of the n-th sentence is: ``third`` (somebody here, by name), ``group`` (something else
    with a name) or nothing. It is asked of sentences with an insult alone.
    """
    insults: dict[str, int] = {}
    second, attack, singular, plural, kind = 0, 0.0, False, False, False
    for number, words in enumerate(sentences):
        telling = TELLING.intersection(words)
        if not telling:
            continue
        you = 0 if SECOND.isdisjoint(telling) else _spoken_to(words)
        second += you
        attack += 0.0 if ATTACK_STARTS.isdisjoint(telling) else _attack(words, number == 0)
        singular = singular or not SINGULAR.isdisjoint(telling)
        plural = plural or not PLURAL.isdisjoint(telling)
        kind = kind or not FRIENDLY.isdisjoint(telling)
        if not INSULTS.isdisjoint(telling):
            whom = _insulted(words, set(words), you, subject_is(number))
            insults[whom] = insults.get(whom, 0) + 1
        elif not you and not HEAT.isdisjoint(telling):
            insults["heat"] = insults.get("heat", 0) + 1
    return Cues(second=second, attack=min(attack, MAX_ATTACK), singular=singular, plural=plural, kind=kind, **insults)


def _insulted(words: Sequence[str], present: set[str], you: int, subject: str) -> str:
    """Return whom a sentence with an insult insults."""
    if subject:
        return subject
    if not you and not OWN.isdisjoint(present) and _of_oneself(words):
        return "own"
    if you:
        return "insulted"
    return _others_insulted(words, present)


def _others_insulted(words: Sequence[str], present: set[str]) -> str:
    """Return whom an insult without "you" is for."""
    if not SINGULAR.isdisjoint(present) or _pointed_at(words):
        return "third"
    if not (PLURAL.isdisjoint(present) and INSULTING_PLURALS.isdisjoint(present)):
        return "group"
    if len(words) > SHORT:
        return "heat" if INSULTING_SINGULARS.isdisjoint(present) else "group"
    return "bare" if COPULAS.isdisjoint(present) or not _said_of_others(words) else "group"


def _said_of_others(words: Sequence[str]) -> bool:
    """Return whether an insult is said of a subject: "most drivers are stupid", "why are cops so dumb".

    Not "taxes are theft, idiot", which calls the reader that, nor "that is pathetic", which means who said it.
    """
    for here, word in enumerate(words):
        if word not in COPULAS:
            continue
        before = words[here - 1] if here else ""
        if before in QUESTIONS or not before:
            if word.startswith(("are", "were")):
                return True
        elif before not in SAID_THINGS and _follows(words[here + 1 :]):
            return True
    return False


def _follows(words: Sequence[str]) -> bool:
    """Return whether these words begin with an insult, whatever says how much of one."""
    first = next((word for word in words if word not in FILLERS and word not in DEGREES), "")
    return first in INSULTS


def _of_oneself(words: Sequence[str]) -> bool:
    """Return whether an insult follows "I am" or "my" closely."""
    for here, word in enumerate(words):
        following = words[here + 1] if here + 1 < len(words) else ""
        if word in {"im", "my"} or (word == "i" and following in {"am", "was", "feel", "felt"}):
            return not INSULTS.isdisjoint(words[here : here + 6])
    return False


def _pointed_at(words: Sequence[str]) -> bool:
    """Return whether somebody is pointed at: "this clown", "that pathetic man", "the idiot"; not "this stupid war"."""
    for here, word in enumerate(words):
        if word in POINTING:
            near = words[here + 1 : here + 4]
            if not INSULTING_SINGULARS.isdisjoint(near) or not (INSULTS.isdisjoint(near) or PERSONS.isdisjoint(near)):
                return True
    return False


def _spoken_to(words: Sequence[str]) -> int:
    """Return how many times somebody is spoken to; "as you can see" speaks to nobody."""
    said = sum(map(SECOND.__contains__, words))
    generic, firsts = 0, GENERIC.then
    for here, word in enumerate(words):
        if word in firsts and not (here and words[here - 1] in ASKING):
            generic += _longest(GENERIC, words, here) > 0
    return max(0, said - generic)


def _attack(words: Sequence[str], opening: bool) -> float:
    """Return the summed weight of attacking phrases; a word counts in one phrase only as a first word."""
    said = _unfilled(words)
    found = OPENERS.get(said[0], 0.0) if opening and said else 0.0
    firsts = ATTACKS.then
    for here, word in enumerate(said):
        if word in firsts:
            found += _longest(ATTACKS, said, here)
    return found


def _longest(phrases: Phrases, said: Sequence[str], here: int) -> float:
    """Return the weight of the longest phrase that starts here; 0 if none does."""
    weight, last = 0.0, len(said)
    while here < last and (goes_on := phrases.then.get(said[here])) is not None:
        phrases, here = goes_on, here + 1
        weight = phrases.weight or weight
    return weight


def _unfilled(words: Sequence[str]) -> list[str]:
    """Return the words without fillers, contractions and negations in one form."""
    said = [word for word in words if word not in FILLERS]
    return said if _RESPELT.isdisjoint(said) else _respelt(said)


def _respelt(words: Sequence[str]) -> list[str]:
    said: list[str] = []
    for word in words:
        if word == "not" and said and said[-1] in NEGATED:
            said[-1] = NEGATED[said[-1]]
        elif word in SPELLINGS:
            said.extend(SPELLINGS[word])
        else:
            said.append(word)
    return said


def _logistic(z: float) -> float:
    return 1.0 / (1.0 + exp(-z))


@lru_cache(maxsize=1 << 14)  # scores have four decimals
def logit(toxicity: float) -> float:
    """Return ln(p / (1 − p)) of a toxicity, kept away from 0 and 1."""
    p = min(max(toxicity, MIN_TOXICITY), 0.995)
    return log(p / (1.0 - p))


def toward_meant(toxicity: float, found: Cues) -> float:
    """Return P(hostile to the absent person spoken of), were it certain who that is; in [0, 1], 4 decimals."""
    if not found.third:
        return 0.0
    return round(_logistic(BASE + SLOPE * logit(toxicity) + MEANT + 0.4 * min(found.third - 1, 3)), 4)
