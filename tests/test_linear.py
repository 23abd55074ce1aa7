"""The cost of hostile input grows no faster than its size: operations are counted, not seconds.

Two measures, since an operation is either one of Python or one inside a regular expression:

    calls    of functions, by the profiler, of every redactor, decoder and parser over hostile texts of two sizes
    steps    of every regular expression, by the backtracking matcher below, which counts each attempt to match one
             element at one place, over repeated words of the characters that the expression names
"""

import ast
import contextlib
import cProfile
import functools
import importlib
import itertools
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from re import _constants, _parser  # the parser of the expressions themselves
from typing import Any

import pytest

import unclouded
from unclouded import families
from unclouded.core.errors import UncloudedError
from unclouded.core.family import Dialect, Family, Layout, Piece, Sender
from unclouded.core.sessions.session import Ambient, LinkPath
from unclouded.families import meross
from unclouded.families.meross.wire.envelope import request
from unclouded.links.broker.tls_policy import read_hello
from unclouded.links.http.reply import ReplyReader
from unclouded.links.mqtt.codec import Parser
from unclouded.links.url import parse as parse_url
from unclouded.recording.capture import CaptureReader

MODULES = ("core.views.json_parts",)  # beside them
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

SMALL, LARGE = 250, 1_000  # bytes
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

Reader = Callable[[bytes], object]


def calls(read: Reader, data: bytes) -> int:
    """How many functions are called while this is read; an error of the program ends the reading."""
    profile = cProfile.Profile()
    with contextlib.suppress(UncloudedError), profile:
        read(data)
    return sum(entry.callcount for entry in profile.getstats())


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
    dialects: dict[str, Family | Dialect] = {"": family, **family.dialects}
    senders: tuple[Sender | None, ...] = (None, "device", "controller")
    for (name, dialect), sender in itertools.product(dialects.items(), senders):
        title = f"{family.name} {name} {sender or 'unknown sender'}"
        for how, read in streams(lambda dialect=dialect, sender=sender: dialect.decoder(sender)):  # type: ignore[misc]
            if how == "in pieces" or sender is None:
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
        "links: TLS hello": read_hello,
        "links: address": lambda data: parse_url(data.decode("latin-1")),
        "recording: capture": lambda data: list(CaptureReader(data.splitlines())),
        "recording: capture lines": lambda data: list(CaptureReader((CAPTURE + data).splitlines())),
    }


READERS = readers()


