"""Invented pages without parents on which several people turn on one: twins of the page that the issue names, in other words.

Each says who that is, which lines are hostile to them, which are aimed at a group or at somebody who is not there, and what its
author takes back. Texts are of one piece: the page reader has pages of its own (``pages.py``).
"""

from typing import Final, NamedTuple

Line = tuple[str | None, str]


class Dispute(NamedTuple):
    """A page, and what a reader sees on it."""

    lines: tuple[Line, ...]
    most: str
    """Whom most people turn on."""
    hostile: tuple[str, ...]
    """How the lines begin that are hostile to that person."""
    elsewhere: tuple[str, ...]
    """How the lines begin that are aimed at a group, or at somebody who is not there."""
    disputed: str
    """How the insult of a third person begins; whom it means can only be guessed."""
    answered: str
    """Whom that line merely answers."""
    back: str
    """How the line begins that its author takes back later."""
    not_meant: str
    """Whom it was not for, as its author says."""
    is_clear: bool = True
    """Whether order and repeated words tell enough. False: only who reads what they say would know whom half of the hostile lines mean."""


CIVIL: Final = "I see that differently."
"""What a hostile line is made."""
SEED: Final = Dispute(
    lines=(),  # they stand in ``seed_page``, and nowhere in the repository
    most="Brian Dippenaar",
    hostile=("I am sure you was", "What ?. Do you even", "No he hasn’t.", "Wrong ! low", "Wow! You have"),
    elsewhere=("Put that in your", "they are just bunch", "Then they are", "Good plan! Bring", "China actually has"),
    disputed="No he hasn’t. This pseudo",
    answered="You can call me Al",
    back="No, he’s",
    not_meant="K Pomeroy",
)


ROUNDABOUT: Final = Dispute(
    lines=(
        (None, "About time they did something with that junction."),
        ("Mara Holt", "Twenty years of asking, and now it happens in one summer."),
        (None, "who pays for it though"),
        (
            "Kim Doyle",
            "The county does. I doubt that they will build anything clever for that money, and I know I am alone with that here.",
        ),
        ("Rita Moss", "Are you serious? Have you read the plan at all?"),
        ("Dan Okafor", "No, she's clueless. Whatever that fool writes is nonsense from start to end."),
        ("Kim Doyle", "Is it nonsense to say that the plan has no cycle lane?"),
        ("Dan Okafor", "I wasn't talking to you. I meant somebody else."),
        ("Kim Doyle", "Then it reads oddly, but fine."),
        ("Owen Tarrant", "Nice, but the traffic there is solved since the bypass opened."),
        ("Lena Fischer", "solved? since when?"),
        ("Owen Tarrant", "Since spring. Mornings are quiet now and the school run takes five minutes. Haven't you driven there lately?"),
        ("Lena Fischer", "I drive there every day. Obviously you do not, so get out of bed at seven some time and learn to read a queue."),
        ("Gus Heath", "The counts are on the county's site: 900 cars an hour at eight, down from 1,100 before the bypass opened."),
        ("Piet Vandal", "nobody knows how they counted those, to be fair."),
        ("Rita Moss", "What? Do you even know what you are talking about?"),
        (
            "Dan Okafor",
            "No he doesn't. This self-appointed expert moved to the coast years ago. I muted the idiot. Don't bother answering him.",
        ),
        (None, "Wrong. Quiet mornings? You are dreaming. The school run takes five minutes? Keep dreaming."),
        ("Tess Marlow", "Wow, you have completely misunderstood how that bridge works."),
        (None, "there is a queue there right now, so how is the traffic there solved??"),
        ("Ben Ash", "The county and the toll company paid half each, if I remember it right."),
        ("Rita Moss", "I know that, you know that, but he doesn't."),
        (None, "they are just a bunch of clowns up there in the county hall."),
        ("Ada Finch", "The mayor is an idiot if he thinks that this wins the vote."),
        ("Gus Heath", "It will be finished by October, they say."),
    ),
    most="Owen Tarrant",
    hostile=("I drive there every", "What? Do you even", "No he doesn't.", "Wrong. Quiet", "Wow, you have"),
    elsewhere=("they are just a bunch", "The mayor is an idiot"),
    disputed="No he doesn't.",
    answered="Rita Moss",
    back="No, she's clueless.",
    not_meant="Kim Doyle",
)

