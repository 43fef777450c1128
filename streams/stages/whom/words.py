"""Words that tell an insult from the report of one: general English, no names, no groups. ``signs.py`` makes numbers of them."""

from typing import Final

from streams.stages.lexicon import HEAT, INSULTING_SINGULARS, INSULTS

STRONG: Final = (
    INSULTS | HEAT | frozenset("cow hag twats freak freaks dumbasses fuckers wankers pricks nonce prostitute skank hoe thot".split())
)
"""What can be thrown at somebody."""
NOUNS: Final = INSULTING_SINGULARS | frozenset(
    "fuck fucker motherfucker shit cow hag pig rat snake monster animal freak freaks asshole".split()
)

CALM: Final = HEAT - NOUNS
"""Strong, and no name for anybody: "you get your ass kicked"."""
HEATED: Final = HEAT - INSULTS
"""Strong, and an insult only right after "you"."""
CONTEMPT: Final = frozenset(
    "nobody noone hate hates hated die dead ashamed sick disgust disgusts pathetic worthless stupid lying disgusting ignorant cry "
    "crying whine lose loser choke believes leave ban banned delete sad life mouth brain dumb dumber read lie lied lies".split()
)
"""What goes with an insult that is meant."""

REPORTING: Final = frozenset(
    "call calls called calling label labels labelled labeled labelling brand branded say says said saying write writes wrote written "
    "writing type types typed typing tell tells told telling post posts posted posting comment comments scream screams screamed "
    "screaming shout shouts shouted shouting yell yelled yelling throw throws throwing thrown hurl hurled hurling word words name names "
    "insult insulted insulting quote quoting repeat repeats repeating claim claims claiming accuse accused "
    "accusing line lines phrase mocked".split()
)
"""After these an insult is reported, unless the speaker is the one who reports."""
MINE: Final = frozenset("i ill id im let".split())
"""Before a report these make it one's own: "I say you are a liar"."""
NEGATIONS: Final = frozenset("not no never arent isnt wasnt werent aint nor hardly".split())
CONDITIONS: Final = frozenset("if whether".split())
FRESH: Final = frozenset("but because though although cause cuz".split())
"""From here on a sentence speaks anew: neither report nor negation reaches over them."""
AWAY: Final = frozenset("they them those these he she who this that what theyre hes shes".split())
"""Of somebody or something else: what follows is no more of the "you" before."""
ARTICLES: Final = frozenset("a an the that this of my our is are was were be am im another some any".split())
"""Before a noun these make it somebody's description, and no name thrown at the reader."""

SUPPORT: Final = frozenset(
    "sorry hug hugs proud brave strong courage solidarity stand standing side support supporting supported condolences love loved loving "
    "sending thinking deserve deserved deserves ignore block blocked hang chin respect grace passes friends alone care bless okay fine "
    "defend defending believe better kind strength".split()
)
"""Words of standing by somebody."""
CONDEMN: Final = frozenset(
    "nasty vile uncalled unacceptable bully bullies bullying harassment harass mob trolls haters hateful mods moderators moderator report "
    "reported flagged flag delete deleted removed unbelievable disgusted sad ashamed ok fair civil argument arguments debate "
    "incitement wrong rude cruel mean awful horrible anonymous strangers stranger".split()
)
"""Words of what is wrong with an insult, and with those who throw it."""
OTHERS: Final = frozenset(
    "they them their theyre these those people anyone anybody someone somebody who whoever everyone nobody he him she".split()
)
"""Whoever said it."""
LAUGHTER: Final = frozenset("haha hahaha hahahaha lol lmao lmaooo rofl hehe xd jk kidding".split())
AFFECTION: Final = frozenset(
    "mate bro bruv buddy pal dude bestie hun babe love ya darling bestest friend mates friend sis fam xx xoxo".split()
)
WARMTH: Final = frozenset(
    "great lovely brilliant beautiful amazing wonderful gorgeous glorious magnificent legend fantastic awesome excellent lucky jealous "
    "happy birthday miss fun enjoyed liked thanks thank cheers congrats congratulations bravo treasure learned helped kind well won proud "
    "rock delicious superb best favourite favorite".split()
)
PLANS: Final = frozenset(
    "tonight tomorrow friday saturday sunday weekend pint beer beers round drinks rematch visit ticket tickets party see".split()
)
"""What friends speak of in the same breath."""
AGREEING: Final = frozenset(
    "agree agreed exactly right true same spot yes yep yeah amen preach absolutely indeed correct nailed this 100 1".split()
)
"""A comment that opens so takes somebody's side, if it does not go on against them."""
TURNING: Final = frozenset(
    tuple(pair.split())
    for pair in (
        "a worse, are one, as you, because you, being one, believes you, coming from, go back, hate you, hates you, it coming, "
        "like you, likes you, much worse, so are, than you, tired of, to you, wants you, were right, you deserve, you had, you "
        "lie"
    ).split(", ")
)
"""Where praise, agreement or a report turns on the person addressed."""
OURS: Final = frozenset("we us our ours fellow proud ourselves".split())
MYSELF: Final = frozenset("i im my me myself".split())
SAID: Final = frozenset(
    "argument arguments argue logic reasoning point points premise claim claims conclusion idea ideas theory comparison analogy statistic "
    "statistics study source sources headline article proposal plan policy take takes opinion opinions view views statement post comment "
    "assumption analysis figures evidence stereotype excuse question".split()
)
"""What can be attacked without its author."""
EMOJI: Final = tuple("😂 🤣 😄 😅 😍 😘 🥰 😊 😁 😉 ❤ 💕 🎉 🙌 👏 🤗 💪 🍻 <3 :) ;) :D xD".split())
"""Laughter and hearts."""
