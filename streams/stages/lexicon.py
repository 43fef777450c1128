"""Words that say whom a comment is aimed at and how hard: general English, no names, no groups.

Weights are in logits and set by hand (docs/addressing.md says how they were checked): a phrase of weight 2 turns odds of
one in seven into even odds. Articles and adverbs of degree are dropped before phrases are looked up (``FILLERS``).
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

STOPWORDS: Final = frozenset(
    "a about after again all also am an and any are as at be been before being but by can cant could did do does doesnt dont down "
    "for from get go going got had has hasnt have havent he her here him his how i if im in into is isnt it its just like me more "
    "most much my no not now of off on one only or other our out over own please really s same she should so some still such t "
    "than that thats the their them then there these they this those through to too under until up us very was wasnt way we well "
    "were what when where which while who why will with wont would yes you your youre yours".split()
)
"""Words that say nothing alone: they make no fingerprint and name nobody."""

SECOND: Final = frozenset("you your yours yourself yourselves youre youve youll youd u ur ya thee thou".split())
SINGULAR: Final = frozenset("he she him her his hers hes shes himself herself".split())
PLURAL: Final = frozenset("they them their theyre theyve these those themselves everyone everybody people folks guys".split())
OWN: Final = frozenset("i im me my myself".split())
POINTING: Final = frozenset("this that the".split())
PERSONS: Final = frozenset("man guy woman person one girl boy dude bloke kid author writer fellow lady poster commenter".split())

FILLERS: Final = frozenset(
    "really just also still so completely totally clearly actually simply very quite always a an the such all fully utterly absolutely "
    "seriously now truly only pretty rather again probably honestly literally fucking fuckin damn bloody freaking goddamn".split()
)
SPELLINGS: Final = {
    "youre": ("you", "are"), "youve": ("you", "have"), "u": ("you",), "ur": ("your",), "r": ("are",), "yourself": ("yourself",),
    "ya": ("you",), "youd": ("you", "would"), "youll": ("you", "will"), "whats": ("what", "is"), "wtf": ("what", "hell"),
}  # fmt: skip
NEGATED: Final = {
    "do": "dont", "does": "doesnt", "did": "didnt", "have": "havent", "has": "hasnt", "are": "arent", "is": "isnt", "was": "wasnt",
    "were": "werent", "can": "cant", "could": "couldnt", "should": "shouldnt", "would": "wouldnt",
}  # fmt: skip

INSULTING_NOUNS: Final = frozenset(
    "idiot idiots moron morons imbecile fool fools dumbass dummy dunce halfwit dimwit nitwit twit twat prat git muppet liar liars coward "
    "cowards clown clowns troll trolls shill shills scum scumbag vermin ignoramus loser losers disgrace retard bastard bastards asshole "
    "arsehole jerk jackass douche douchebag hypocrite hypocrites traitor traitors parasite parasites creep pervert thug thugs nutcase "
    "nutjob lunatic psycho bigot bigots racist fascist nazi bitch whore slut cunt prick dickhead wanker tosser sheeple snowflake crybaby "
    "weasel pedophile pedophiles savages barbarians fraud crook crooks charlatan pseudo buffoon cretin degenerate degenerates".split()
)
_PLURALS: Final = frozenset(
    noun for noun in INSULTING_NOUNS if noun in {"savages", "barbarians"} or noun.removesuffix("s") in INSULTING_NOUNS - {noun}
)
INSULTING_SINGULARS: Final = INSULTING_NOUNS - _PLURALS
INSULTING_PLURALS: Final = _PLURALS | {noun + ("es" if noun.endswith(("s", "ch")) else "s") for noun in INSULTING_SINGULARS}
"""Of several people: nobody calls one person "idiots"."""
INSULTING_ADJECTIVES: Final = frozenset(
    "idiotic moronic foolish stupid dumb dumber cowardly pathetic ignorant trash garbage disgusting disgraceful retarded brainless "
    "braindead brainwashed delusional worthless filth filthy subhuman gullible clueless spineless gutless repulsive vile vilest".split()
)
INSULTS: Final = INSULTING_SINGULARS | INSULTING_PLURALS | INSULTING_ADJECTIVES
COPULAS: Final = frozenset("is are was were isnt arent wasnt werent".split())
DEGREES: Final = frozenset(
    "a an all nothing but complete total absolute utter real big huge bunch of most more too mostly often not".split()
)
"""With ``FILLERS``, what may stand between "are" and an insult."""
SAID_THINGS: Final = frozenset(
    "this that it what which here there comment comments post posts opinion opinions view views argument arguments logic reasoning point "
    "points take takes idea ideas claim claims answer answers reply replies attitude thinking question questions".split()
)
"""What somebody said: who calls that an insult means who said it."""
QUESTIONS: Final = frozenset("why how when where what and but so".split())
HEAT: Final = frozenset(
    "fuck fucks fucked fucker fuckers motherfucker shit shits sh1t shitty bullshit bs crap hell damn piss pissed ass arse balls tits suck "
    "sucks die kill hate despise rat rats pig pigs swine sheep snake snakes cockroach cockroaches animals monster monsters evil".split()
)
"""Strong words that insult nobody by themselves: they say which sentence the heat is in."""

FRIENDLY: Final = frozenset("thanks thank thx cheers agree agreed bravo congratulations congrats welcome appreciate".split())

GENERIC_YOU: Final = frozenset(
    {("as", "you"), ("if", "you"), ("you", "know"), ("you", "can"), ("you", "cant"), ("thank", "you"), ("you", "see"),
     ("you", "have", "to"),
     ("you", "get", "what"), ("you", "need"), ("you", "never", "know"), ("you", "might"), ("you", "could"), ("when", "you")}
)  # fmt: skip
"""Where "you" is anybody …"""
ASKING: Final = frozenset("do did dont didnt can cant could have havent are arent will would should why how what".split())
"""… unless one of these stands before it."""

_STATES: Final = (
    "insane crazy mad nuts delusional deluded dreaming high drunk blind clueless ignorant lost confused deaf sick trolling naive lying "
    "hopeless ridiculous embarrassing pathetic paranoid brainwashed hallucinating senile obsessed fake"
).split()
_PHRASES: Final = {
    "do you even": 1.6, "did you even": 1.5, "can you even": 1.2, "have you even": 1.3, "do you ever": 0.9, "have you ever": 0.4,
    "you dont know": 1.2, "you know nothing": 2.0, "you dont understand": 1.1, "you dont get": 0.7, "you understand nothing": 1.8,
    "you have no idea": 1.8, "you have no clue": 1.8, "you have not clue": 1.8, "you havent clue": 1.8, "you havent": 0.6,
    "you misunderstood": 1.3, "you have misunderstood": 1.5, "you missed point": 0.8, "you have it backwards": 0.8,
    "what you are talking about": 1.0, "what are you talking about": 1.3, "what are you on about": 1.3, "what are you smoking": 1.8,
    "are you serious": 0.8, "are you kidding": 0.8, "are you joking": 0.8, "are you blind": 1.5, "are you ok": 0.4,
    "you are wrong": 1.2, "you are mistaken": 0.5, "you are joke": 1.8, "you are part of problem": 1.0, "you are full of": 1.5,
    "you are embarrassing yourself": 1.8, "embarrassing yourself": 1.6, "making fool of yourself": 1.8, "you are nobody": 1.8,
    "obviously you": 1.0, "from what you saying": 0.6, "you are not very bright": 2.0, "you are not smart": 1.6, "not that bright": 0.8,
    "shame on you": 2.0, "you should be ashamed": 2.0, "ashamed of yourself": 2.0, "you should know better": 0.7,
    "shut up": 2.0, "shut your": 2.0, "grow up": 1.5, "wake up": 0.7, "get life": 1.5, "get grip": 1.2, "get clue": 1.5, "get real": 0.8,
    "get lost": 1.8, "get out": 0.4, "go away": 1.3, "go to hell": 2.2, "go back to": 1.2, "go back where": 1.8, "go home": 0.6,
    "learn to read": 1.5, "learn to": 0.4, "cant you read": 1.5, "can you read": 1.3, "can you not read": 1.5, "try reading": 0.9,
    "educate yourself": 1.5, "inform yourself": 1.2, "do your homework": 1.2, "do your research": 1.0, "use your brain": 1.5,
    "your brain": 0.8, "your ignorance": 1.8, "your stupidity": 2.0, "your nonsense": 1.5, "your bullshit": 1.8, "your lies": 1.6,
    "your propaganda": 1.2, "your drivel": 1.6, "your delusions": 1.6, "your hypocrisy": 1.4, "your kind": 0.9, "your ilk": 1.2,
    "you lie": 1.2, "you lied": 1.2, "stop lying": 1.6, "stop talking": 0.9, "stop whining": 1.5, "stop crying": 1.3, "stop posting": 1.2,
    "nobody cares": 1.2, "no one cares": 1.2, "nobody asked": 1.3, "who asked you": 1.5, "who do you think you are": 1.5,
    "keep dreaming": 1.6, "continue dreaming": 1.6, "dream on": 1.5, "nice try": 0.7, "what planet": 1.2, "spare us": 1.0,
    "you catch up": 0.8, "watch some more": 0.5, "read some more": 0.5, "you must be": 0.5, "you sound like": 0.6, "you look like": 0.7,
    "you people": 0.7, "people like you": 1.4, "you disgust": 2.0, "you make me sick": 2.0, "hate you": 1.9, "you suck": 2.0,
    "you deserve": 0.8, "havent you": 0.6, "havent you been": 0.4, "dont you know": 0.7, "what is wrong with you": 1.8,
    "wrong with you": 1.4, "mind your own": 1.0, "kill yourself": 3.0, "kys": 3.0, "drop dead": 2.5, "screw you": 2.0, "fuck you": 2.6,
    "fuck off": 2.4, "piss off": 2.2, "bugger off": 1.8, "sod off": 1.8, "up yours": 2.0, "says guy": 0.9, "says man": 0.9,
    "typical of you": 1.0, "as usual you": 0.9, "you never learn": 1.4, "you are no": 0.5, "you call yourself": 1.2,
    "i will kill you": 2.2, "ill kill you": 2.0, "i am going to kill you": 2.2, "im going to kill you": 2.2, "im gonna kill you": 2.0,
    "i will hurt you": 2.0, "im going to hurt you": 2.0, "i want to hurt you": 2.0, "i hope you die": 2.5, "despise you": 1.9,
    "detest you": 1.9, "cant stand you": 1.4, "burn in hell": 1.8, "rot in hell": 2.0,
    "delete your account": 1.8, "give it rest": 0.9, "save it": 0.4, "cry more": 1.6, "cope": 0.5, "touch grass": 1.2,
}  # fmt: skip
_OPENERS: Final = {
    "wrong": 1.0,
    "nonsense": 1.0,
    "rubbish": 1.0,
    "bullshit": 1.2,
    "bollocks": 1.2,
    "lies": 0.8,
    "garbage": 1.0,
    "false": 0.4,
}
"""Dismissals when they are a comment's very first word."""


