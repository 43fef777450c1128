"""What invented people say: patterns with slots. No sentence of anybody; insults that a newspaper would print."""

import re
from random import Random
from typing import Final

_SENTENCE_START: Final = re.compile(r"(?:^|[.!?] )[a-z]")

_SLOTS: Final = {
    "sport": {
        "thing": ("the second goal", "that penalty", "the new keeper", "the away kit", "the back four", "Sunday's derby", "the under-21s",
                  "that substitution", "the relay team", "the final lap", "the coach's plan", "the transfer window"),
        "act": ("watched it twice", "was there with my dad", "saw it on a tiny screen", "missed the first half", "listened on the radio",
                "was stuck in traffic for it", "taped it for later", "followed it from the train"),
    },
    "politics": {
        "thing": ("the bus lane vote", "the new budget", "the library plan", "the rent cap", "last night's hearing", "the ferry subsidy",
                  "the school merger", "the mayor's letter", "the zoning map", "the recount", "the parking fee", "the tram extension"),
        "act": ("read the whole draft", "sat through the meeting", "asked my councillor", "looked up the numbers", "voted the other way",
                "signed the petition", "followed it for years", "heard both sides"),
    },
    "cooking": {
        "thing": ("this lentil soup", "the rye loaf", "that plum cake", "the pickled radish", "the slow oven trick", "the sourdough start",
                  "the walnut sauce", "the pan you used", "the lemon glaze", "this dumpling fold", "the bean stew", "the apple butter"),
        "act": ("made it on Friday", "burnt the first batch", "tried it with oat milk", "halved the sugar", "served it to my in-laws",
                "froze half of it", "used my grandmother's pot", "left it in overnight"),
    },
    "gardening": {
        "thing": ("the late tomatoes", "this compost mix", "the climbing rose", "the slug fence", "the dwarf pear", "your raised bed",
                  "the autumn pruning", "the rain barrel", "that clematis", "the bee hotel", "the bulb order", "the cold frame"),
        "act": ("planted mine in May", "lost two to the frost", "mulch with straw", "water only at dusk", "started from seed",
                "moved it to the south wall", "gave up on peat", "leave the leaves lying"),
    },
}  # fmt: skip

_SHARED: Final = {
    "time": ("last week", "this morning", "in the end", "two years ago", "on Saturday", "before the rain", "for once", "again"),
    "view": ("worth a second look", "better than I expected", "not what I remember", "a fair point", "harder than it looks",
             "the best part of the week", "a bit much for me", "a small wonder", "something to talk about", "more luck than skill"),
    "close": ("What do others think?", "Happy to be corrected.", "Just my two cents.", "Greetings from the coast.", "Anyway, back to work.",
              "Thanks for reading.", "Does anybody have a link?", "I will try it again.", "Time will tell.", ""),
    "warm": ("Lovely", "Wonderful", "Beautiful", "Great", "Brilliant", "Delightful", "Splendid", "So good"),
    "thanks": ("thank you for sharing", "you made my evening", "this helped me a lot", "I learned something", "please post more of these",
               "my kids loved it", "saving this for later", "you explain it so well", "that is just what I needed"),
    "start": ("Seriously,", "Wow,", "Oh please,", "Honestly,", "Good grief,", "For heaven's sake,", "Listen,", "Again:", "Look,",
              "Sorry but"),
    "how": ("complete", "total", "pathetic", "sad little", "clueless", "miserable", "ignorant", "stupid", "spineless", "lying"),
    "insult": ("idiot", "moron", "clown", "fool", "liar", "fraud", "loser", "coward", "imbecile", "hypocrite", "halfwit", "dimwit"),
    "deed": ("have no idea what you are talking about", "make everybody here dumber", "should be ashamed of yourself",
             "never had an honest thought in your life", "embarrass yourself with every word", "ruin every discussion with your garbage",
             "are too stupid to read your own numbers", "make me sick", "are a disgrace to this place"),
    "order": ("Shut up", "Get lost", "Delete your account", "Go away and stay away", "Crawl back under your rock", "Just shut your mouth",
              "Spare us your stupid lectures", "Do us all a favour and leave"),
}  # fmt: skip

_HARMLESS: Final = (
    "I {act} {time}, and {thing} is {view}. {close}",
    "{thing}: {view}. {close}",
    "For me {thing} was {view}, though I {act} {time}.",
    "Has anybody else noticed {thing}? I {act}. {close}",
    "Interesting about {thing}. I {act} {time}. {close}",
    "I would not worry about {thing}, it is {view}.",
    "We {act} {time}; since then {thing} is {view}. {close}",
    "About {thing}: I {act}, so I would say it is {view}.",
)
_FRIENDLY: Final = (
    "{warm}, {thanks}! {close}",
    "{warm}! I {act} {time} after reading this, {thanks}.",
    "{thanks}. {thing} is {view}.",
    "{warm} post, and {thing} is {view}. {close}",
    "Came for {thing}, stayed for you. {warm}, {thanks}.",
)
_HOSTILE: Final = (
    "{start} you are a {how} {insult}. {order}.",
    "{order}, you {how} {insult}. You {deed}.",
    "You {deed}, you {insult}.",
    "What a {how} {insult} you are. {thing}? You {deed}.",
    "{start} only a {how} {insult} like you could write that. {order}.",
    "You {how} {insult}, you {deed}. {order}!",
    "{start} nobody believes a {insult} like you about {thing}. You {deed}.",
)
_BANTER: Final = (
    "Ha, you old fool, {thing} again? You owe me a drink, idiot :D",
    "Says the clown who {act}! Love you too, you muppet. See you {time}",
    "You are hopeless, my friend, you know that? {thing} is {view}, you donkey ;)",
    "Oh shut up, you idiot, haha. I {act} and you know it",
    "Still a loser at {thing}, I see. Same time {time}, you clown? :)",
)
_GRUMBLING: Final = (
    "Those idiots never got {thing} right. {close}",
    "The people behind {thing} are a bunch of clowns, and it is {view}.",
    "What a stupid mess they made of {thing}. I {act} {time}.",
    "Damn, {thing} was garbage. {close}",
)

MOODS: Final = {"harmless": _HARMLESS, "friendly": _FRIENDLY, "hostile": _HOSTILE, "banter": _BANTER, "grumbling": _GRUMBLING}


def phrase(chance: Random, mood: str, community: str) -> str:
    """Return a text of this mood (a key of ``MOODS``) as somebody of this community might write it."""
    slots = _SHARED | _SLOTS[community]
    text = chance.choice(MOODS[mood]).format(**{name: chance.choice(words) for name, words in slots.items()}).strip()
    return _SENTENCE_START.sub(lambda start: start[0].upper(), text)
