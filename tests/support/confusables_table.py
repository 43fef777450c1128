"""Write streams/scorers/disguises/confusables.py from Unicode's confusables, as the package confusable-homoglyphs carries them.

``python -m tests.support.confusables_table``. Kept are letters of scripts written from left to right that look like one ASCII letter.
"""

import json
import unicodedata
from collections import defaultdict
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import ascii_letters
from typing import Final

TARGET: Final = Path(__file__).parents[2] / "streams/scorers/disguises/confusables.py"
_BY_HAND: Final = dict(zip("акмтвнгпияшьԝкКЯИШПαβεηικμπτυχωςγνӏƅ", "akmtbhrnurwbwkKRNWNabenikuntuxwsyvlb", strict=True))
"""What people use and Unicode does not list, or lists for another letter."""
_HEAD: Final = '''"""Letters of other scripts that look like a Latin one. Written by ``python -m tests.support.confusables_table``.

From Unicode's confusables.txt (Unicode Technical Standard 39), as the package confusable-homoglyphs {version} has it, and a few by hand.
Copyright © 1991-2023 Unicode, Inc. All rights reserved. Distributed under the terms of use at https://www.unicode.org/copyright.html:
permission to use, copy, modify and distribute the data files, provided that this notice appears with all copies.
"""

from typing import Final

LOOK_ALIKES: Final = {{
'''


def table() -> dict[str, str]:
    """Return ASCII letter → its look-alikes."""
    data = json.loads(files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8"))
    meant: dict[str, str] = {}
    for letter in ascii_letters:
        for other in data.get(letter, ()):
            if _is_foreign_letter(other["c"]):
                meant[other["c"]] = _better(other["c"], meant.get(other["c"]), letter)
    found = defaultdict(list)
    for other, letter in sorted((meant | _BY_HAND).items()):
        found[letter].append(other)
    return {letter: "".join(found[letter]) for letter in ascii_letters if found[letter]}


def _is_foreign_letter(other: str) -> bool:
    if len(other) != 1 or other.isascii() or unicodedata.category(other)[0] != "L" or unicodedata.bidirectional(other) != "L":
        return False
    return not unicodedata.normalize("NFKD", other).isascii()


def _better(other: str, known: str | None, letter: str) -> str:
    """Return the letter of the same case: Unicode has capital I under l."""
    if known is None and letter == "l" and other.isupper():
        return "I"
    return letter if known is None or (other.isupper() == letter.isupper() and other.isupper() != known.isupper()) else known


def written() -> str:
    """Return the module."""
    lines = [f'    "{letter}": "{others}",\n' for letter, others in table().items()]
    return _HEAD.format(version=version("confusable-homoglyphs")) + "".join(lines) + '}\n"""ASCII letter → its look-alikes."""\n'


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
