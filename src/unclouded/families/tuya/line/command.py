"""The command table of a Tuya dialect: one declarative row per command, and everything that follows from the rows.

    code[/sub] | name | who starts | request | response | answered by | time-out | tries | since

A row is a CommandSpec. Its two Payloads describe each direction: the text for people, the shape for
the framer, the reader for messages, and what of it is secret. A CommandTable derives the rest: framer shapes, readers,
which frame answers which request, names, secrets, and the rows of the verb ``commands`` and of the docs' tables.
Source: docs/protocols/tuya_wifi.md §2.4; docs/protocols/tuya_low_power.md §3; docs/protocols/tuya_gateway.md §2.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from unclouded.core.family import CommandRow, Initiator, Sender, section_of
from unclouded.families.tuya.line.fields import JSON, POINTS, REST, Field
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import Secret, Secrets, redacted, secret_in
from unclouded.families.tuya.line.shapes import (
    BULK_CAP,
    GATEWAY_BULK_CAP,
    OTHER,
    OTHER_CAP,
    UNITS_CAP,
    DialectShapes,
    Shape,
)

ANSWER_TIMEOUT_S = 0.3  # for an answer where the sources give no other; docs/protocols/tuya_wifi.md §2.3.2
SLOW_ANSWER_TIMEOUT_S = 1.0  # on a battery device's line, and for what a module does first; tuya_low_power.md §2.2
BLOCK_TIMEOUT_S = 5.0  # for an answer to a block of an update; docs/protocols/tuya_wifi.md §2.4.12
STORE_TIMEOUT_S = 6.0  # what goes to the cloud fails after 5 s; docs/protocols/tuya_wifi.md §2.3.2
SCAN_TIMEOUT_S = 10.0  # that a scan for networks or Bluetooth may take
BLOCK_TRIES = 4  # one and three resends; docs/protocols/tuya_wifi.md §2.3.2

OTHER_SENDER: Mapping[Sender, Sender] = {"controller": "device", "device": "controller"}


class Message(Protocol):
    """A typed payload."""

    @property
    def command(self) -> int:
        """Its number on the wire."""

    def payload(self) -> bytes:
        """Its bytes behind the head of the frame."""


Reader = Callable[[Frame], Message | None]  # None, or a ValueError or IndexError: the payload is not that message


class Payload(msgspec.Struct, frozen=True):
    """What one direction of a command carries.

    ``read`` None: its layout is not known, or its fields are not needed. ``sent`` False: no such frame exists; None: no
    source describes one, and one is tolerated. ``fields``: in the order of the bytes, behind the sub-command.
    """

    text: str
    shape: Shape = OTHER
    read: Reader | None = None
    secret: Secret | None = None
    json: bool = False
    sent: bool | None = True
    fields: tuple[Field, ...] = (("data", REST),)


def none(text: str = "none") -> Payload:
    """No answer of its own."""
    return Payload(text, sent=False)


def short(text: str, size: int, read: Reader | None = None, fields: tuple[Field, ...] = ()) -> Payload:
    """At most so many bytes."""
    return Payload(text, Shape(size), read, fields=fields)


def units(
    text: str, read: Reader | None = None, before: tuple[int, ...] = (), fields: tuple[Field, ...] = ()
) -> Payload:
    """Data points; ``before``: what stands before them, see Shape; ``fields``: the same with their names."""
    return Payload(text, Shape(UNITS_CAP, units=True, before=before), read, fields=(*fields, POINTS))


def bulk(
    text: str,
    read: Reader | None = None,
    cap: int = BULK_CAP,
    secret: Secret | None = None,
    fields: tuple[Field, ...] = (("data", REST),),
) -> Payload:
    """Anything, a whole frame too."""
    return Payload(text, Shape(cap, bulk=True), read, secret, fields=fields)


def gateway_bulk(text: str, secret: Secret | None = None) -> Payload:
    """The same on a gateway's line, where an id may stand before it."""
    return bulk(text, cap=GATEWAY_BULK_CAP, secret=secret)


def json(text: str, read: Reader | None = None, secret: Secret | None = None) -> Payload:
    """A payload that is a JSON object. ``secret``: which of its members are never shown."""
    return Payload(text, OTHER, read, secret, json=True, fields=(JSON,))


