"""How much a line looks like somebody's name, in log odds, from what names and sentences generally look like.

No list of names: a name is short, capitalised, does not end like a sentence, is not made of words that the page uses in running
text, and above all stands on the page again and again where names stand. Weights were set by hand on invented pages.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from streams.sources.page_region import Block

NEVER: Final = -50.0
LONGEST: Final = 90
"""Characters; a longer line is no name."""

_BY_WORDS: Final = (0.0, 0.5, 1.5, 1.2, 0.6, 0.0, -0.7)
_PER_FURTHER_WORD: Final = -0.8
_LONG_TITLE: Final = 0.4
_NAME_WORDS: Final = 6
_ENDS_SENTENCE: Final = tuple(".?!…:;,。！？؟،।")
_INNER: Final = re.compile(r"[^\W\d_]{3,}[.?!;:…] |, |[。！？؟،।、，]|[\"“”«»]|\.{3}|…")
_ABBREVIATION: Final = re.compile(r"(?:[A-Z]|Jr|Sr|Dr|Mr|Mrs|Ms|St|Esq|Phd|PhD|Prof|Rev|Inc|Co)\.")
_EMOTICON: Final = re.compile(r"(?:^|\s)[:;=8xX][-o']?[)(DPpdOo/|*]+(?:\s|$)")
_BRACKETED_END: Final = re.compile(r" \([^()]{1,60}\)$")
"""``Ann (the other one)``: what people add to a name is no sentence."""
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_ADDRESS: Final = re.compile(r"www\.|\S@\S+\.\S", re.IGNORECASE)
_PARTICLES: Final = frozenset("de da do dos du van von der den ter la le el al bin ibn abu of the and und y e di del zu".split())
_FUNCTION_WORDS: Final = frozenset(
    (
        "a am an are as at be been but by can cant could did didnt do does doesnt dont for from get go had has hasnt have he her "
        "him his how i if im in is isnt it its just like me more my never no not nothing now oh on or our out she should so some "
        "such that thats their them then there they this till to too up us was wasnt we were what when where which who why will "
        "with wont would yes yet you your youre"
    ).split()
)
_INTERJECTIONS: Final = frozenset(
    (
        "agreed ah amen bingo boo bravo brilliant congratulations cool correct exactly false good great ha haha hahaha hehe hello "
        "hey hi hmm indeed lmao lol maybe nah never nice no nonsense nope oh ok okay ouch perfect please really right rofl "
        "rubbish same seriously shame sorry sure thanks this totally true what why wow wrong wtf yawn yeah yep yes yup"
    ).split()
)
_SENTENCE_WORDS: Final = 2
"""Function words that a line of lower-case words has at least if it is a sentence."""
_RUNNING_WORDS: Final = 8
"""A block of at least so many words is running text; its lower-case words are vocabulary."""
_FUNCTION: Final = 1.0
_PLAIN: Final = 0.8
_SENTENCE: Final = 1.2
_ROUNDS: Final = 2
"""Whether a line recurs behind names depends on what the lines before it are; the second round knows more."""
_SIGNS: Final = frozenset("-–—―~>*•#+/|\\=^&%<")
"""What stands before signatures, quotations and items, and before no name."""
_ODD: Final = -6.0
"""An address, or nothing but signs: a name only where it comes back as names do."""
_SIGN_FIRST: Final = -4.0
_NAME_LIKE: Final = 0.5
_NO_NAME: Final = -6.0
_MAY_BE_NAME: Final = -0.5
_SIGNED_WITHIN: Final = 4
_MOST_BONUS: Final = 9.0


class Names:
    """What the whole page says about which lines are names."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._vocabulary = _vocabulary(blocks)
        self.scores = [self._alone(block.text) for block in blocks]
        """Log odds per block that it is a name line: above 0, rather a name."""
        alone = list(self.scores)
        for _ in range(_ROUNDS):
            recurs = _recurrence(blocks, self.scores)
            said = {text: bonus * _share(text) for text, bonus in recurs.items()}
            self.scores = [own + said.get(block.text, 0.0) for own, block in zip(alone, blocks, strict=True)]
        self.scores = [score + near for score, near in zip(self.scores, _nearby(blocks, self.scores), strict=True)]

    def _alone(self, text: str) -> float:
        """Return what the line itself says, wherever it stands."""
        if "\n" in text or len(text) > LONGEST or "://" in text:
            return NEVER
        if _ADDRESS.search(text) or not any(map(str.isalnum, text)):
            return _ODD
        words = _WORD.findall(_BRACKETED_END.sub("", text)) or _WORD.findall(text)
        return (_SIGN_FIRST if text[0] in _SIGNS else 0.0) + _shape(text, words) + self._wording(words) + _ending(text)

    def _wording(self, words: Sequence[str]) -> float:
        """Words that this page, or any, uses in running text make a sentence."""
        plain = 0.0
        for at, word in enumerate(words):
            folded = word.casefold().replace("'", "").replace("’", "")
            if len(words) == 1 and folded in _INTERJECTIONS:
                plain += 3.0
            elif folded in _PARTICLES and at:
                continue
            elif folded in _FUNCTION_WORDS:
                plain += _FUNCTION
            elif folded in self._vocabulary:
                plain += _PLAIN
            elif folded in _INTERJECTIONS:
                plain += 0.5
        return -min(plain, _SENTENCE)


