"""Text as scorers read it: as it stands, and with its disguises taken off.

Every function is linear in the length of its text, whatever the text is. ``undone`` also says what it undid, from a
closed set, and where each character stood.
"""

from streams.scorers.disguises.english import english_in
from streams.scorers.disguises.letters import latin
from streams.scorers.disguises.markup import text_of_html
from streams.scorers.disguises.quotes import own_words
from streams.scorers.disguises.reading import normalised, undisguised, undone
from streams.scorers.disguises.traced import Disguise, Undone

__all__ = ["Disguise", "Undone", "english_in", "latin", "normalised", "own_words", "text_of_html", "undisguised", "undone"]