NOT_KNOWN = Payload("not known")


class CommandSpec(msgspec.Struct, frozen=True):
    """One command of a dialect.

    ``answered_by``: another code that answers it; else its own does, unless its ``response`` is never sent.
    ``timeout_s``: how long the answer may take; 0 = no source requires one. ``tries``: how often a
    request is sent before it has failed. ``shortest_answer``: bytes; a shorter one is the request itself, echoed.
    ``by_points``: request and answer carry data points, and an answer is one that has a point of the request.
    ``pushed``: why the other end may send the answer unasked; "" = it may not. ``since``: revision of the protocol.
    ``section``: of the dialect's page that describes it.
    """

    code: int
    name: str
    initiator: Initiator
    request: Payload = NOT_KNOWN
    response: Payload = NOT_KNOWN
    sub: int | None = None
    answered_by: int | None = None
    timeout_s: float = 0.0
    tries: int = 1
    shortest_answer: int = 0
    by_points: bool = False
    pushed: str = ""
    since: str = ""
    section: str = ""

    @property
    def answer(self) -> int | None:
        """The code that answers it; None = nothing does."""
        return self.code if self.answered_by is None and self.response.sent else self.answered_by

    @property
    def senders(self) -> tuple[Sender, ...]:
        """Who may start it."""
        return ("controller", "device") if self.initiator == "both" else (self.initiator,)

    def payloads(self, sender: Sender | None) -> tuple[Payload, ...]:
        """What a frame of it may carry, the likelier one first: an answer may have the code of its request."""
        is_answer = sender is not None and sender not in self.senders
        both = (self.response, self.request) if is_answer else (self.request, self.response)
        return tuple(payload for payload in both if payload.sent is not False) or both

    def matches(self, frame: Frame) -> bool:
        """Whether this frame of the other end answers the command; of data points the caller compares the ids."""
        if frame.command != self.answer or len(frame.payload) < self.shortest_answer:
            return False
        return self.sub is None or frame.payload[:1] == bytes((self.sub,))

    def row(self, page: str) -> CommandRow:
        """For people. ``page``: the one of the dialect."""
        return CommandRow(
            code=self.code,
            sub=self.sub,
            name=self.name,
            initiator=self.initiator,
            request=self.request.text,
            response=self.response.text,
            answer=self.answer,
            timeout_s=self.timeout_s or None,
            since=self.since,
            section=section_of(page, self.section),
        )


Key = tuple[int, int | None]  # code, sub-command


class CommandTable:
    """The commands of one dialect.

    ``unknown``: makes the message of a frame without a known meaning, of its code and payload. ``names``: of codes with
    sub-commands, what the whole is called. ``page``: of the docs that describes the dialect.
    """

    def __init__(
        self,
        name: str,
        specs: Iterable[CommandSpec],
        unknown: Callable[[int, bytes], Message],
        names: Mapping[int, str] | None = None,
        *,
        page: str,
    ) -> None:
        self.name = name
        self.specs = tuple(specs)
        self.rows = tuple(spec.row(page) for spec in self.specs)
        self.with_sub = frozenset(spec.code for spec in self.specs if spec.sub is not None)
        self.shapes = DialectShapes(name, _shapes(self.specs))
        self.secrets = _secrets(self.specs)
        self._by_key: dict[Key, CommandSpec] = {(spec.code, spec.sub): spec for spec in self.specs}
        self._names = {spec.code: spec.name for spec in self.specs if spec.sub is None} | dict(names or {})
        self._readers = _readers(self.specs)
        self._unknown = unknown

    # --- rows ------------------------------------------------------------------------------------

    def spec(self, code: int, sub: int | None = None) -> CommandSpec:
        """The command. Raises KeyError where there is none."""
        return self._by_key[code, sub]

    def of(self, code: int, payload: bytes) -> CommandSpec | None:
        """The command of a frame."""
        return self._by_key.get((code, self.sub_of(code, payload)))

    def started_by(self, sender: Sender, code: int, sub: int | None = None) -> CommandSpec | None:
        """The command, if that sender may start it."""
        spec = self._by_key.get((code, sub))
        return spec if spec is not None and sender in spec.senders else None

    def sub_of(self, code: int, payload: bytes) -> int | None:
        """The sub-command byte, of commands that have one."""
        return payload[0] if code in self.with_sub and payload else None

    def name_of(self, code: int, payload: bytes = b"") -> str:
        """What people call a command; "" where it is not known. A payload's first byte is enough."""
        spec = self._by_key.get((code, self.sub_of(code, payload)))
        return spec.name if spec is not None else self._names.get(code, "")

    # --- frames ----------------------------------------------------------------------------------

    def read(self, sender: Sender, frame: Frame) -> Message:
        """The meaning of a frame. Never fails: what has no known meaning, or not the shape it should, is unknown."""
        reader = self._readers[sender].get(frame.command)
        try:
            message = reader(frame) if reader is not None else None
        except (IndexError, ValueError, OverflowError):  # too short, not UTF-8, units that do not fit
            message = None
        return message or self._unknown(frame.command, frame.payload)

    def secret_of(self, frame: Frame) -> Secret | None:
        """What is secret in a frame, whoever sends it; None = nothing."""
        return secret_in(frame, self.secrets)

    def without_secrets(self, frame: Frame) -> Frame:
        """The frame itself where there are none in it, whoever sends it."""
        return redacted(frame, self.secrets)