def _vocabulary(blocks: Sequence[Block]) -> frozenset[str]:
    """Return the words that stand in lower case in the page's running text."""
    texts = (_WORD.findall(block.text) for block in blocks)
    return frozenset(word for words in texts if len(words) >= _RUNNING_WORDS for word in words if word[0].islower())


def _recurrence(blocks: Sequence[Block], scores: Sequence[float]) -> dict[str, float]:
    """Return, per line that recurs, what its occurrences say together.

    A name stands after one empty line (unless the comment before is empty), before one (unless its own is), and behind a text. A
    remark that many people make (``Exactly``) stands behind their names instead.
    """
    votes: Counter[str] = Counter()
    times = Counter(block.text for block in blocks if len(block.text) <= LONGEST)
    for at, block in enumerate(blocks):
        if times[block.text] > 1:
            votes[block.text] += _vote(blocks, scores, at)
    return {text: _bonus(votes[text] / 2) for text, count in times.items() if count > 1}


def _vote(blocks: Sequence[Block], scores: Sequence[float], at: int) -> int:
    """Return 2 where this occurrence stands as a name does, less where it may, below 0 where it stands as a text does."""
    gap, after = blocks[at].gap if at else 1, blocks[at + 1].gap if at + 1 < len(blocks) else 2
    behind_name = at > 0 and scores[at - 1] > _NAME_LIKE
    if gap == 1 and behind_name and scores[at - 1] > scores[at]:
        return -2
    if gap == 1:
        return 2 if after == 1 else 1
    return 0 if behind_name and after == 1 else -1


def _nearby(blocks: Sequence[Block], scores: Sequence[float]) -> Iterator[float]:
    """Yield what each line's neighbours say: below a colon nobody begins, and a signature below somebody's own text is no name."""
    seen: dict[str, int] = {}
    for at, block in enumerate(blocks):
        opened = at > 0 and block.gap == 1 and blocks[at - 1].text.endswith((":", ","))
        signed = scores[at] > _NAME_LIKE and _is_signature(blocks, scores, seen.get(block.text, -1), at)
        seen[block.text] = at
        yield (-1.5 if opened else 0.0) - (scores[at] + 3.0 if signed else 0.0)


