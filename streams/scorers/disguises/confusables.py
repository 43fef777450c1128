"""Letters of other scripts that look like a Latin one. Written by ``python -m tests.support.confusables_table``.

From Unicode's confusables.txt (Unicode Technical Standard 39), as the package confusable-homoglyphs 3.3.1 has it, and a few by hand.
Copyright © 1991-2023 Unicode, Inc. All rights reserved. Distributed under the terms of use at https://www.unicode.org/copyright.html:
permission to use, copy, modify and distribute the data files, provided that this notice appears with all copies.
"""

from typing import Final

LOOK_ALIKES: Final = {
    "a": "ɑαа𝛂𝛼𝜶𝝰𝞪",
    "b": "ƄƅβЬвьᏏᑲᖯ",
    "c": "ϲсᴄⲥꮯ𐐽",
    "d": "ԁᏧᑯꓒ",
    "e": "εеҽꬲ",
    "f": "քẝꞙꬵ",
    "g": "ƍɡցᶃ",
    "h": "нһհᏂ",
    "i": "ıɩɪͺιіᎥιꙇꭵ𑣃𝚤𝛊𝜄𝜾𝝸𝞲",
    "j": "ϳј",
    "k": "κк",
    "l": "ǀӏᛁⵏꓲ𐊊𐌉𖼨",
    "m": "м",
    "n": "ηπпոռ",
    "o": "οσоօഠဝჿᴏᴑⲟꬽ𐐬𐓪𑣈𑣗𝛐𝛔𝜊𝜎𝝄𝝈𝝾𝞂𝞸𝞼",
    "p": "ρϱрⲣ𝛒𝛠𝜌𝜚𝝆𝝔𝞀𝞎𝞺𝟈",
    "q": "ԛգզ",
    "r": "гяᴦⲅꭇꭈꮁ",
    "s": "ƽςѕꜱꮪ𐑈𑣁",
    "t": "τт",
    "u": "ʋμυиսᴜꞟꭎꭒ𐓶𑣘𝛖𝜐𝝊𝞄𝞾",
    "v": "νѵᴠꮩ𑜆𑣀𝛎𝜈𝝂𝝼𝞶",
    "w": "ɯωшѡԝաᴡꮃ𑜊𑜎𑜏",
    "x": "χхᕁᕽ",
    "y": "ɣʏγуүყᶌỿℽꭚ𑣜𝛄𝛾𝜸𝝲𝞬",
    "z": "ᴢꮓ𑣄",
    "A": "ΑАᎪᗅꓮ𐊠𖽀𝚨𝛢𝜜𝝖𝞐",
    "B": "ΒВᏴᗷꓐꞴ𐊂𐊡𐌁𝚩𝛣𝜝𝝗𝞑",
    "C": "ϹСᏟⲤꓚ𐊢𐌂𐐕𐔜",
    "D": "Ꭰᗞᗪꓓ",
    "E": "ΕЕᎬⴹꓰ𐊆𑢦𑢮𝚬𝛦𝜠𝝚𝞔",
    "F": "ϜᖴꓝꞘ𐊇𐊥𐔥𑢢𑣂𝟊",
    "G": "ԌᏀᏳꓖ",
    "H": "ΗНᎻᕼⲎꓧ𐋏𝚮𝛨𝜢𝝜𝞖",
    "I": "ƖΙІӀⲒ𝚰𝛪𝜤𝝞𝞘",
    "J": "ͿЈᎫᒍꓙꞲ",
    "K": "ΚКᏦᛕⲔꓗ𐔘𝚱𝛫𝜥𝝟𝞙",
    "L": "ᏞᒪⳐꓡ𐐛𐔦𑢣𑢲𖼖",
    "M": "ΜϺМᎷᗰᛖⲘꓟ𐊰𐌑𝚳𝛭𝜧𝝡𝞛",
    "N": "ΝИПⲚꓠ𐔓𝚴𝛮𝜨𝝢𝞜",
    "O": "ΟОՕଠዐⲞⵔꓳ𐊒𐊫𐐄𐓂𐔖𑢵𝚶𝛰𝜪𝝤𝞞",
    "P": "ΡРᏢᑭⲢꓑ𐊕𝚸𝛲𝜬𝝦𝞠",
    "Q": "ⵕ",
    "R": "ƦЯᎡᏒᖇꓣ𐒴𖼵",
    "S": "ЅՏᏕᏚꓢ𐊖𐐠𖼺",
    "T": "ΤТᎢⲦꓔ𐊗𐊱𐌕𑢼𖼊𝚻𝛵𝜯𝝩𝞣",
    "U": "Սሀᑌꓴ𐓎𑢸𖽂",
    "V": "ѴᏙᐯⴸꓦꛟ𐔝𑢠𖼈",
    "W": "ШԜᎳᏔꓪ",
    "X": "ΧХᚷⲬⵝꓫꞳ𐊐𐊴𐌗𐔧𝚾𝛸𝜲𝝬𝞦",
    "Y": "ΥϒУҮᎩᎽⲨꓬ𐊲𑢤𖽃𝚼𝛶𝜰𝝪𝞤",
    "Z": "ΖᏃꓜ𑢩𝚭𝛧𝜡𝝛𝞕",
}
"""ASCII letter → its look-alikes."""
