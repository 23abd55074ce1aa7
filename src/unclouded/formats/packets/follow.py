"""One connection as Wireshark and tshark print it (follow): what each of its ends sent, without times.

    Follow: tcp,raw                 Follow: tcp,hex                               Follow: tcp,ascii
    Node 0: 192.0.2.9:53000         00000000  55 aa 00 00 …   U...                150
    55aa00000000ff                  	00000000  55 aa 03 00 …   U...            POST /config …    (150 bytes of text)
        55aa030000010104            a tab or blanks: the second end

YAML (base64, with times) and arrays of C (char peer0_0[] = { … }) are read as well.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

import msgspec

from unclouded.formats.packets.captures import reading_of_connections
from unclouded.formats.packets.connections import End, PacketConnection, StreamPiece
from unclouded.formats.packets.packet import PacketProblems
from unclouded.formats.reading import MOST_UNREAD, FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

HEAD = 4_000  # characters in which the header stands
KIND = re.compile(r"^Follow: \w{1,12},(?P<kind>raw|hex|ascii|utf-8|ebcdic)\s{0,4}$", re.MULTILINE)
NODE = re.compile(r"^Node (?P<node>[01]): (?P<host>[^\s]{1,80}):(?P<port>\d{1,5})\s{0,4}$", re.MULTILINE)
RULE = "====="
HEADER = re.compile(rb"(?:^|\n)Follow: ")
LABELS = ("Follow: ", "Filter: ", "Node ", RULE)
_HEX = "[0-9A-Fa-f]"
ROW = re.compile(
    rf"(?P<indent>[ \t]{{0,8}})(?P<offset>{_HEX}{{8}})[ ]{{2}}"
    rf"(?P<cells>{_HEX}{{2}}(?:[ ]{_HEX}{{2}}){{0,7}}(?:[ ]{{2}}{_HEX}{{2}}(?:[ ]{_HEX}{{2}}){{0,7}})?)"
    r"(?:[ ]{2}|[ ]?$)"
)
COUNT = re.compile(rb"(\t?)(\d{1,9})\r?\n")
COUNT_LINE = re.compile(rb"(?<=\n)(\t?\d{1,9})\r(?=\n)")  # a count whose line end has no CR
FITS = 0.9
SAMPLE = 200  # lines
COMMENT = re.compile(r"/\*[^*]{0,200}\*/")
NUMBER = re.compile(r"0x([0-9A-Fa-f]{1,2})")
ARRAY_SIGN = re.compile(r"char peer(?P<node>[01])_\d{1,9}\[\] = \{")
YAML_SIGN = re.compile(r"peer[01]_\d{1,9}: !!binary \||^\s{0,8}data: !!binary \|", re.MULTILINE)
YAML_DATA = re.compile(r"\s{0,8}(?:peer(?P<node>[01])_\d{1,9}|data): !!binary \|\s{0,4}")
YAML_PEER = re.compile(r"\s{0,8}(?:- )?peer: (?P<node>[01])\s{0,4}")
YAML_TIME = re.compile(r"\s{0,8}timestamp: (?P<t>\d{1,12}(?:\.\d{1,9})?)\s{0,4}")
BASE64 = re.compile(r"\s{0,12}[A-Za-z0-9+/]{1,200}={0,2}\s{0,4}")
NODES: tuple[End, End] = (("node 0", 65_535), ("node 1", 1))  # without their addresses
NOT_COUNTED = "the text of this connection does not fit its counts of bytes from line {} on; no more is read"


Followed = tuple[int, StreamPiece]  # the node that sent it, 0 or 1


class FollowReader:
    """Parts of one text, and the lines that are not understood."""

    def __init__(self, source: InputSource) -> None:
        self._source = source
        self.lines = self.explained = 0
        self.unread: list[int] = []
        self.problems = PacketProblems()

    def raw(self) -> Iterator[Followed]:
        """A piece for each line of hex digits; a tab before them means node 1. Other lines are counted as unread."""
        for number, line in self._numbered():
            try:
                data = bytes.fromhex(line)
            except ValueError:
                data = b""
            is_data = len(data) * 2 == len(line.strip())  # without blanks between them
            if is_data:
                yield int(line[0] == "\t"), StreamPiece(None, number, number, data)
            self._count(number, line, is_data)

    def hex(self) -> Iterator[Followed]:
        """A piece for each row of a hex dump whose offset continues its node's; other lines are counted as unread."""
        sizes = [0, 0]
        for number, line in self._numbered():
            found = ROW.match(line)
            node = int(bool(found and found["indent"]))
            if found is not None and int(found["offset"], 16) == sizes[node] % (1 << 32):
                data = bytes.fromhex(found["cells"].replace(" ", ""))
                sizes[node] += len(data)
                yield node, StreamPiece(None, number, number, data)
                self._count(number, line, True)
            else:
                self._count(number, line, False)

    def ascii(self) -> Iterator[Followed]:
        """Counts of bytes, each with that many; where CR was lost on the way, it is put back before each line end."""
        data = self._source.data
        if not HEADER.search(data):  # it is quoted, or in other letters
            data = (self._source.text or "").encode("utf-8", "replace")
        begin = _after_header(data)
        first = data.count(b"\n", 0, begin) + 1
        parts, end = _counted(data, begin, first)
        if not _is_end(data, end) and b"\r" not in data:
            data = data[:begin] + COUNT_LINE.sub(rb"\1", data[begin:].replace(b"\n", b"\r\n"))
            parts, end = _counted(data, begin, first)
        self.lines = self.explained = self._source.filled
        if not _is_end(data, end):
            self.problems.say(NOT_COUNTED.format(first + data.count(b"\n", begin, end)))
        yield from parts

    def yaml(self) -> Iterator[Followed]:
        """Each part in base64, on one line or several."""
        node, t, begin = 0, None, 0
        digits: list[str] = []
        for number, line in self._numbered():
            if begin and BASE64.fullmatch(line):
                digits.append(line.strip())
                self._count(number, line, True)
                continue
            if digits:
                yield node, StreamPiece(t, begin, begin, _from_base64("".join(digits)))
            begin, digits = 0, []
            data, peer, time = (one.fullmatch(line) for one in (YAML_DATA, YAML_PEER, YAML_TIME))
            if data is not None:
                begin, node = number, int(data["node"] or node)
            node = int(peer["node"]) if peer is not None else node
            t = float(time["t"]) if time is not None else t
            self._count(number, line, True)
        if digits:
            yield node, StreamPiece(t, begin, begin, _from_base64("".join(digits)))

    def arrays(self) -> Iterator[Followed]:
        """An array of C for each part."""
        text = self._source.text or ""
        at, line = 0, 1
        while (begin := ARRAY_SIGN.search(text, at)) is not None:
            end = text.find("}", begin.end())
            end = len(text) if end < 0 else end
            line += text.count("\n", at, begin.start())
            numbers = NUMBER.findall(COMMENT.sub(" ", text[begin.end() : end]))
            yield int(begin["node"]), StreamPiece(None, line, line, bytes(int(one, 16) for one in numbers))
            line += text.count("\n", begin.start(), end)
            at = end
        self.lines = self.explained = self._source.filled

    # --- inside --------------------------------------------------------------------------------

    def _numbered(self) -> Iterator[tuple[int, str]]:
        return ((number, line) for number, line in enumerate(self._source.lines, 1) if line and not line.isspace())

    def _count(self, number: int, line: str, is_data: bool) -> None:
        self.lines += 1
        if is_data or line.startswith(LABELS):
            self.explained += 1
        elif len(self.unread) < MOST_UNREAD:
            self.unread.append(number)