# --- inside -----------------------------------------------------------------------------------------


def _payloads(specs: Sequence[CommandSpec]) -> Iterable[tuple[CommandSpec, Payload]]:
    for spec in specs:
        yield spec, spec.request
        if spec.response.sent and spec.answered_by is None:
            yield spec, spec.response


def _shapes(specs: Sequence[CommandSpec]) -> dict[int, Shape]:
    """By code, what a frame in either direction may hold; what is not listed has the shape OTHER."""
    by_code: dict[int, list[Shape]] = {}
    for spec, payload in _payloads(specs):
        by_code.setdefault(spec.code, []).append(payload.shape)
    merged = {code: _merged(shapes) for code, shapes in by_code.items()}
    return {code: shape for code, shape in merged.items() if shape != OTHER}


def _merged(shapes: Sequence[Shape]) -> Shape:
    """Bulk if one direction is; units, with short answers beside them; else anything up to the longest of them."""
    with_units = [shape for shape in shapes if shape.units]
    if with_units:
        plain = max((shape.cap for shape in shapes if not shape.units), default=-1)
        return msgspec.structs.replace(with_units[0], plain=plain)
    longest = max((OTHER, *shapes), key=lambda shape: shape.cap)
    return next((shape for shape in shapes if shape.bulk), longest)


def _secrets(specs: Sequence[CommandSpec]) -> Secrets:
    """By code and sub-command. What is no longer than the payload of the other direction holds none."""
    found: dict[Key, Secret] = {}
    for spec in specs:
        for mine, other in ((spec.request, spec.response), (spec.response, spec.request)):
            if mine.secret is not None:
                least = max(mine.secret.head, other.shape.cap if other.shape.cap < OTHER_CAP and other.sent else 0)
                found[spec.code, spec.sub] = msgspec.structs.replace(mine.secret, longer_than=least)
    return found


def _readers(specs: Sequence[CommandSpec]) -> Mapping[Sender, Mapping[int, Reader]]:
    """By sender and code."""
    found: dict[Sender, dict[int, dict[int | None, Reader]]] = {"controller": {}, "device": {}}
    for spec in specs:
        for sender in spec.senders:
            for end, payload in ((sender, spec.request), (OTHER_SENDER[sender], spec.response)):
                if payload.read is not None:
                    found[end].setdefault(spec.code, {})[spec.sub] = payload.read
    return {end: {code: _by_sub(readers) for code, readers in codes.items()} for end, codes in found.items()}


def _by_sub(readers: Mapping[int | None, Reader]) -> Reader:
    """The one reader of a code, or one that chooses by the sub-command."""
    whole = readers.get(None)
    if whole is not None:
        return whole

    def read(frame: Frame) -> Message | None:
        reader = readers.get(frame.payload[0])
        return reader(frame) if reader is not None else None

    return read
