"""From a recording of a source that names parents: what page order should believe where there are none, and how good that is."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from streams.errors import UserError
from streams.records import Comment
from streams.replay.priors.fit import fitted, named_right
from streams.replay.priors.hidden import Hidden, Order, Shown, shown
from streams.replay.priors.played import Linked, Ready, linked, previous_other, ready
from streams.replay.priors.reliability import Reliability, reliability
from streams.scorers import Scorer
from streams.stages.candidates import Prior
from streams.stages.score import text_to_score

MIN_ANSWERS: Final = 50
"""Answers to other people that either half must have: with fewer, 80 % and 90 % cannot be told apart."""
TEACHES, DECIDES = 0, 1


class Measured(Struct, frozen=True):
    """On the half that was not learned from."""

    answers: int
    """To somebody else, whom the recording knows."""
    previous: float
    """The share for which the last other author before is right."""
    right: float
    """The share for which the surest candidate is right."""
    linked: int
    """Answers that have a candidate; the others are aimed at a group, at an outsider, or at nobody sure enough."""
    linked_previous: float
    linked_right: float
    reliability: Reliability
    """Of the surest candidates; where nobody was answered, none is right."""


class Learned(Struct, frozen=True):
    """What was fitted, and what it is worth."""

    prior: Prior
    taught_by: int
    """Answers in the half that was learned from."""
    before: Measured
    """With the weights as they are."""
    after: Measured


def learned(
    source: str,
    comments: Iterable[Comment],
    order: Order,
    scorer: Scorer,
    now: Prior,
    told: Callable[[int, int], None] = lambda _a, _b: None,
) -> Learned:
    """Return weights fitted on half of a source's conversations, measured on the other. Raises UserError where they cannot be."""
    given = shown(comments, order)
    if (why := unfit(given)) is not None:
        raise UserError(f"{source}: {why}")
    teaches, decides = (_heard(half, scorer) for half in given.halves)
    prior = fitted(teaches, told)
    before, after = (measured(given.halves[DECIDES], linked(decides, one)) for one in (now, prior))
    return Learned(prior, given.answers[TEACHES], before, after)


def unfit(given: Shown) -> str | None:
    """Return what a source lacks to be learned from; None: nothing."""
    if not given.comments:
        return "there is no comment to learn from"
    if not given.parents:
        return "no comment names its parent, so nobody knows whom they answer; fit a source that has parents"
    if given.authors < 2:
        who = "one author" if given.authors else "no known author"
        return f"its {given.comments} comments have {who}: there is nobody to tell apart; record more people"
    if min(given.answers) < MIN_ANSWERS:
        return (
            f"too few answers to other people: {given.answers[0]} and {given.answers[1]} in the two halves of its conversations, "
            f"at least {MIN_ANSWERS} are needed in each; record for longer"
        )
    return None


def _heard(half: Sequence[Sequence[Hidden]], scorer: Scorer) -> list[list[Ready]]:
    texts = [text_to_score(one.comment)[0] for talk in half for one in talk]
    scores = iter(scorer.score(texts) if texts else [])
    return ready((talk, [next(scores).toxicity for _ in talk]) for talk in half)


def measured(half: Sequence[Sequence[Hidden]], found: Iterable[Linked]) -> Measured:
    """Return how good links are, beside the rule of the last other author."""
    guesses = [guess for talk in half for guess in previous_other(talk)]
    both = [(one, guess == one.hidden.answers) for one, guess in zip(found, guesses, strict=True)]
    answers = [(one, plain) for one, plain in both if one.hidden.is_answer]
    some = [(one, plain) for one, plain in answers if one.candidates]
    return Measured(
        len(answers), _share(answers), named_right([one for one, _ in answers]),
        len(some), _share(some), named_right([one for one, _ in some]),
        reliability((one.best.confidence, one.is_right) for one, _ in both if one.best is not None and one.hidden.is_told),
    )  # fmt: skip


def _share(those: Sequence[tuple[Linked, bool]]) -> float:
    return sum(plain for _, plain in those) / len(those) if those else 0.0


def table(source: str, prior: Prior) -> str:
    """Return the settings to paste. A name that is no bare key of TOML stands in quotes."""
    lines = [f"{name} = {value:g}" for name, value in asdict(prior).items()]
    return "\n".join([f"[address.priors.{_key(source)}]", *lines, ""])


def _key(name: str) -> str:
    if name and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
        return name
    escaped = "".join(f"\\u{ord(sign):04x}" if ord(sign) < 32 or ord(sign) == 127 else sign for sign in name.replace("\\", "\\\\"))
    return '"' + escaped.replace('"', '\\"') + '"'
