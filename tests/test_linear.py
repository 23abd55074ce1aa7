"""The cost of hostile input grows no faster than its size: operations are counted, not seconds.

Two measures, since an operation is either one of Python or one inside a regular expression:

    calls    of functions, by sys.setprofile, of every redactor, decoder and parser over hostile texts of two sizes
    steps    of every regular expression, by the backtracking matcher below, which counts each attempt to match one
             element at one place, over repeated words of the characters that the expression names
"""

import ast
import importlib
import itertools
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]  # the parser of the expressions themselves
from typing import Any

import pytest

import unclouded
from unclouded import families
from unclouded.core.errors import UncloudedError
from unclouded.core.family import Family, Layout, Piece, Sender
from unclouded.core.session import Ambient, LinkPath
from unclouded.families import meross
from unclouded.families.meross.wire.envelope import request
from unclouded.links.broker.tls_policy import read_hello
from unclouded.links.http_reply import ReplyReader
from unclouded.links.mqtt.codec import Parser
from unclouded.links.url import parse as parse_url
from unclouded.recording.capture import CaptureReader

MODULES = ("core.json_parts",)  # beside them
PACKAGES = (
    "families",
    "formats",
    "conformance",
    "recording",
    "links",
    "app.decoding",
    "app.explaining",
    "app.firmware",
)

# --- calls -------------------------------------------------------------------------------------------

SMALL, LARGE = 500, 2_000  # bytes
MOST = 1.5  # times the growth of the input
CALLS_PER_BYTE = 2, 150  # what is less is never too much; what is more always is

WORDS = (
    *(
        b"\x55\xaa",
        b"\x55",
        b"\xaa",
        b"\x55\xaa\x55",
        b"\x55\xaa\x00",
        b"\x55\xaa\x03\x07\xff\xff",
        b"\x55\xaa\x03\x07\x00\x00",
    ),
    *(b"\x55\xaa\x03\x07\x00\x08\x01\x01\x00\x01", b"\x55\xaa\x00\x00\x00\x00\xff", b"\x55\xaa\x00\x00\x04\x00"),
    *(b"\x00", b"\x01", b"\xff", b"\xc3", b"\xf0\x9f", b" ", b"\n", b"\r\n", b"\t", b"0", b"a", b"aa:", b"55 aa "),
    *(b'"', b'\\"', b'\\"\n', b"\\", b"{", b"}", b"[", b"]", b"{}", b"[]", b":", b",", b'{"a":', b'{"a":"', b'"a":1,'),
    *(b'{"header"', b'[{"header"', b'{"header":{"x":"', b'{"header":{}}', b'{ "header"', b"{   ", b'{"key":"\\"'),
    *(b'"password"', b'"password":"', b'"password" : ', b'"p\\u0061":"x",', b'"sign":"\\\\",'),
    *(b"$", b"$ ", b"$M", b"$Ma", b"$d\r", b"$\r", b"$R\r", b"\x24\x02", b"$\x24\x04\x01"),
    *(b"\x10\xff", b"\x16\x03\x01\x00\x00", b"\x16\x03\x01\x40\x00", b"\x30\x00", b"\x30\xff\x7f", b"\xc0\x00"),
    *(b"\x55\x5a", b"\x5a", b"\xf2\x5a\x55", bytes.fromhex("555a000000000000000000000000000000000000000000ff")),
    *(b"HTTP/1.1 100 \n\n", b"HTTP/1.1 200 OK\n", b"a: b\n", b" a\n", b"0\r\n", b"\n\r"),
)

Reader = Callable[[bytes], None]