FERRY: Final = Dispute(
    lines=(
        ("Nils Aune", "Ninety years and now a bridge. I will miss the boat."),
        (None, "me too"),
        ("Ida Brandt", "A bridge is open at night, that is what counts for the hospital."),
        ("Joss Wick", "The ferry never sank a single time, unlike half of this council."),
        (None, "The whole council are crooks and liars, every one of them."),
        ("Sela Morrow", "Sad day. But the boat was half empty in winter anyway, so nobody really needs it."),
        ("Ida Brandt", "Half empty is not nobody."),
        (
            "Sela Morrow",
            "Fewer than forty people on a January morning. I looked it up. Half empty in winter, every winter. Didn't you see the figures?",
        ),
        ("Joss Wick", "You looked it up and understood nothing. You clearly never stood on that pier in the cold with your kids."),
        ("Marit Sol", "Forty on the first boat, and another sixty on the second; it is in the annual report."),
        ("Nils Aune", "The second boat only ran until 2019, I think."),
        ("Abel Crane", "Are you blind? People rely on this, what is wrong with you?"),
        (
            "Tomke Raa",
            "Of course she is. That pathetic woman lives two hours inland and has never set foot here. She is a troll, leave her be.",
        ),
        (None, "Nonsense! half empty in winter? you have no idea. nobody needs it? You know nothing about this place."),
        ("Viggo Lund", "You should be ashamed, writing that about a whole island."),
        (None, "my mother took the January boat for thirty years, nobody needs it indeed"),
        ("Abel Crane", "What did the island ever do to the mainland?"),
        ("Marit Sol", "Let us stay with the timetable, please."),
        ("Nils Aune", "Agreed. The last crossing is on the ninth."),
        ("Tomke Raa", "Ha, as if he ever crossed himself. What an ignorant clown he is."),
        ("Nils Aune", "I crossed twice a day for eleven years."),
        ("Tomke Raa", "I was not referring to you, I was speaking of the minister."),
        (None, "The minister is a coward and always was."),
        ("Ida Brandt", "See you all on the pier then."),
    ),
    most="Sela Morrow",
    hostile=("You looked it up", "Are you blind?", "Of course she is.", "Nonsense! half", "You should be ashamed"),
    elsewhere=("The whole council are", "The minister is a coward"),
    disputed="Of course she is.",
    answered="Abel Crane",
    back="Ha, as if he ever",
    not_meant="Nils Aune",
    is_clear=False,
)

CHESS: Final = Dispute(
    lines=(
        (None, "what a final!"),
        ("Ruben Sato", "Game six was the best I have seen in years."),
        ("Uma Keller", "The endgame, yes. The opening was dull."),
        ("Ruben Sato", "Dull is a matter of taste."),
        ("Cleo Marsh", "All these engines have ruined the game, players are just lazy parrots now."),
        ("Hank Bellamy", "Let us be honest, she only won because he was ill. A healthy champion wins game six in thirty moves."),
        ("Uma Keller", "ill? says who?"),
        (
            "Hank Bellamy",
            "He said it himself at the press conference: fever since Tuesday. A healthy champion wins, simple as that. Did you not watch?",
        ),
        ("Uma Keller", "I watched all of it, and you are full of it. From what you are saying you never got past move ten. Grow up."),
        ("Per Lindqvist", "He said that he had a cold before game two, and was fine after the rest day. It is on video."),
        ("Ruben Sato", "The rest day was before game four, for what it is worth."),
        ("Noor Idris", "Excuse me? What are you even talking about, have you ever played?"),
        ("Lex Varga", "He has not. The man is a complete fraud who bought his rating. I blocked that moron last year, do the same."),
        (None, "Rubbish. Only won because he was ill? You are embarrassing yourself. thirty moves? dream on."),
        ("Oda Fell", "You have no clue, and it shows in every line."),
        ("Per Lindqvist", "The engine had it as equal until move 41."),
        (None, "so a healthy champion wins, but only if he is asked before the game, i see"),
        ("Noor Idris", "Who trained her, does anybody know?"),
        ("Cleo Marsh", "Her mother did, until she was twelve."),
        ("Noor Idris", "You knew that and I knew that, he never will."),
        (None, "Federation officials are a disgrace, parasites the lot of them."),
        ("Per Lindqvist", "I liked game two most, for the rook lift."),
        ("Lex Varga", "Only a halfwit would like that one. He must be deaf and blind."),
        ("Per Lindqvist", "I simply like rook lifts."),
        ("Lex Varga", "I did not mean you, I was talking about Bellamy."),
        ("Ruben Sato", "See you at the next one."),
    ),
    most="Hank Bellamy",
    hostile=("I watched all of it", "Excuse me? What are", "He has not.", "Rubbish. Only won", "You have no clue"),
    elsewhere=("All these engines", "Federation officials"),
    disputed="He has not.",
    answered="Noor Idris",
    back="Only a halfwit",
    not_meant="Per Lindqvist",
)

DISPUTES: Final = {"roundabout": ROUNDABOUT, "ferry": FERRY, "chess": CHESS}
