"""Messages with a header, as plugs send them, anywhere in a text.

    {"header":{"messageId":…,"namespace":…,"method":…},"payload":…}         of HTTP dumps, curl -v, tcpdump -A
    {"tst":…,"topic":"/appliance/…/publish","payload":"{\\"header\\":…"}       of mosquitto_sub -F %j
    {'header': {'messageId': …}, 'payload': {…: True}}                      as Python prints it

The side is that of the topic before the message, else it follows from who it is from. The time is the one that stands
before it.
"""

import re
from collections.abc import Iterator

import msgspec

from unclouded.core.family import Sender
from unclouded.formats.line_collector import LineCollector
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.objects import LITERAL, ObjectEnds, end_of, json_of
from unclouded.formats.text.stamps import Stamp, stamp_of

BEGIN = re.compile(r"""\{\s{0,64}(?:"header"|'header'|(?P<escaped>\\"header\\"))\s{0,8}:""")
TOPIC = re.compile(r"/appliance/[^\s/\"']{1,64}/(?P<to>publish|subscribe)(?![0-9A-Za-z_])")
TST = re.compile(r'"tst"\s?:\s?"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)')
FROM = re.compile(r"/appliance/[^\"'\s]{1,64}/publish")
METHOD = re.compile(r"""["']method["']\s{0,8}:\s{0,8}["'](\w{1,16})["']""")
ESCAPED = re.compile(r'(?:[^"\\\n]|\\.)*')
REQUESTS = ("GET", "SET", "DELETE")
CONTEXT = 512  # characters before a message in which its topic is looked for
LONGEST_STAMP = 64


class FoundEnvelope(msgspec.Struct, frozen=True):
    """A message: where it begins and ends in the text, and its JSON."""

    start: int
    end: int
    text: str


def envelopes(text: str) -> Iterator[FoundEnvelope]:
    """The messages in a text, in order."""
    at, ends = 0, ObjectEnds(text)
    while (begin := BEGIN.search(text, at)) is not None:
        start = begin.start()
        found = _escaped(text, start) if begin["escaped"] else _plain(text, start, ends)
        if found is not None:
            yield found
        if found is not None:
            at = found.end
        elif begin["escaped"]:
            at = max(_string_end(text, start), begin.end())  # each string is read once
        else:
            at = begin.end()


def _plain(text: str, start: int, ends: ObjectEnds) -> FoundEnvelope | None:
    end = ends.end(start)
    if not end:
        return None
    whole = text[start:end]
    if "'" in whole and '"header"' not in whole[:128] and LITERAL.search(whole):
        whole = json_of(whole)
    return FoundEnvelope(start, end, whole)


def _string_end(text: str, start: int) -> int:
    """Where the JSON string ends that goes on at ``start``."""
    rest = ESCAPED.match(text, start)
    return rest.end() if rest is not None else start


def _escaped(text: str, start: int) -> FoundEnvelope | None:
    """A message inside of a JSON string: it is unescaped once."""
    rest = ESCAPED.match(text, start)
    if rest is None:
        return None
    try:
        inner = msgspec.json.decode(f'"{rest[0]}"', type=str)
    except msgspec.DecodeError:
        return None
    end = end_of(inner, 0)
    return FoundEnvelope(start, rest.end(), inner[:end]) if end else None


def recognise(source: InputSource) -> float:
    """1 where there is such a message."""
    text = source.text or ""
    return 1.0 if "header" in text and BEGIN.search(text) else 0.0


class EnvelopeReader:
    """Reads the messages of one text."""

    def __init__(self, source: InputSource) -> None:
        self._collector = LineCollector(source)

    def read(self) -> FormatReading:
        """One chunk for each envelope, with the time and direction that the text before it shows."""
        collector, text = self._collector, self._collector.text
        number, end, t = 1, 0, None
        for one in envelopes(text):
            before = text[end : one.start]
            t = self._time(before, t)
            number += before.count("\n")
            column = one.start - text.rfind("\n", 0, one.start)
            sender = side_of(before[-CONTEXT:], one.text)
            collector.add(number, one.text.encode("utf-8", "replace"), t, "", sender=sender, column=column, gap=True)
            lines = text.count("\n", one.start, one.end)
            collector.explained += 1 + lines
            number += lines
            end = one.end
        return collector.reading()

    # --- inside --------------------------------------------------------------------------------

    def _time(self, before: str, t: float | None) -> float | None:
        """The last time in the text before a message, at the beginning of a line or as mosquitto_sub writes it."""
        tst = TST.search(before[-CONTEXT:])
        if tst is not None:
            return self._collector.time(tst[1])
        for line in reversed(before.split("\n")):
            stamp = stamp_of(line[:LONGEST_STAMP]) if line[:1] in "0123456789[(\"' <" else None
            if stamp is not None and _is_time(stamp, line):
                return self._collector.at(stamp.at, stamp.kind)
        return t


def _is_time(stamp: Stamp, line: str) -> bool:
    """Whether it is more than a number at the beginning of a line."""
    return stamp.kind != "run" or line[:1] in "[("


def side_of(before: str, message: str) -> Sender | None:
    """The side that sent it; None where the message shows it better."""
    topics = [found["to"] for found in TOPIC.finditer(before)]
    if topics:
        return "device" if topics[-1] == "publish" else "controller"
    if FROM.search(message, 0, CONTEXT) is not None:
        return "device"
    method = METHOD.search(message, 0, CONTEXT)
    return "controller" if method is not None and method[1] in REQUESTS else None


def read(source: InputSource) -> FormatReading:
    return EnvelopeReader(source).read()


ENVELOPES = InputFormat(
    name="envelopes",
    group="json",
    title="text with messages of plugs in it",
    specificity=Specificity.PROGRAM,
    recognise=recognise,
    read=read,
)
FORMATS = (ENVELOPES,)
