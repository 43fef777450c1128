"""Invented comment pages: known comments flattened to text as the widget does it, so that reading them back can be compared."""

from collections.abc import Sequence
from random import Random
from typing import Final

from streams.sources.page import PageComment

BAR: Final = ("Notify of", "Newest Most Voted", "Inline Feedbacks", "View all comments")
OTHER_BARS: Final = (
    ("Subscribe", "Notify of", "new follow-up comments", "Oldest", "Inline Feedbacks", "View all comments"),
    ("Notify of", "Most Voted", "Inline Feedbacks", "View all comments"),
    (
        "Login",
        "Notify of",
        "Label",
        "Name*",
        "Email*",
        "Website",
        "14 Comments",
        "Oldest Newest Most Voted",
        "Inline Feedbacks",
        "View all comments",
    ),
    ("Newest", "Inline Feedbacks", "View all comments"),
    ("Benachrichtige mich bei", "Inline-Feedbacks", "Alle Kommentare anzeigen"),
)
FOOTER: Final = ("Would love your thoughts, please comment.x",)
ARTICLE: Final = (
    "0",
    "1,200",
    "4,000",
    "310",
    "MAY 2031",
    "",
    "Harbour Town Votes To Close The Old Ferry Line After Ninety Years",
    "",
    "Keep Our Paper Free",
    "",
    "Harbour Town Votes To Close The Old Ferry Line After Ninety Years",
    "",
    "The ferry at the south pier, last summer. Photo by the town archive",
    "",
    "The council decided on Tuesday, by one vote, that the ferry will make its last crossing in October.",
    "",
    "“Nobody has used it in winter for years,” the mayor said, “and the bridge is two streets away.”",
    "",
    "Keep Our Paper Free",
    "",
    "",
)
NAMES: Final = (
    "Marta Quill",
    "Old Salt",
    "Ben Achterberg",
    "Zoë Lindqvist-Mbeki",
    "Ferryman",
    "J. P. Okonkwo",
    "Dr. Hanna Weiss",
    "Seán O'Dell",
    "captain_hook77",
    "Ünal Çelik",
    "Ольга Петрова",
    "山田太郎",
    "Tess of the Harbour",
    "Rob (the other one)",
    "anna",
    "Mr. Tibbs Jr.",
    "Lord Percival Humphrey Standish The Third",
    "Nia 🌊",
    "D'Artagnan",
    "Kowalski",
)
TEXTS: Final = (
    "I took that boat to school every morning and it was never late, so whatever the mayor says is news to me.",
    "You clearly never read the report, did you?",
    "This is the third time they promise a bus and deliver nothing but leaflets.",
    "He is a clown and everyone at the pier knows it!",
    "The bridge floods twice a year. Ask anybody who lives there.",
    "Fair point, although the ticket price was a joke even before the subsidy ended…",
    "what a load of rubbish, stop repeating it.",
    "My grandfather built the second hull with his own hands; I will miss her.",
    "Can someone explain why the vote was held on a Tuesday morning when working people cannot come?",
    "they should have asked the school first",
    "See https://example.org/ferry/report.pdf for the numbers.",
    "Отличная новость, давно пора было закрыть.",
    "Please be kind to each other here, it is only a boat.",
)

SHORT_TEXTS: Final = (
    "Good Riddance",
    "lol",
    "Exactly",
    "Till later",
    "Same here",
    "Boo",
    "Well said",
    "So True",
    "Nonsense",
    "Typical",
    "yes",
    "+1",
    "😂😂😂",
    "Who?",
    "Ha ha",
    "Shame On You",
    "Thank you",
    "Poor Old Boat",
    "Nope",
    "me too",
)
"""Remarks that could be somebody's name."""


def flattened(
    comments: Sequence[PageComment],
    article: Sequence[str] = ARTICLE,
    bar: Sequence[str] = BAR,
    footer: Sequence[str] = FOOTER,
    after_each: Sequence[str | Sequence[str]] = (),
    under_name: Sequence[str] = (),
    touching: bool = False,
    chance: Random | None = None,
) -> str:
    """Return the page as the widget flattens it: name line, empty line, paragraphs, empty line; what is missing leaves its empty.

    Of a label that is given as several, one is drawn for each comment. One of ``under_name`` stands below each name line.
    """
    random = chance or Random(0)
    lines = [*article, *bar]
    if comments and comments[0].author is not None:
        lines.append("")
    for comment in comments:
        lines += _head(comment.author, random.choice(under_name) if under_name else None, touching)
        lines += [*comment.text.split("\n"), ""] if comment.text else [""]
        for label in after_each:
            lines += [label if isinstance(label, str) else random.choice(label), ""]
    return "\n".join([*lines, *footer]) + "\n"


def _head(author: str | None, time: str | None, touching: bool) -> list[str]:
    """Return the name line and the time below it, each with its empty line; a missing name leaves its own."""
    name = [""] if author is None else [author, ""]
    if time is None:
        return name
    return [*(name[:-1] if touching and author is not None else name), time, ""]


