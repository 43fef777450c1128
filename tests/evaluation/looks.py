"""What people disguise letters with. Written for the twin by hand, apart from what the normaliser knows. Frozen with it."""

from typing import Final

SPREAD: Final = {
    "a": "аɑαａ𝐚𝒶𝖆ⓐᴀäâ", "b": "ƅЬｂ𝐛𝒷𝖇ⓑʙ", "c": "сϲᴄｃ𝐜𝒸𝖈ⓒç", "d": "ԁｄ𝐝𝒹𝖉ⓓᴅ", "e": "еｅ𝐞ℯ𝖊ⓔᴇéê", "f": "ｆ𝐟𝒻𝖋ⓕꜰ", "g": "ɡցｇ𝐠ℊ𝖌ⓖɢ",
    "h": "һհｈ𝐡𝒽𝖍ⓗʜ", "i": "іιɩｉ𝐢𝒾𝖎ⓘıíï", "j": "јϳｊ𝐣𝒿𝖏ⓙ", "k": "ｋ𝐤𝓀𝖐ⓚᴋκ", "l": "ӏｌ𝐥𝓁𝖑ⓛʟℓ", "m": "ｍ𝐦𝓂𝖒ⓜᴍм", "n": "ոｎ𝐧𝓃𝖓ⓝɴñ",
    "o": "оοσօｏ𝐨ℴ𝖔ⓞᴏö", "p": "рρｐ𝐩𝓅𝖕ⓟᴘ", "q": "ԛｑ𝐪𝓆𝖖ⓠ", "r": "гｒ𝐫𝓇𝖗ⓡʀ", "s": "ѕｓ𝐬𝓈𝖘ⓢꜱ", "t": "ｔ𝐭𝓉𝖙ⓣᴛт", "u": "υսｕ𝐮𝓊𝖚ⓤᴜü",
    "v": "ѵνｖ𝐯𝓋𝖛ⓥᴠ", "w": "ԝｗ𝐰𝓌𝖜ⓦᴡ", "x": "хｘ𝐱𝓍𝖝ⓧ", "y": "уγｙ𝐲𝓎𝖞ⓨʏ", "z": "ᴢｚ𝐳𝓏𝖟ⓩ",
}  # fmt: skip
"""Letter → Cyrillic, Greek, Armenian, IPA, full width, mathematical, circled, small capitals, with an accent."""
WHOLLY_CYRILLIC: Final = str.maketrans("aceiopsxyjhABCEHIKMOPTXSJ", "асеіорѕхујһАВСЕНІКМОРТХЅЈ")
LEET: Final = {
    "a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "l": "1|", "o": "0", "s": "5$", "t": "7+", "z": "2",
}  # fmt: skip
INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u2063\u200e\u200f\u202a\u202c\u2066\u2069\ufe00\U000e0020"
MARKS: Final = tuple(map(chr, range(0x0300, 0x0370)))
SEPARATORS: Final = ".-_*"
MASKS: Final = "***#_-"
TAGS: Final = (("<b>", "</b>"), ("<i>", "</i>"), ("<span style='x'>", "</span>"), ("<!-- x -->", ""), ("<em></em>", ""))
ENTITIES: Final = ("&#{0};", "&#x{0:x};", "&#{0:07};", "&#X{0:X};")
