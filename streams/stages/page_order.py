"""The last resorts: whose words are repeated, and who speaks near whom. A small mixture with hand-set, measured weights."""

from collections.abc import Iterable, Sequence
from typing import Final

from streams.records import LinkKind
from streams.stages.candidates import MIN_CONFIDENCE, Asked, Candidate, Config, Prior, likeliest
from streams.stages.conversation import Conversation, Entry, person_of

QUOTES_BACK: Final = 256
"""Comments searched for a quotation."""
MAX_NEEDLES: Final = 32
BESIDE: Final = 0.75
"""What is left of the weight of the speaker before, where both say "you" and not to each other."""
NEAR: Final = 8
"""Comments whose own links are looked at; those further back are only searched for repeated words."""


def quoted(conversation: Conversation, asked: Asked) -> tuple[Candidate, ...]:
    """Return whose words are quoted: the share of the quotation's hashes found in what they said."""
    spans = [*asked.heard.quoted, *(span for span in asked.heard.marked if len(span) > 1)]
    needles = [needle for span in spans for needle in conversation.keyed.needles(span)][:MAX_NEEDLES]
    if not needles:
        return ()
    found: dict[str, float] = {}
    for comment_id, entry in conversation.before(asked.n, QUOTES_BACK):
        said = sum(needle in entry.said for needle in needles)
        if said and said * 4 >= len(needles):
            person = person_of(comment_id, entry)
            found[person] = max(found.get(person, 0.0), said / len(needles))
    found.pop(asked.me, None)
    total = sum(found.values())
    return likeliest({person: 0.85 * share / max(total, 0.85) for person, share in found.items()}, LinkKind.QUOTE)


def page_order(config: Config, conversation: Conversation, asked: Asked) -> tuple[Candidate, ...]:
    """Return whom a comment without parent, mention, name or quotation may answer."""
    prior = config.priors.get(asked.comment.source, config.prior)
    mixture = _Mixture(prior, asked)
    earlier = conversation.before(asked.n, config.look_back)
    for distance, (comment_id, entry) in enumerate(earlier[:NEAR], 1):
        mixture.take(distance, person_of(comment_id, entry), entry)
    for comment_id, entry in _first_sayers(conversation.keyed.needles(asked.heard.said), earlier):
        mixture.add(person_of(comment_id, entry), prior.echo, LinkKind.QUOTE)
    if earlier:
        mixture.add(_starter(conversation), prior.starter, LinkKind.PAGE_ORDER)
    if asked.comment.conversation_author_id and asked.cues.second:
        mixture.add(asked.comment.conversation_author_id, prior.starter, LinkKind.CONVERSATION_AUTHOR)
    return mixture.candidates()


def _starter(conversation: Conversation) -> str:
    first = conversation.oldest()
    return person_of(first, conversation.entries[first]) if first is not None else ""


def _first_sayers(needles: Iterable[bytes], earlier: Sequence[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
    """Return who first said, of the comments looked back at, each pair of words said again now; at most two of one comment."""
    said = [entry.said for _, entry in earlier]
    joined = b"".join(said)
    found: dict[int, int] = {}
    for needle in needles:
        if needle in joined:
            first = next((place for place in range(len(said) - 1, -1, -1) if needle in said[place]), None)
            if first is not None:  # bytes of two neighbours can look like a hash of neither
                found[first] = found.get(first, 0) + 1
    return [earlier[place] for place, times in sorted(found.items()) for _ in range(min(times, 2))]


_NEARNESS: Final = (0.0, *(distance**-0.5 for distance in range(1, NEAR + 1)))
"""By distance, from 1."""


class _Mixture:
    """Weights of people while looking back, and what gave each the most."""

    def __init__(self, prior: Prior, asked: Asked) -> None:
        self.prior = prior
        self.me = asked.me
        self.spoken_to = asked.cues.second > 0 or asked.cues.attack >= 1.0 or asked.cues.bare > 0
        self.attacking = asked.cues.attack >= 1.0 or asked.cues.insulted > 0 or asked.cues.bare > 0
        self.kind = LinkKind.SECOND_PERSON if self.spoken_to else LinkKind.PAGE_ORDER
        self.weights: dict[str, float] = {}
        self.heaviest: dict[str, tuple[float, LinkKind]] = {}
        self.previous_found = False
        self.own_seen = False

    def add(self, person: str, weight: float, kind: LinkKind) -> None:
        if person == self.me or not person or weight <= 0:
            return
        if person not in self.weights:
            self.weights[person] = weight
            self.heaviest[person] = (weight, kind)
            return
        self.weights[person] += weight
        if weight > self.heaviest[person][0]:
            self.heaviest[person] = (weight, kind)

    def take(self, distance: int, person: str, entry: Entry) -> None:
        """Take a comment ``distance`` back into account."""
        if person == self.me:
            self._own(entry)
            return
        at_me = 0.0
        near = _NEARNESS[distance]
        attention, heat = self.prior.attention * near, self.prior.heat * near if self.attacking else 0.0
        for aim in entry.aims:
            if aim.target == self.me:
                at_me = aim.confidence
            elif aim.confidence or aim.hostility:
                self.add(aim.target, attention * aim.confidence + heat * aim.hostility, LinkKind.PAGE_ORDER)
        if not self.previous_found:
            self._previous(person, entry, at_me)
        else:
            self.add(person, self.prior.earlier / distance, LinkKind.PAGE_ORDER)
        if at_me and not self.own_seen:
            self.add(person, self.prior.answer_back * at_me * near, self.kind)

    def _own(self, entry: Entry) -> None:
        """Going on where one left off: whom the own last comment answered, as long as nobody spoke in between."""
        if not self.previous_found and not self.own_seen:
            for aim in entry.aims:
                self.add(aim.target, self.prior.sibling * aim.confidence, LinkKind.PAGE_ORDER)
        self.own_seen = True

    def _previous(self, person: str, entry: Entry, at_me: float) -> None:
        self.previous_found = True
        both = self.spoken_to and entry.second and not at_me
        share = self.prior.sibling_if_spoken_to if both else self.prior.sibling
        self.add(person, self.prior.previous * (BESIDE if both else 1.0), self.kind)
        for aim in entry.aims:
            self.add(aim.target, share * aim.confidence, self.kind)

    def candidates(self) -> tuple[Candidate, ...]:
        """Return the three heaviest people; what the others and "nobody" weigh is left over."""
        nobody = self.prior.nobody_if_spoken_to if self.spoken_to else self.prior.nobody
        sharp = self.prior.sharpen
        weights = {person: weight**sharp for person, weight in self.weights.items()}
        total = sum(weights.values()) + nobody**sharp
        shares = {person: weight / total for person, weight in weights.items()} if total else {}
        return likeliest(shares, {person: self.heaviest[person][1] for person, share in shares.items() if share >= MIN_CONFIDENCE})