class Phrases(Struct, frozen=True, gc=False):
    """What may follow the words so far: a tree of words."""

    weight: float = 0.0
    """Of the phrase that ends here; 0 where none does."""
    then: dict[str, "Phrases"] = {}


def _weighed() -> dict[str, float]:
    phrases = dict(_PHRASES)
    for state in _STATES:
        phrases[f"you are {state}"] = max(phrases.get(f"you are {state}", 0.0), 1.8)
        phrases[f"are you {state}"] = max(phrases.get(f"are you {state}", 0.0), 1.7)
    return phrases


def _tree(phrases: Mapping[tuple[str, ...], float]) -> Phrases:
    rests: dict[str, dict[tuple[str, ...], float]] = {}
    for words, weight in phrases.items():
        if words:
            rests.setdefault(words[0], {})[words[1:]] = weight
    return Phrases(phrases.get((), 0.0), {first: _tree(rest) for first, rest in rests.items()})


ATTACKS: Final = _tree({tuple(phrase.split()): weight for phrase, weight in _weighed().items()})
OPENERS: Final = _OPENERS
ATTACK_STARTS: Final = frozenset({*ATTACKS.then, *SPELLINGS, *OPENERS})
"""A sentence without any of these holds no attacking phrase."""
TELLING: Final = SECOND | ATTACK_STARTS | SINGULAR | PLURAL | FRIENDLY | INSULTS | HEAT
"""A sentence without any of these says nothing about whom it is aimed at."""
GENERIC: Final = _tree(dict.fromkeys(GENERIC_YOU, 1.0))
