"""Sessions of logic analysers that are not read: what Logic 2 (.sal), DSView (.dsl) and Logic 1 (.logicdata) save.

They hold the levels of the lines and no decoded bytes. They are refused, with what to export. Those of sigrok are read:
levels/sigrok_session.py.
"""

import re
from collections.abc import Callable

from unclouded.formats.reading import FormatReading, InputFormat, Specificity, refusal
from unclouded.formats.source import InputSource

HEAD = 65_536  # bytes in which the names of the members of an archive are looked for
MEMBER = re.compile(rb"PK\x03\x04.{22}(.)\x00.{2}", re.DOTALL)
SALEAE = (b"meta.json", b"digital-", b"analog-")
DSVIEW = (b"decoders", b"L-0/", b"session")
LEVELS = "It holds only the levels of the lines, no decoded bytes. "
ADVICE = {
    "saleae_session": LEVELS
    + "In Logic 2 add an Async Serial analyser to each line, and export its data table as CSV.",
    "dsview_session": LEVELS + "In DSView add a UART decoder to each line, and export the list of the decoder.",
    "logicdata": LEVELS + "In Logic add an Async Serial analyser to each line, and export its results as CSV.",
}


def members(data: bytes) -> list[bytes]:
    """Names in an archive, as far as its beginning shows them."""
    head = data[:HEAD]
    return [head[one.end() : one.end() + one[1][0]] for one in MEMBER.finditer(head)]


def session_of(source: InputSource) -> str:
    """Which kind of session it is; "" = none."""
    if b"serialization::archive" in source.data[:64]:
        return "logicdata"
    if not source.data.startswith(b"PK\x03\x04"):
        return ""
    names = members(source.data)
    if any(name.startswith(SALEAE) for name in names):
        return "saleae_session"
    return "dsview_session" if names[:1] == [b"header"] or any(name.startswith(DSVIEW) for name in names) else ""


def _format(name: str, title: str) -> InputFormat:
    recognise: Callable[[InputSource], float] = lambda source: float(session_of(source) == name)  # noqa: E731
    read: Callable[[InputSource], FormatReading] = lambda source: refusal(name, ADVICE[name])  # noqa: E731
    return InputFormat(
        name=name,
        group="refused",
        title=title,
        specificity=Specificity.MAGIC,
        recognise=recognise,
        read=read,
        of_bytes=True,
    )


FORMATS = (
    _format("saleae_session", "a session of Saleae Logic 2 (.sal)"),
    _format("dsview_session", "a session of DSView (.dsl)"),
    _format("logicdata", "a session of Saleae Logic (.logicdata)"),
)