def calls(read: Reader, data: bytes) -> int:
    """How many functions are called while this is read; an error of the program ends the reading."""
    count = 0

    def called(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        read(data)
    except UncloudedError:
        pass
    finally:
        sys.setprofile(None)
    return count


def streams(make: Callable[[], Any]) -> Iterator[tuple[str, Reader]]:
    """A decoder that gets the bytes at once, and in small pieces."""

    def at_once(data: bytes) -> None:
        decoder = make()
        decoder.feed(data)
        decoder.close()

    def in_pieces(data: bytes) -> None:
        decoder = make()
        for at in range(0, len(data), 16):
            decoder.feed(data[at : at + 16])
        decoder.close()

    yield "at once", at_once
    yield "in pieces", in_pieces


def of_family(family: Family) -> Iterator[tuple[str, Reader]]:
    dialects = {"": family, **family.dialects}
    senders: tuple[Sender | None, ...] = (None, "device", "controller")
    for (name, dialect), sender in itertools.product(dialects.items(), senders):
        title = f"{family.name} {name} {sender or 'unknown sender'}"
        for how, read in streams(lambda dialect=dialect, sender=sender: dialect.decoder(sender)):  # type: ignore[misc]
            yield f"{title}: decoder {how}", read
        if (redact := getattr(dialect, "redact", None)) is not None:
            yield f"{title}: redactor", lambda data, redact=redact, sender=sender: redact(sender, data)  # type: ignore[misc]
    for name, dialect in dialects.items():
        if dialect.tally is not None:
            yield f"{family.name} {name}: tally", lambda data, make=dialect.tally: make().feed(data)  # type: ignore[misc]
        if dialect.layout is not None:
            yield f"{family.name} {name}: layout", parts_reader(dialect.layout)
    if family.detector is not None:
        yield f"{family.name}: detector", lambda data, make=family.detector: make().feed(None, data)  # type: ignore[misc]
    for name, decode in family.decoders.items():
        yield f"{family.name}: value {name}", lambda data, decode=decode: decode(data)  # type: ignore[misc]


def parts_reader(layout: Layout) -> Reader:
    """The parts of bytes, whether they are a frame or not."""

    def read(data: bytes) -> None:
        layout(Piece(offset=0, data=data, kind="noise"))
        layout(Piece(offset=0, data=data, kind="frame", command=data[0]))

    return read


def meross_payload(data: bytes) -> None:
    """The same in the payload of a whole message, as a string and as a list of empty values."""
    text = data.decode("latin-1").translate({ord('"'): '\\"', ord("\\"): "\\\\"})
    text = "".join(one if one >= " " else f"\\u{ord(one):04x}" for one in text)
    for payload in (f'{{"password":"{text}"}}', f'{{"x":["{text}"]}}', f'{{"{text}":{{"a":1}}}}'):
        message = request("SET", "a.b", payload.encode(), message_id="a", key="k", timestamp=1, from_="/x")
        families.family("meross").redact(None, message)


def simulated_plug(data: bytes) -> None:
    """The same as a request of a simulated plug, as the payload of several and inside of their texts."""
    plug = meross.MerossDevice(meross.PlugOptions(uuid="1" * 32), Ambient(wall=lambda now: 1.8e9 + now, token=bytes))
    plug.up(LinkPath(name="broker"), 0.0)
    text = "".join(one if one >= " " and one not in '"\\' else "x" for one in data.decode("latin-1"))
    rules = ",".join(f'{{"id":"{number}"}}' for number in range(len(data) // 16))
    payloads = {
        "Control.TimerX": (f'{{"timerx":{{"id":"a","alias":"{text}"}}}}', f'{{"timerx":[{rules}]}}'),
        "Control.Multiple": (f'{{"multiple":[{rules.replace("id", "header")}]}}',),
        "Config.Key": (f'{{"key":{{"key":"{text}","gateway":{{"host":"{text}","port":"{text}"}}}}}}',),
        "Config.Wifi": (f'{{"wifi":{{"ssid":"{text}","password":"{text}"}}}}',),
        "System.Time": (f'{{"time":{{"timezone":"{text}","timeRule":[{",".join(["[0,0,0]"] * (len(data) // 8))}]}}}}',),
    }
    plug.receive(data, 0.0, "broker")
    for name, texts in payloads.items():
        for payload in texts:
            header = request(
                "SET", f"Appliance.{name}", payload.encode(), message_id="a", key="", timestamp=1, from_="/x"
            )
            plug.receive(header, 0.0, "broker")
    plug.outgoing(0.0)


def whole(make: Callable[[], Any]) -> Reader:
    """A parser of packets that is asked for each."""

    def read(data: bytes) -> None:
        parser = make()
        parser.feed(data)
        while parser.next() is not None:
            pass

    return read


def reply(data: bytes) -> None:
    reader = ReplyReader()
    for at in range(0, len(data), 16):
        if reader.body is None:
            reader.feed(data[at : at + 16])


CAPTURE = b'{"unclouded":"capture","version":1,"family":"tuya"}\n'


def readers() -> dict[str, Reader]:
    found = {name: read for family in families.NAMES for name, read in of_family(families.family(family))}
    return {
        **found,
        "meross: redactor of a payload": meross_payload,
        "meross: simulated plug": simulated_plug,
        "links: MQTT packets": whole(Parser),
        "links: HTTP reply": reply,
        "links: HTTP reply body": lambda data: reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data),
        "links: TLS hello": lambda data: read_hello(data) and None,
        "links: address": lambda data: parse_url(data.decode("latin-1")) and None,
        "recording: capture": lambda data: list(CaptureReader(data.splitlines())) and None,
        "recording: capture lines": lambda data: list(CaptureReader((CAPTURE + data).splitlines())) and None,
    }


READERS = readers()


@pytest.mark.parametrize("name", READERS)
def test_the_calls_for_hostile_input_grow_no_faster_than_the_input(name: str) -> None:
    read = READERS[name]
    read_twice = [word for word in WORDS if calls(read, word * 2) >= 0]  # what is made once is made
    worse = {}
    for word in read_twice:
        small, large = (calls(read, word * (size // len(word))) for size in (SMALL, LARGE))
        few, many = (calls_per_byte * LARGE for calls_per_byte in CALLS_PER_BYTE)
        if large > many or large > max(few, MOST * LARGE / SMALL * small):
            worse[word] = (small, large)
    assert not worse


# --- steps of regular expressions --------------------------------------------------------------------

TEXT = 48  # characters of the smaller text; the other one has twice as many
MOST_STEPS = 2.8  # times as many steps; 2 is linear, 4 is quadratic
FEW_STEPS = 6  # for each character: never too many
STEP_LIMIT = 50_000  # for one text; a linear expression takes at most some hundred for each character
ENOUGH = 5  # texts that show it
ALPHABET = 4  # characters of an expression that words are made of
WORD = 4  # characters of a word
SHORT_WORD = 3  # the same for the many expressions of the formats, to keep this test short

USED = re.compile(r"\bre\.(search|match|fullmatch|sub|split)\(")  # where it may be written in place

Pattern = re.Pattern[str] | re.Pattern[bytes]


def modules() -> Iterator[str]:
    for package in PACKAGES:
        found = importlib.import_module(f"unclouded.{package}")
        yield found.__name__
        yield from (one.name for one in pkgutil.walk_packages(found.__path__, f"{found.__name__}."))
    yield from (f"unclouded.{name}" for name in MODULES)


def patterns() -> dict[str, Pattern]:
    """Those with a name in their module, and those that are written where they are used."""
    found: dict[str, Pattern] = {}
    seen: set[Pattern] = set()
    for name in modules():
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            if isinstance(value, re.Pattern) and value not in seen:
                seen.add(value)
                found[f"{name.removeprefix('unclouded.')}.{key}"] = value
    for path in (
        path
        for package in PACKAGES
        for path in (Path(unclouded.__file__).parent / package.replace(".", "/")).rglob("*.py")
    ):
        source = path.read_text("utf-8")
        for node in ast.walk(ast.parse(source if USED.search(source) else "")):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name("re"), attr="search" | "match" | "fullmatch" | "sub" | "split"),
                    args=[ast.Constant(value=str() | bytes() as text), *_],
                ):
                    found[f"{path.stem}:{node.lineno}"] = re.compile(text)
    return found


class TooManyStepsError(Exception):
    """More than any linear expression takes."""


class Matcher:
    """Matches an expression as Python's engine does, by backtracking, and counts the steps."""

    def __init__(self, pattern: Pattern) -> None:
        self.steps = 0
        self._tree = _parser.parse(pattern.pattern, pattern.flags)
        self._flags = pattern.flags
        self._is_text = isinstance(pattern.pattern, str)
        self._text = ""
        self._groups: dict[int, str] = {}

    def find_all(self, text: str) -> int:
        """The steps to find every match in the text."""
        self.steps, self._text = 0, text
        at = 0
        while at <= len(text):
            self.steps += 1
            ends: list[int] = []
            matches = self._match(self._tree, 0, at, _keep(ends))
            at = max(ends[0], at + 1) if matches else at + 1
        return self.steps

    def alphabet(self) -> list[str]:
        """Characters that matter to the expression, and one that should not."""
        found = dict.fromkeys(_characters(self._tree))
        return [*list(found)[: ALPHABET - 1], next(one for one in "~!xy" if one not in found)]

    # --- inside -----------------------------------------------------------------------------------

    def _match(self, tree: Sequence[Any], i: int, at: int, then: Callable[[int], bool]) -> bool:
        """Whether the elements from ``i`` on match here, and what comes then does too."""
        self.steps += 1
        if self.steps > STEP_LIMIT:
            raise TooManyStepsError
        if i == len(tree):
            return then(at)
        op, value = tree[i]
        name = str(op)
        go_on = lambda end: self._match(tree, i + 1, end, then)  # noqa: E731
        match name:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN" | "RANGE" | "CATEGORY":
                return at < len(self._text) and self._is_one(name, value, self._text[at]) and go_on(at + 1)
            case "AT":
                return self._is_place(str(value), at) and go_on(at)
            case "SUBPATTERN":
                return self._match(value[3], 0, at, lambda end: self._keep_group(value[0], at, end) and go_on(end))
            case "GROUPREF":
                same = self._groups.get(value)
                return same is not None and self._text.startswith(same, at) and go_on(at + len(same))
            case "BRANCH":
                return any(self._match(branch, 0, at, go_on) for branch in value[1])
            case "MAX_REPEAT":
                return self._repeat(*value, 0, at, go_on)
            case "POSSESSIVE_REPEAT":
                return go_on(self._possessive(*value, at)) if self._possessive(*value, at) >= 0 else False
            case "ATOMIC_GROUP":
                ends: list[int] = []
                return self._match(value, 0, at, _keep(ends)) and go_on(ends[0])
            case "ASSERT" | "ASSERT_NOT":
                back = 0 if value[0] == 1 else value[1].getwidth()[0]
                found = at >= back and self._match(value[1], 0, at - back, lambda end: not back or end == at)
                return found is (name == "ASSERT") and go_on(at)
        raise NotImplementedError(name)

    def _keep_group(self, number: int | None, start: int, end: int) -> bool:
        if number is not None:
            self._groups[number] = self._text[start:end]
        return True

    def _repeat(
        self, least: int, most: int, body: Sequence[Any], done: int, at: int, then: Callable[[int], bool]
    ) -> bool:
        again = lambda end: end > at and self._repeat(least, most, body, done + 1, end, then)  # noqa: E731
        if done < most and self._match(body, 0, at, again):
            return True
        return done >= least and then(at)

    def _possessive(self, least: int, most: int, body: Sequence[Any], at: int) -> int:
        """Where the repeats end; -1 = there are too few."""
        done = 0
        while done < most:
            ends: list[int] = []
            if not self._match(body, 0, at, _keep(ends)) or ends[0] == at:
                break
            at, done = ends[0], done + 1
        return at if done >= least else -1

    def _is_place(self, place: str, at: int) -> bool:
        by_lines = bool(self._flags & re.MULTILINE)
        if place in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            return at == 0 or (by_lines and place == "AT_BEGINNING" and self._text[at - 1] == "\n")
        if place in ("AT_END", "AT_END_STRING"):
            return at == len(self._text) or (by_lines and place == "AT_END" and self._text[at] == "\n")
        raise NotImplementedError(place)

    def _is_one(self, name: str, value: Any, one: str) -> bool:
        match name:
            case "LITERAL" | "NOT_LITERAL":
                same = ord(one) == value or (self._flags & re.IGNORECASE and one.lower() == chr(value).lower())
                return bool(same) is (name == "LITERAL")
            case "ANY":
                return one != "\n" or bool(self._flags & re.DOTALL)
            case "RANGE":
                return value[0] <= ord(one) <= value[1]
            case "CATEGORY":
                kind = str(value).removeprefix("CATEGORY_")
                is_kind = {"DIGIT": str.isdigit, "SPACE": str.isspace, "WORD": str.isalnum}[kind.removeprefix("NOT_")]
                return is_kind(one) is not kind.startswith("NOT_")
        negated = bool(value) and str(value[0][0]) == "NEGATE"
        return any(self._is_one(str(op), item, one) for op, item in value[negated:]) is not negated


def _keep(ends: list[int]) -> Callable[[int], bool]:
    def keep(end: int) -> bool:
        ends.append(end)
        return True

    return keep


def _characters(tree: Any) -> Iterator[str]:
    if isinstance(tree, tuple) and len(tree) == 2 and isinstance(tree[0], _constants._NamedIntConstant):
        op, value = str(tree[0]), tree[1]
        if op in ("LITERAL", "NOT_LITERAL"):
            yield chr(value)
        elif op == "RANGE":
            yield chr(value[0])
        elif op == "CATEGORY":
            yield {"SPACE": " ", "DIGIT": "0", "WORD": "a"}[str(value).removeprefix("CATEGORY_").removeprefix("NOT_")]
        elif not isinstance(value, int) and value is not None:
            yield from _characters(value)
    elif isinstance(tree, list | tuple | _parser.SubPattern):
        for one in tree:
            yield from _characters(one)


def words(matcher: Matcher, longest: int) -> Iterator[tuple[str, str]]:
    """A beginning, and a word to repeat."""
    alphabet = matcher.alphabet()
    for length in range(1, longest + 1):
        for letters in itertools.product(alphabet, repeat=length):
            yield "", "".join(letters)
            if length < longest - 1:
                yield from ((first, "".join(letters)) for first in alphabet)


def superlinear(pattern: Pattern, longest: int = WORD) -> list[tuple[str, str, int, int]]:
    """The texts for which the steps grow faster than the text."""
    matcher = Matcher(pattern)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        found = []
        other = matcher.alphabet()[-1]
        for first, word in words(matcher, longest):
            try:
                texts = [first + word * (size // len(word)) + other for size in (TEXT, 2 * TEXT)]
                small, large = map(matcher.find_all, texts)
            except TooManyStepsError:
                return [*found, (first, word, 0, STEP_LIMIT)]
            if large > max(MOST_STEPS * small, FEW_STEPS * 2 * TEXT):
                found.append((first, word, small, large))
                if len(found) == ENOUGH:
                    break
        return found
    finally:
        sys.setrecursionlimit(limit)


PATTERNS = patterns()


@pytest.mark.parametrize("name", PATTERNS)
def test_the_steps_of_an_expression_grow_no_faster_than_the_text(name: str) -> None:
    assert superlinear(PATTERNS[name], SHORT_WORD if name.startswith("formats.") else WORD) == []


@pytest.mark.parametrize(
    "expression",
    [
        rb'"[^"\\]*\\(?:[^"\\]|\\.)*"\s*:',  # 17 s for 24 kB, until this test was written
        rb'"(?:[^"\\]|\\.)*"',
        r"\s+$",
        r"a*b",
        r"(?:x+y?)+z",
    ],
)
def test_the_measure_finds_expressions_that_are_not_linear(expression: str | bytes) -> None:
    assert superlinear(re.compile(expression, re.DOTALL))


@pytest.mark.parametrize("expression", [r"[^,]+", r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', r"a{1,8}b", r"(?:ab|a)c"])
def test_the_measure_accepts_expressions_that_are_linear(expression: str) -> None:
    assert superlinear(re.compile(expression, re.DOTALL)) == []