def invented(seed: int, count: int = 60, named: float = 0.6, names: Sequence[str] = NAMES, short: float = 0.0) -> list[PageComment]:
    """Return comments as threads have them: a few people write often, some have no name, some are pictures, some have paragraphs."""
    random = Random(seed)
    found = []
    for _ in range(count):
        author = names[min(int(random.expovariate(0.25)), len(names) - 1)] if random.random() < named else None
        paragraphs = 0 if random.random() < 0.03 and author is not None else 1 + (random.random() < 0.15) + (random.random() < 0.05)
        text = "\n\n".join(random.choice(TEXTS) for _ in range(paragraphs))
        found.append(PageComment(author, random.choice(SHORT_TEXTS) if random.random() < short else text))
    return found


def _talk(*pairs: str | tuple[str, str]) -> tuple[PageComment, ...]:
    """Return comments: a plain string is one without a name."""
    return tuple(PageComment(None, pair) if isinstance(pair, str) else PageComment(*pair) for pair in pairs)


INVENTED: Final = {
    "remarks that look like names": _talk(
        "Good Riddance",
        ("Marta Quill", "So True"),
        ("Old Salt", "It ran on time for ninety years and you want a car park."),
        ("Marta Quill", "Shame On You"),
        ("Old Salt", "Poor Old Boat"),
        "Typical Mayor",
        ("Ben Achterberg", "LOL nice try. See you there"),
        ("Old Salt", "Till later"),
        "Nonsense",
        ("Marta Quill", "I will be at the pier at six, with soup for whoever comes."),
    ),
    "names of one word in lower case": _talk(
        ("anna", "the bridge is two streets away, as he said."),
        ("tobi", "and it floods, as anna knows very well."),
        ("anna", "once a year."),
        "twice, I live there.",
        ("tobi", "thank you"),
        ("anna", "fine, twice."),
        ("kestrel", "can we agree that nobody measured it?"),
        ("tobi", "we can."),
    ),
    "names in many scripts": _talk(
        ("Ольга Петрова", "Отличная новость, давно пора было закрыть."),
        ("山田太郎", "毎日その船で学校に通いました。"),
        ("محمد العلي", "كان القارب جزءا من حياتنا كل يوم."),
        ("Ünal Çelik", "Yazık oldu, çok güzel bir vapurdu."),
        ("山田太郎", "残念です。"),
        "Danke für die vielen Jahre, alter Kahn.",
        ("Zoë Lindqvist-Mbeki", "It made me cry, a little."),
        ("Ольга Петрова", "И меня тоже."),
    ),
    "names with signs": _talk(
        ("Seán O'Dell", "The last crossing should be free for everybody."),
        ("Nia 🌊", "And with music!"),
        ("D'Artagnan", "And with a fine dinner afterwards, on the pier."),
        ("Rob (the other one)", "I can lend two tables."),
        ("captain_hook77", "I can lend a parrot, and it is well behaved."),
        ("Mr. Tibbs Jr.", "Is it? It bit me at the summer fair."),
        ("Nia 🌊", "It bites everyone, that is its charm."),
        ("J. P. Okonkwo", "Somebody write this down as a plan, please."),
        ("Lord Percival Humphrey Standish The Third", "I shall bring the good chairs, and nobody will sit on them."),
        ("Nia 🌊", "😂😂😂"),
    ),
    "paragraphs": _talk(
        (
            "Old Salt",
            "I have three things to say.\n\nThe hull is sound.\n\nThe engine is older than the mayor, and better kept.\n\nGood night.",
        ),
        "He is right about the hull.\n\nAbout the engine I would not be so sure.",
        ("Marta Quill", "“The hull is sound”\n\nThen why does it need a pump all night?"),
        ("Old Salt", "Every hull needs a pump.\n\nAsk any sailor\nor read a book\nabout boats."),
        "See the report:\n\nhttps://example.org/ferry/report.pdf\n\nPage nine.",
    ),
    "nobody has a name": _talk(*TEXTS),
    "everybody has a name": _talk(*zip(NAMES, TEXTS, strict=False)),
    "the same remark by many": _talk(
        ("Marta Quill", "The council never asked the people who use it."),
        ("Ben Achterberg", "Exactly"),
        ("Hanna Weiss", "Exactly"),
        ("Seán O'Dell", "Exactly"),
        ("Tess Marlow", "Exactly"),
        "Exactly",
        ("Ada Finch", "Exactly"),
        ("Gus Heath", "I wonder whether this town has another word."),
    ),
    "pictures": _talk(
        ("Marta Quill", "Look at her in the fog."),
        ("Old Salt", ""),
        ("Marta Quill", ""),
        "Beautiful, who took these?",
        ("Old Salt", "My daughter did, on the way to school."),
        "",
        ("Marta Quill", "And whose is that one? It has no name."),
        "",
        "I think it came from the archive, they have hundreds of them.",
        ("Old Salt", ""),
    ),
    "one comment": _talk(("Marta Quill", "First and last.")),
}
"""Name → the comments of a page."""