@pytest.mark.parametrize("name", READERS)
def test_the_calls_for_hostile_input_grow_no_faster_than_the_input(name: str) -> None:
    read = READERS[name]
    for word in WORDS:  # what is made once is made
        with contextlib.suppress(UncloudedError):
            read(word * 2)
    worse = {}
    for word in WORDS:
        few, many = (calls_per_byte * LARGE for calls_per_byte in CALLS_PER_BYTE)
        if (large := calls(read, word * (LARGE // len(word)))) <= few:
            continue
        small = calls(read, word * (SMALL // len(word)))
        if large > many or large > MOST * LARGE / SMALL * small:
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
BOUNDED_WORD = 2  # the same where no repeat is long: the steps of one place are bounded, whatever the text is
LONG_REPEAT = 16  # characters: a repeat of more may take steps that grow with the text

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


Then = Callable[[int], bool]
Element = Callable[[int, Then], bool]  # whether it matches at a place, and what comes then does too


class Matcher:
    """Matches an expression as Python's engine does, by backtracking, and counts the steps.

    Each element becomes a function once; the repeats of one character are counted without calls.
    """

    def __init__(self, pattern: Pattern) -> None:
        self.steps = 0
        self._tree = _parser.parse(pattern.pattern, pattern.flags)
        self._flags = pattern.flags
        self._text = ""
        self._groups: dict[int, str] = {}
        self._start = self._sequence(self._tree)

    def find_all(self, text: str) -> int:
        """The steps to find every match in the text."""
        self.steps, self._text = 0, text
        at = 0
        while at <= len(text):
            self.steps += 1
            ends: list[int] = []
            matches = self._start(at, _keep(ends))
            at = max(ends[0], at + 1) if matches else at + 1
        return self.steps

    def has_long_repeats(self) -> bool:
        return any(most > LONG_REPEAT for most in _repeats(self._tree))

    def alphabet(self) -> list[str]:
        """Characters that matter to the expression, and one that should not."""
        found = dict.fromkeys(_characters(self._tree))
        return [*list(found)[: ALPHABET - 1], next(one for one in "~!xy" if one not in found)]

    # --- inside -----------------------------------------------------------------------------------

    def _count(self, steps: int = 1) -> None:
        self.steps += steps
        if self.steps > STEP_LIMIT:
            raise TooManyStepsError

    def _sequence(self, tree: Sequence[Any]) -> Element:
        """All elements, one after the other; the end is a step, too."""

        def end(at: int, then: Then) -> bool:
            self._count()
            return then(at)

        element: Element = end
        for op, value in reversed(list(tree)):
            element = self._before(self._element(str(op), value), element)
        return element

    def _before(self, first: Element, rest: Element) -> Element:
        def both(at: int, then: Then) -> bool:
            self._count()
            return first(at, lambda end: rest(end, then))

        return both

    def _element(self, name: str, value: Any) -> Element:
        match name:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN" | "RANGE" | "CATEGORY":
                fits = self._character(name, value)
                return lambda at, then: at < len(self._text) and fits(self._text[at]) and then(at + 1)
            case "AT":
                return lambda at, then: self._is_place(str(value), at) and then(at)
            case "SUBPATTERN":
                group, inner = value[0], self._sequence(value[3])
                return lambda at, then: inner(at, lambda end: self._keep_group(group, at, end) and then(end))
            case "GROUPREF":
                return lambda at, then: self._is_again(value, at) and then(at + len(self._groups[value]))
            case "BRANCH":
                branches = [self._sequence(branch) for branch in value[1]]
                return lambda at, then: any(branch(at, then) for branch in branches)
            case "MAX_REPEAT" | "POSSESSIVE_REPEAT":
                return self._repeat(name == "POSSESSIVE_REPEAT", *value)
            case "MIN_REPEAT":
                return self._lazy(value[0], value[1], self._sequence(value[2]))
            case "ATOMIC_GROUP":
                return self._atomic(self._sequence(value))
            case "ASSERT" | "ASSERT_NOT":
                return self._look(name == "ASSERT", value[0] != 1, value[1])
        raise NotImplementedError(name)

    def _keep_group(self, number: int | None, start: int, end: int) -> bool:
        if number is not None:
            self._groups[number] = self._text[start:end]
        return True

    def _is_again(self, number: int, at: int) -> bool:
        same = self._groups.get(number)
        return same is not None and self._text.startswith(same, at)

    def _atomic(self, inner: Element) -> Element:
        def atomic(at: int, then: Then) -> bool:
            ends: list[int] = []
            return inner(at, _keep(ends)) and then(ends[0])

        return atomic

    def _look(self, wanted: bool, behind: bool, tree: Any) -> Element:
        back, inner = tree.getwidth()[0] if behind else 0, self._sequence(tree)

        def look(at: int, then: Then) -> bool:
            found = at >= back and inner(at - back, lambda end: not back or end == at)
            return found is wanted and then(at)

        return look

    def _repeat(self, possessive: bool, least: int, most: int, tree: Sequence[Any]) -> Element:
        name, value = str(tree[0][0]), tree[0][1]
        if len(tree) == 1 and name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._characters(possessive, least, most, self._character(name, value))
        inner = self._sequence(tree)
        return self._possessive(least, most, inner) if possessive else self._greedy(least, most, inner)

    def _characters(self, possessive: bool, least: int, most: int, fits: Callable[[str], bool]) -> Element:
        """Two steps for each character, as for any other element: it, and the end of what is repeated."""

        def repeat(at: int, then: Then) -> bool:
            end, last = at, min(len(self._text), at + int(most))
            while end < last and fits(self._text[end]):
                end += 1
            self._count(2 * (end - at) + (end - at < most))
            ends = range(end, end - 1 if possessive else at + least - 1, -1)
            return end - at >= least and any(then(one) for one in ends)

        return repeat

    def _greedy(self, least: int, most: int, inner: Element) -> Element:
        def repeat(done: int, at: int, then: Then) -> bool:
            again = lambda end: end > at and repeat(done + 1, end, then)  # noqa: E731
            if done < most and inner(at, again):
                return True
            return done >= least and then(at)

        return lambda at, then: repeat(0, at, then)

    def _lazy(self, least: int, most: int, inner: Element) -> Element:
        def repeat(done: int, at: int, then: Then) -> bool:
            again = lambda end: end > at and repeat(done + 1, end, then)  # noqa: E731
            return (done >= least and then(at)) or (done < most and inner(at, again))

        return lambda at, then: repeat(0, at, then)

    def _possessive(self, least: int, most: int, inner: Element) -> Element:
        def repeat(at: int, then: Then) -> bool:
            done = 0
            while done < most:
                ends: list[int] = []
                if not inner(at, _keep(ends)) or ends[0] == at:
                    break
                at, done = ends[0], done + 1
            return done >= least and then(at)

        return repeat

    def _is_place(self, place: str, at: int) -> bool:
        by_lines = bool(self._flags & re.MULTILINE)
        if place in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            return at == 0 or (by_lines and place == "AT_BEGINNING" and self._text[at - 1] == "\n")
        if place in ("AT_END", "AT_END_STRING"):
            return at == len(self._text) or (by_lines and place == "AT_END" and self._text[at] == "\n")
        raise NotImplementedError(place)

    def _character(self, name: str, value: Any) -> Callable[[str], bool]:
        return functools.cache(lambda one: self._is_one(name, value, one))

    def _is_one(self, name: str, value: Any, one: str) -> bool:
        match name:
            case "LITERAL" | "NOT_LITERAL":
                same = ord(one) == value or (self._flags & re.IGNORECASE and one.lower() == chr(value).lower())
                return bool(same) is (name == "LITERAL")
            case "ANY":
                return one != "\n" or bool(self._flags & re.DOTALL)
            case "RANGE":
                return bool(value[0] <= ord(one) <= value[1])
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


def _repeats(tree: Any) -> Iterator[int]:
    """How often each part may be repeated."""
    if isinstance(tree, tuple) and len(tree) == 2 and isinstance(tree[0], _constants._NamedIntConstant):
        if str(tree[0]).endswith("_REPEAT"):
            yield int(tree[1][1])
        yield from _repeats(tree[1])
    elif isinstance(tree, list | tuple | _parser.SubPattern):
        for one in tree:
            yield from _repeats(one)


def words(matcher: Matcher, longest: int) -> Iterator[tuple[str, str]]:
    """A beginning, and a word to repeat."""
    alphabet = matcher.alphabet()
    for length in range(1, longest + 1):
        for letters in itertools.product(alphabet, repeat=length):
            word = "".join(letters)
            if word in (word + word)[1:-1]:
                continue  # a shorter one repeated
            yield "", word
            if length < longest - 1:
                yield from ((first, word) for first in alphabet)


def superlinear(pattern: Pattern, longest: int = WORD) -> list[tuple[str, str, int, int]]:
    """The texts for which the steps grow faster than the text."""
    matcher = Matcher(pattern)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        found: list[tuple[str, str, int, int]] = []
        other = matcher.alphabet()[-1]
        for first, word in words(matcher, longest if matcher.has_long_repeats() else BOUNDED_WORD):
            try:
                large = matcher.find_all(first + word * (2 * TEXT // len(word)) + other)
                if large <= FEW_STEPS * 2 * TEXT:
                    continue
                small = matcher.find_all(first + word * (TEXT // len(word)) + other)
            except TooManyStepsError:
                return [*found, (first, word, 0, STEP_LIMIT)]
            if large > MOST_STEPS * small:
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
