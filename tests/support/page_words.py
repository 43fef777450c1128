"""What invented pages are made of: names of every kind, remarks that look like names, and what widgets and sites write round them."""

from random import Random
from typing import Final

from streams.sources.phrases import MOODS, phrase

_FIRST: Final = (
    "Marta Ben Zoë Ada Gus Hanna Seán Tess Pavel Ingrid Kofi Lucía Rowan Delphine Otis Nadia Bram Yusuf Carla Wendell Maeve Anton "
    "Priya Fergus Lotte Silas Dora Emeka Tilda Hugo Vera Milo Edda Rafael Juno Piet Selma Arlo Greta Nils"
).split()
_LAST: Final = (
    "Quill Achterberg Marlow Finch Heath O'Dell Weiss Okonkwo Standish Varga Lindqvist Mbeki Tanner Çelik Brandt Ferreira Holloway "
    "Kowalski Penrose Abara Dupont Sorensen McBride Castellan Grove Novak Ibarra Whitlock Saar Delgado Thorne Beck Lund Hargreave"
).split()
_NICK: Final = (
    "Ferryman Kingfisher Oldtimer Bluebell Gravel Mudlark Quartz Nettle Sparrow Lanternist Tinker Brimstone Pepperpot Moss Longshore "
    "Anvil Thistle Halyard Cobbler Drifter Magpie Tugboat Cinder Barnacle Fogbound Wanderer Foxglove Ploughman Ratchet Juniper"
).split()
_SCRIPTS: Final = (
    "Ольга Петрова|Иван Лодочник|Дмитрий|山田太郎|佐藤|王小明|김민준|محمد الكاتب|ليلى|Γιώργος Παππάς|Ελένη|שרה לוי|अनिल कुमार|สมชาย|"
    "Վարդան|გიორგი|"
    "Наталья К|李雷|鈴木一郎|Олександр"
).split("|")
SENTENCES: Final = tuple(
    "Call me when it floats|Who is John?|I was never there|Not My Real Name|Just Passing By|Here we go again|You can ask Bob|"
    "Nobody asked me|What would Ada do|This is my boat|I am the walrus man|Tell it to the tide|Leave my ferry alone|Idiot Watcher|"
    "Old Fool|A Total Moron|Clown of the pier|Everyone is wrong here|Do not feed the gulls|Wake me in spring|Trust the tide|"
    "Ask me about knots|My name is nobody|Made of fog|Only here for the soup|They call me Gus|We need more buns|Out of my shed".split("|")
)
_TITLED: Final = tuple(
    "Dr. X|Dr. Hanna Weiss|Prof. Emil Grau|Mr. Tibbs Jr.|Mrs. Oyelaran|J. P. Okonkwo|Capt. Rufus Lund USN RET|Rev. A. Stone|Sir Toby|"
    "Lord Percival Humphrey Standish The Third|Marta Quill (the elder)|Tess of the Harbour|Ludwig van der Meer|Maria del Carmen Ibarra|"
    "The Honourable Member For The East Pier And All Its Gulls|Ada F.|K. Saar, PhD|St. Elmo|Ms. Anna Beck|Uncle Otto And Family".split("|")
)
_EMOJI: Final = ("🌊", "🔥", "⚓", "🌻", "😎", "🐟")
REMARKS: Final = tuple(
    "Exactly|So true|Amen Brother|Not!!!|Well said|Good Riddance|Shame On You|lol|LOL|Same here|Hear hear|Poor Old Boat|Spot on|Nope|"
    "Think about it|Thank you|Wake Up People|Just saying|Typical|Boo|Enough|No way|Ha ha|True story|"
    "Well done Gus|Case closed|The End|Very sad|Good point|"
    "Nuff said|Simple as that|Yes indeed|God bless|Happy Days|Right on|Total nonsense|Never again|Disgusting|Bravo".split("|")
)
"""Lines of their own that could be somebody's name."""
WIDGET_TEXTS: Final = (
    "Reply",
    "Newest",
    "Why does it say Newest above, and where is Oldest?",
    "Click Reply, then Subscribe, and see what happens.",
    "Load more comments, it says, and nothing happens.",
    "View all comments",
    "You might also like a swim, sir.",
    "3 years ago",
    "112 Comments",
    "Login",
    "Notify of what?",
    "Subscribe",
)
NAME_STYLES: Final = ("plain", "nicknames", "handles", "digits", "emoji", "scripts", "sentences", "titles", "mixed")


def names(chance: Random, style: str, count: int) -> list[str]:
    """Return so many different names of a style (one of ``NAME_STYLES``)."""
    found: dict[str, None] = {}
    for attempt in range(60 * count):
        if len(found) == count:
            break
        made = _name(chance, style)
        found[made if attempt < 20 * count else f"{made} {chance.choice(_LAST)}"] = None
    return list(found)


def _name(chance: Random, style: str) -> str:
    first, last, nick = chance.choice(_FIRST), chance.choice(_LAST), chance.choice(_NICK)
    number = str(chance.choice((7, 12, 42, 77, 99, 1965, 2001, 4711)))
    shapes = {
        "plain": (f"{first} {last}", f"{first} {last}", f"{first} {last[0]}", f"{first} {chance.choice(_FIRST)} {last}"),
        "nicknames": (nick, first, nick + last.casefold()),
        "handles": (nick.casefold(), first.casefold() + last[:3].casefold(), f"{nick}_{first}".casefold(), f"the {nick}".casefold()),
        "digits": (nick + number, f"{first}.{last}", f"{nick}_{number}", f"{first}-{last}!", f"@{nick.casefold()}", f"{nick[:2]}{number}x"),
        "emoji": (f"{first} {chance.choice(_EMOJI)}", f"{chance.choice(_EMOJI)} {nick} {chance.choice(_EMOJI)}"),
        "scripts": (chance.choice(_SCRIPTS),),
        "sentences": (chance.choice(SENTENCES),),
        "titles": (chance.choice(_TITLED), f"Dr. {last}", f"{first} {last} Sr."),
    }
    kind = chance.choice(("plain",) * 6 + NAME_STYLES[:-1]) if style == "mixed" else style
    return chance.choice(shapes[kind])


def said(chance: Random, sloppy: float = 0.25) -> str:
    """Return a paragraph as people type it: mostly a sentence or three, sometimes in lower case, without a full stop, or a link."""
    community = chance.choice(("sport", "politics", "cooking", "gardening"))
    moods = [chance.choice(tuple(MOODS)) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    text = " ".join(phrase(chance, mood, community) for mood in moods)
    if chance.random() >= sloppy:
        return text
    manner = chance.randrange(6)
    return (
        text.casefold(),
        text.rstrip(".!?:)( "),
        text.split(",")[0].split(".")[0],
        text.upper() + "!!!",
        "See https://example.org/pier/report.pdf",
        f"“{text}”",
    )[manner]