def _after_header(data: bytes) -> int:
    """Where the first count stands: behind the lines of the header."""
    at = 0
    while (end := data.find(b"\n", at, HEAD)) >= 0 and COUNT.match(data, at) is None:
        at = end + 1
    return at


def _is_end(data: bytes, at: int) -> bool:
    return not data[at : at + len(RULE)].strip() or data.startswith(RULE.encode(), at)


def _counted(data: bytes, at: int, line: int) -> tuple[list[Followed], int]:
    """Parts with their counts, and where what fits ends."""
    parts = []
    while (count := COUNT.match(data, at)) is not None:
        begin = count.end()
        end = begin + int(count[2])
        if end > len(data) or not (data.startswith((b"\n", b"\r\n"), end) or _is_end(data, end)):
            break
        parts.append((int(bool(count[1])), StreamPiece(None, line + 1, line + 1, data[begin:end])))
        behind = end + (2 if data.startswith(b"\r\n", end) else data.startswith(b"\n", end))
        line += data.count(b"\n", at, behind)
        at = behind
    return parts, at


def _from_base64(digits: str) -> bytes:
    try:
        return b64decode(digits, validate=True)
    except ValueError:
        return b""


# --- the formats --------------------------------------------------------------------------------------


def kind_of(source: InputSource) -> str:
    """The kind that the header names; "hex" also where rows of two ends stand without it; "" = it is none."""
    head = (source.text or "")[:HEAD]
    named = KIND.search(head)
    if named is not None:
        return "ascii" if named["kind"] in ("utf-8", "ebcdic") else named["kind"]
    if ARRAY_SIGN.search(head) is not None:
        return "arrays"
    if YAML_SIGN.search(head) is not None:
        return "yaml"
    lines = [line for line in source.lines[:SAMPLE] if line and not line.isspace()]
    rows = [found for line in lines if (found := ROW.match(line)) is not None]
    is_both = len({bool(row["indent"]) for row in rows}) == 2
    return "hex" if is_both and len(rows) >= FITS * len(lines) else ""


