r"""Text from devices, configuration files and requests, made safe for a terminal, a log line or a spreadsheet.

    "kettle\x1b]0;pwned\x07"   ──►  kettle\x1b]0;pwned\x07   as visible escapes: one line, no command to a terminal
    "=HYPERLINK(…)"            ──►  '=HYPERLINK(…)           in a CSV, where a spreadsheet would evaluate it

JSON needs no filter: it escapes control characters itself, and programs get the exact text. The page filters what it
receives in the same way (frontend/src/text/printable.ts).
"""

import re

# C0 and C1 controls with ESC, BEL and all line ends; DEL; marks that change the direction of text that follows;
# invisible separators; lone surrogates, which no encoding can carry.
UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # also in full width


def printable(text: str) -> str:
    """The text on one line, with a visible escape for each character that a terminal or a log would not show."""
    return text if text.isprintable() else UNPRINTABLE.sub(_escape, text)


def csv_text(text: str) -> str:
    """The text for a cell of a CSV: printable, and never a formula."""
    shown = printable(text)
    return f"'{shown}" if shown.lstrip().startswith(FORMULA) else shown


def csv_cell(value: bool | float | str | None) -> float | str | None:
    """A value for a cell of a CSV: true and false as 1 and 0, numbers as they are."""
    match value:
        case bool():
            return int(value)
        case str():
            return csv_text(value)
    return value


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def sentence(text: str) -> str:
    """The text, ended by a full stop where nothing ends it."""
    return text if text.endswith((".", "?", "!")) else f"{text}."