def _is_signature(blocks: Sequence[Block], scores: Sequence[float], named_at: int, at: int) -> bool:
    """Say whether a line repeats the name above its text, and another name with a text follows; who answers himself says something."""
    if named_at < 0 or not 2 <= at - named_at <= _SIGNED_WITHIN or at + 1 >= len(blocks):
        return False
    if any(block.gap != 1 for block in blocks[named_at + 1 : at + 1]) or max(scores[named_at + 1 : at]) > _NAME_LIKE:
        return False
    if blocks[at + 1].gap == 2:
        return scores[at + 1] < _NO_NAME
    return at + 2 < len(blocks) and blocks[at + 2].gap == 1 and scores[at + 1] > _MAY_BE_NAME and scores[at + 2] < _NAME_LIKE


def _bonus(times: float) -> float:
    return min(_MOST_BONUS, 1.0 + 1.5 * (times - 1)) if times >= 1 else max(-_MOST_BONUS / 2, times)


def _share(text: str) -> float:
    """A line that ends or reads like a remark needs more occurrences to be taken for a name; no number of them makes a sentence one."""
    words = _WORD.findall(text)
    if _is_lower_sentence(words):
        return 0.0
    remark = ends_like_a_sentence(text) or _INNER.search(text) or (len(words) == 1 and words[0].casefold() in _INTERJECTIONS)
    sentence = len(words) > _NAME_WORDS and not _is_title(words, text)
    return 0.6 if remark or sentence else 1.0


def _is_lower_sentence(words: Sequence[str]) -> bool:
    """Say whether this is a whole sentence without any capital: "they should have asked the school first"."""
    if len(words) <= _NAME_WORDS or not all(map(str.islower, words)):
        return False
    return sum(word.replace("'", "").replace("’", "") in _FUNCTION_WORDS for word in words) >= _SENTENCE_WORDS


def ends_like_a_sentence(text: str) -> bool:
    """Say whether a line ends as sentences end; an initial or a title (``Jr.``) is no such end."""
    if not text.endswith(_ENDS_SENTENCE):
        return False
    return _ABBREVIATION.fullmatch(text.rsplit(maxsplit=1)[-1]) is None


def _ending(text: str) -> float:
    inner = len(_INNER.findall(_without_abbreviations(text)))
    return (-4.0 if ends_like_a_sentence(text) else 0.0) - min(2.0 * inner, 4.0) - (2.0 if _EMOTICON.search(text) else 0.0)


def _without_abbreviations(text: str) -> str:
    return " ".join(word for word in text.split() if not _ABBREVIATION.fullmatch(word))


def _shape(text: str, words: Sequence[str]) -> float:
    """Return what length and capitals say."""
    count = max(len(text.split()), 1)
    length = _BY_WORDS[count] if count < len(_BY_WORDS) else _BY_WORDS[-1] + _PER_FURTHER_WORD * (count - len(_BY_WORDS) + 1)
    length -= max(0, len(text) - 30) / 15
    if length < 0 and _is_title(words, text):
        # People do give themselves long names; hardly anybody writes a paragraph with a capital on every word.
        length *= _LONG_TITLE
    if count == 1 and any(map(str.isdigit, text)) and words:
        return length + 1.0
    return length + _capitals(words, text)


def _is_title(words: Sequence[str], text: str) -> bool:
    cased = [word for word in words if word not in _PARTICLES]
    return len(cased) > 1 and all(word[0].isupper() for word in cased) and not text.isupper()


def _capitals(words: Sequence[str], text: str) -> float:
    cased = [word for at, word in enumerate(words) if word[0] != word[0].swapcase() and (at == 0 or word not in _PARTICLES)]
    if not cased:
        if not words and sum(map(str.isdigit, text)) >= 4:
            return -1.0
        # A script without capitals: only length can tell, and its words have no spaces between them.
        return 0.5 if words and len(text) <= 8 else 0.0 if words and len(text) <= 20 else -2.0
    raised = [word for word in cased if word[0].isupper()]
    if len(raised) == len(cased):
        return 0.8 if len(cased) == 1 else 0.5 if text.isupper() and len(text) > 8 else 1.8
    if not raised:
        return -0.3 if len(cased) == 1 else -0.8
    return -1.0 if len(raised) == 1 and cased[0][0].isupper() else 0.0
