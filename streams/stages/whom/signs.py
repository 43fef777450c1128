"""What tells whom the strong words of a comment are for: a couple of dozen numbers from its own words. Pure and linear in the text.

Most comments say nothing strong: they have no signs, and the model asks of them only how toxic they are and whether they say "you".
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from streams.stages.hearing import Heard
from streams.stages.hostility import Cues, cues
from streams.stages.lexicon import COPULAS, DEGREES, FILLERS, SECOND
from streams.stages.whom import words as w
from streams.stages.whom.telling import Telling, turns

NAMES: Final = (
    "second", "kind", "directed", "thrown", "bare", "attack", "elsewhere", "heat", "quoted", "reported", "negated", "conditional",
    "not own", "support", "condemn", "laughter", "warmth", "argument", "agreeing", "ours", "others", "turning",
    "at reader, others", "at reader, laughter", "at reader, warmth", "at reader, contempt",
)  # fmt: skip
"""In order."""
NOT_OWN: Final = NAMES.index("not own")
ELSEWHERE: Final = NAMES.index("elsewhere")
REPORT_REACHES: Final = 10
"""Words after "called", "wrote" …: an insult there is reported."""
NEGATION_REACHES: Final = 4
YOU_REACH: Final = 3
"""Words between "you" and what is thrown at you, those of degree not counted …"""
YOU_FARTHEST: Final = 12
"""… and all of them: a sentence can be nothing but such words."""
_FAR: Final = -99
_WOULD: Final = (["would"], ["could"], ["can"], ["writes"], ["believes"], ["thinks"], ["wrote"], ["who"], ["to"])


class _Sentences:
    """What the strong words of some sentences do there."""

    __slots__ = ("argument", "conditional", "directed", "negated", "of_you", "report", "reported", "thrown")

    def __init__(self) -> None:
        self.directed = self.thrown = self.reported = self.negated = self.conditional = self.argument = self.of_you = 0
        self.report = _FAR

    def own_up(self) -> None:
        """Count what is reported of the reader as said to the reader."""
        self.directed, self.reported, self.of_you = self.directed + self.of_you, self.reported - self.of_you, 0

    def take(self, said: Sequence[str]) -> None:
        """Count each strong word of a sentence once."""
        report = negation = you = self.report = _FAR
        conditional = False
        for here, word in enumerate(said):
            if word in w.STRONG:
                self._strong(said, here, report, negation, you, conditional)
            elif word in SECOND:
                you = here
            elif word in w.REPORTING:
                report = here if _is_report(said, here) else report
            elif word in w.NEGATIONS:
                negation = here
            elif word in w.AWAY:
                you = _FAR
            elif word in w.FRESH:
                report = negation = you = _FAR
            elif word in w.CONDITIONS:
                conditional = True

    def _strong(self, said: Sequence[str], here: int, report: int, negation: int, you: int, conditional: bool) -> None:
        at_you = _turns_on_you(said, here) or _near(said, you, here)
        if _only_such_would(said, here):
            self.directed += 1
        elif _of_what_was_said(said, here):
            self.argument += 1
        elif here - report <= REPORT_REACHES and not (at_you and you - report > 3 and COPULAS.isdisjoint(said[you:here])):
            self.reported += 1
            self.of_you += at_you
            self.report = report
        elif negation > you and here - negation <= NEGATION_REACHES:
            self.negated += 1
        elif conditional:
            self.conditional += 1
        elif at_you and said[here] not in w.CALM:
            self.directed += 1
        elif _thrown(said, here):
            self.thrown += 1


def _without_report(said: Sequence[str], report: int) -> Sequence[str]:
    return said if report < 0 else [*said[: report + 1], *said[report + 1 + REPORT_REACHES :]]


def _is_report(said: Sequence[str], here: int) -> bool:
    """Return whether this word reports what others said: not "I say …", nor what "you say"."""
    before = said[max(here - 2, 0) : here]
    return not (before and (before[-1] in SECOND or not w.MINE.isdisjoint(before) or before == ["let", "me"]))


def _only_such_would(said: Sequence[str], here: int) -> bool:
    """Return whether it says who alone would have said this: "only a fool would write this"; not "… would say that to you"."""
    if said[here] not in w.NOUNS or w.ONLY.isdisjoint(said[max(here - 4, 0) : here]):
        return False
    after = said[here + 1 : here + 6]
    return after[:1] in _WOULD and not w.UTTERING.isdisjoint(after) and not w.THIS.isdisjoint(after) and SECOND.isdisjoint(said[here + 1 :])


def _turns_on_you(said: Sequence[str], here: int) -> bool:
    """Return whether "like you" or "you are" follows: "a liar like you", "what a liar you are"."""
    after = said[here + 1 : here + 3]
    return len(after) == 2 and (
        (after[0] == "like" and after[1] in SECOND) or after[0] == "youre" or (after[0] in SECOND and after[1] in COPULAS)
    )


def _near(said: Sequence[str], you: int, here: int) -> bool:
    """Return whether a strong word is within reach of the "you" before it; mere heat, right after it."""
    if you < 0 or here - you > YOU_FARTHEST:
        return False
    return _between(said, you, here) <= (0 if said[here] in w.HEATED else YOU_REACH)


def _between(said: Sequence[str], you: int, here: int) -> int:
    return sum(1 for word in said[you + 1 : here] if not (word in FILLERS or word in DEGREES or word in w.STRONG))


def _of_what_was_said(said: Sequence[str], here: int) -> bool:
    """Return whether a strong word is of something said: "that argument is garbage", "a stupid comparison"."""
    if not w.SAID.isdisjoint(said[here + 1 : here + 3]):
        return True
    before = said[max(here - 5, 0) : here]
    return not (w.SAID.isdisjoint(before) or COPULAS.isdisjoint(before)) and SECOND.isdisjoint(before[1:])


def _thrown(said: Sequence[str], here: int) -> bool:
    """Return whether a name is thrown at the reader: the last word of a sentence, described by nothing before it."""
    if here + 1 < len(said) or said[here] not in w.NOUNS:
        return False
    while here and (said[here] in w.STRONG or (said[here] in FILLERS and said[here] not in w.ARTICLES)):
        here -= 1
    return said[here] not in w.ARTICLES


def mild_signs(second: bool, kind: bool, others: bool) -> tuple[float, ...]:
    """Return the signs of a comment that says nothing strong: "you", thanks, or other people."""
    found = {"second": float(second), "kind": float(kind), "others": float(others)}
    return tuple(found.get(name, 0.0) for name in NAMES)


def signs(heard: Heard, found: Cues) -> tuple[float, ...]:
    """Return the numbers of ``NAMES``. ``found``: the comment's cues, whatever stands in quotation marks among them."""
    telling = Telling(heard)
    sentences, quoted = telling.sentences, telling.quoted
    own = cues(sentences) if quoted else found
    strong, own_words = _Sentences(), list[Sequence[str]]()
    for said in sentences:
        strong.report = _FAR
        if not w.STRONG.isdisjoint(said):
            strong.take(said)
        own_words.append(_without_report(said, strong.report))
    every = set(heard.words)
    if strong.of_you and telling.takes_no_side(every):
        strong.own_up()
    attack = cues(own_words).attack if strong.reported else own.attack
    bare = own.bare > 0 and not strong.argument
    at_reader = strong.directed > 0 or strong.thrown > 0 or bare or attack >= 1.0
    told = quoted or strong.reported > 0 or strong.negated > 0 or strong.conditional > 0
    most = 1 if at_reader else 3  # no heap of laughter and thanks takes back what is thrown at the reader
    laughter = min(len(w.LAUGHTER & every) + len(w.AFFECTION & every) + _emoji(heard.text), most)
    warmth = min(_warm(heard.words) if at_reader else len((w.WARMTH | w.PLANS) & every), most)
    others = found.singular or found.plural
    return (
        float(own.second > 0),
        float(own.kind and not at_reader),
        min(strong.directed, 2),
        float(strong.thrown > 0),
        float(bare),
        attack,
        float((own.third or own.group or own.own) > 0 and not at_reader),
        float(own.heat > 0 and not at_reader),
        float(quoted),
        float(strong.reported > 0),
        float(strong.negated > 0),
        float(strong.conditional > 0),
        float(told and not at_reader),
        min(len(w.SUPPORT & every), 3),
        min(len(w.CONDEMN & every), 3),
        laughter,
        warmth,
        float(strong.argument > 0),
        float(bool(heard.words) and heard.words[0] in w.AGREEING),
        float(not w.OURS.isdisjoint(every) or not w.MYSELF.isdisjoint(every)),
        float(others and not at_reader),
        float(turns(heard.words)),
        float(at_reader and others),
        at_reader * laughter,
        at_reader * warmth,
        at_reader * min(len(w.CONTEMPT & every), 2),
    )


def _warm(words: Sequence[str]) -> int:
    """Return how often something kind is said, which takes two words: a heap of kind words says nothing."""
    pairs = list(pairwise(words))
    return sum(map(w.WARM.__contains__, pairs)) + sum(word in w.FOND and after in w.STRONG for word, after in pairs)


def _emoji(text: str) -> int:
    return 0 if text.isascii() and "<3" not in text and ")" not in text else sum(1 for sign in w.EMOJI if sign in text)