def read(source: InputSource) -> FormatReading:
    reader = FollowReader(source)
    kind = kind_of(source)
    if not kind:
        return FormatReading()
    parts = list(READERS[kind](reader))
    ends = _ends(source)
    pieces = {end: _from_first([piece for node, piece in parts if node == at], parts) for at, end in enumerate(ends)}
    return reading_of_connections(
        [PacketConnection.of_pieces(ends, pieces)] if parts else [],
        reader.problems,
        lines=reader.lines,
        explained=reader.explained,
        data_lines=len(parts),
        unread=reader.unread,
        stamps=sum(piece.t is not None for _, piece in parts),
    )


def _ends(source: InputSource) -> tuple[End, End]:
    named = {one["node"]: (one["host"], int(one["port"])) for one in NODE.finditer((source.text or "")[:HEAD])}
    first, second = named.get("0", NODES[0]), named.get("1", NODES[1])
    return (first, second) if first != second else NODES


def _from_first(pieces: list[StreamPiece], parts: Sequence[Followed]) -> list[StreamPiece]:
    """With times from the first one of all parts on, which do not fall."""
    zero = next((piece.t for _, piece in parts if piece.t is not None), None)
    if zero is None:
        return pieces
    times = accumulate((zero if one.t is None else one.t for one in pieces), max)
    return [msgspec.structs.replace(one, t=round(t - zero, 9)) for one, t in zip(pieces, times, strict=True)]


READERS: Mapping[str, Callable[[FollowReader], Iterator[Followed]]] = {
    "raw": FollowReader.raw,
    "hex": FollowReader.hex,
    "ascii": FollowReader.ascii,
    "yaml": FollowReader.yaml,
    "arrays": FollowReader.arrays,
}
FOLLOW = InputFormat(
    name="follow",
    group="packets",
    title="a connection that Wireshark or tshark followed",
    specificity=Specificity.PROGRAM,
    recognise=lambda source: float(bool(kind_of(source))),
    read=read,
)
FORMATS = (FOLLOW,)
