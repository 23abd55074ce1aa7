"""Text as people paste it -> the text that the program wrote: without colours, entities, fences and quotes.

Line ends become LF. No line is removed, so that a line keeps its number.
"""

import re

COLOUR = re.compile(r"(?:\x1b|(?<!\\)\\(?:033|x1[bB]|e)|\^\[)\[[0-9;]{0,16}[A-Za-z]")  # not the text \\e[ of a literal
COLOUR_SIGNS = {
    "\\": ("\\033[", "\\x1b[", "\\x1B[", "\\e["),
    "^": ("^[[",),
    "\x1b": ("\x1b",),
}  # by a letter that is found fast
ENTITY = re.compile(r"&(?:lt|gt|amp|quot|nbsp|apos|#0?39|#x27|#160|#34);")
ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&amp;": "&",
    "&quot;": '"',
    "&#34;": '"',
    "&nbsp;": " ",
    "&#160;": " ",
    "&apos;": "'",
    "&#39;": "'",
    "&#039;": "'",
    "&#x27;": "'",
}
REPLACED = {
    **dict.fromkeys("\u00a0\u2007\u202f\u2009\u3000", " "),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2018\u2019\u201a", "'"),
    "\u00d7": "x",
}
WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # letters of East Asian width
TYPOGRAPHIC = str.maketrans(REPLACED | WIDE)
FENCE = re.compile(r"^[ \t]{0,8}(?:```|~~~)[^\n`]{0,40}$", re.MULTILINE)
QUOTE = re.compile(r"> ?")
LIST_MARK = re.compile(r"(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")


def cleaned(text: str) -> str:
    """The text with LF line ends, without what was wrapped around it. Linear in its length."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(letter in text and any(sign in text for sign in signs) for letter, signs in COLOUR_SIGNS.items()):
        text = COLOUR.sub("", text)
    if "\b" in text or "\f" in text:
        text = text.replace("\b", "").replace("\f", " ")
    if "&" in text and ";" in text:
        text = ENTITY.sub(lambda found: ENTITIES[found[0]], text)
    if not text.isascii():
        text = text.translate(TYPOGRAPHIC)
    if ("`" in text and "```" in text) or ("~" in text and "~~~" in text):
        text = FENCE.sub("", text)
    return _without_quotes(text)


def _without_quotes(text: str) -> str:
    """Without ``> `` where it stands before every line of a block, and without ``- `` and ``1. `` before each line."""
    is_quoted = ">" in text and ("\n>" in text or text.startswith(">"))
    is_list = LIST_MARK.match(text) is not None or ("-" in text and "\n- " in text)
    if not is_quoted and not is_list:
        return text
    blocks = text.split("\n\n")
    return "\n\n".join(_without_mark(_without_mark(block, QUOTE), LIST_MARK) for block in blocks)


def _without_mark(block: str, mark: re.Pattern[str]) -> str:
    lines = block.split("\n")
    begins = [mark.match(line) for line in lines]
    if not any(begins):
        return block
    if all(begin is not None or not line.strip() for begin, line in zip(begins, lines, strict=True)):
        return "\n".join(line[begin.end() :] if begin else line for begin, line in zip(begins, lines, strict=True))
    return block
