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
    "insult insulted insulting hear hears heard hearing get gets getting quote quoting repeat repeats repeating claim claims claiming "
    "accuse accused "
    "accusing line lines phrase mocked".split()
)
"""After these an insult is reported, unless the speaker is the one who reports."""
MINE: Final = frozenset("i ill id im".split())
"""Before a report these make it one's own: "I say you are a liar"."""
NEGATIONS: Final = frozenset("not no never arent isnt wasnt werent aint nor hardly".split())
CONDITIONS: Final = frozenset("if whether".split())
FRESH: Final = frozenset("but because though although cause cuz".split())
"""From here on a sentence speaks anew: neither report nor negation reaches over them."""
AWAY: Final = frozenset("with they them those these he she who this that what theyre hes shes".split())
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
WARM: Final = frozenset(
    tuple(pair.split())
    for pair in (
        "love you, love ya, love it, love that, love this, loved it, miss you, missed you, you tomorrow, you friday, you saturday, you "
        "sunday, you monday, you tonight, you soon, you next, you on, happy birthday, happy for, so happy, "
        "so proud, proud of, so glad, glad you, so jealous, well done, well played, well deserved, good luck, good job, good one, "
        "thank you, "
        "thanks so, thanks again, thanks man, thanks mate, you rock, you did, you made, you won, you got, you fixed, did it, made it, "
        "on me, owe you, never change, my favourite, my favorite, welcome home, welcome back, take care, look amazing, look gorgeous, "
        "looks amazing, "
        "was beautiful, is beautiful, is brilliant, was brilliant, is amazing, so good, so much, enjoy the, enjoy your, have fun, get "
        "well, "
        "call me, the best, next week, this weekend, on friday, on saturday, on sunday, still the, that was, bring beers, at training, "
        "the kids"
    ).split(", ")
)
"""Something kind said, or a plan, between friends."""
FOND: Final = frozenset(
    "lucky clever beautiful magnificent glorious brilliant gorgeous cheeky jammy talented lovely wonderful daft sneaky amazing "
    "legendary".split()
)
"""Before a name these make it a friend's: "you lucky bastard"."""
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
        "like you, likes you, much worse, so are, than you, to you, wants you, were right, you deserve, you had, you "
        "lie"
    ).split(", ")
)
"""Where praise, agreement or a report turns on the person addressed."""
SIDES: Final = frozenset(
    SUPPORT
    | CONDEMN
    | WARMTH
    | NEGATIONS
    | CONDITIONS
    | frozenset(
        "dont doesnt didnt cant cannot couldnt wont wouldnt shouldnt nothing none without should unfair rudeness shameful shame absurd "
        "insane "
        "crazy unreal wow ridiculous lousy disgraceful cowardly gross unkind hurtful hurt hurts cry crying sadly angry mad furious "
        "upset shocked "
        "appalled hope wish please stay keep forget laughed laugh cheer rooting admire appreciate grateful bored boring childish grow "
        "funny same old again whatever despite still anyway somehow how why what when since until twelve envy envious afraid scared "
        "threatened reason abuse abusive insults insulting slur slurs trolling spam lies lying untrue false nonsense evidence proof "
        "answer answers "
        "charming nice classy apologise apologize apology unprovoked everywhere daily".split()
    )
)
"""Whoever quotes or reports an insult and says none of these takes nobody's side against it."""
ONLY: Final = frozenset("only just takes".split())
UTTERING: Final = frozenset(
    "write writes wrote say says said post posts posted think thinks believe believes type typed publish come ask make".split()
)
THIS: Final = frozenset("this that such something like".split())
GRANTED: Final = frozenset(
    tuple(pair.split()) for pair in "a reason, every reason, good reason, rightly so, were right, are right".split(", ")
)
"""Whoever reports an insult and says this takes its side."""
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
