"""Values of Tuya's data points in texts: by their numbers, in JSON, as Python prints them, and in Zigbee frames.

{"dps": {"1": true, "20": 2301}}      Received Payload: {'dps': {'1': True}}        tinytuya, localtuya, tuya-local
{"properties": [{"dp_id": 6, "value": "CPwAAccAALU="}]}                             Tuya's cloud
cluster 'manuSpecificTuya', data '{"dpValues":[{"dp":18,"datatype":2,"data":…}]}'   zigbee2mqtt
[0xB4E7:1:0xef00] Received ZCL frame: b'\\tB\\x01\\x00>\\x1c\\x02\\x00\\x04…'               zigpy
Payload 00440202000400000064                                                        deCONZ, Hubitat
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from unclouded.formats.documents.literals import unescaped
from unclouded.formats.line_collector import LineCollector
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.objects import ObjectEnds, value_of
from unclouded.formats.text.stamps import stamp_of

DPS = re.compile(r"""(?:["']dps["']|(?<!\w)DPS)\s{0,4}:\s{0,8}(?P<object>\{)""")
PROPERTIES = re.compile(r"""["']properties["']\s{0,4}:\s{0,8}(?P<object>\[)""")
Z2M = re.compile(r"""manuSpecificTuya\w{0,8}'?,\s{0,4}data\s{1,4}'(?P<object>\{)""")
ZCL = re.compile(
    r"""0xef00\][^\n]{0,64}ZCL frame: (?P<object>b'(?:[^'\\\n]|\\.)*'|b"(?:[^"\\\n]|\\.)*")""", re.IGNORECASE
)
PAYLOAD = re.compile(
    r"(?<!\w)(?i:payload)[ :=]{1,3}(?P<object>00[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{2}){4,250})(?!\w)(?=[^\n]{0,8}$)",
    re.MULTILINE,
)
STAMPED = re.compile(r"(?:\w{1,8} )?(?=[\d\[])")
MOST_POINT = 255
RAW, BOOL, VALUE, STRING, ENUM, BITMAP = range(6)
NOTE = "values, no frames"
Fields = dict[str, Any]  # wire key -> value, JSON types


def records(data: bytes) -> Fields | None:
    """The data points that these bytes are; None where they are not filled exactly."""
    fields: Fields = {}
    at = 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at + 2 : at + 4])
        value = data[at + 4 : at + 4 + size]
        if len(value) < size or data[at + 1] > BITMAP:
            return None
        fields[str(data[at])] = value_of_type(data[at + 1], value)
        at += 4 + size
    return fields if at == len(data) and fields else None


def value_of_type(type: int, data: bytes) -> Any:  # JSON types
    """The value of a data point of a type."""
    if type == BOOL:
        return any(data)
    if type == STRING:
        return data.decode("utf-8", "replace")
    if type == RAW or len(data) > 8:
        return data.hex()
    return int.from_bytes(data, signed=type == VALUE)


def _points(found: Any) -> Fields:
    """Of an object by numbers."""
    fields = found if isinstance(found, dict) else {}
    return {key: value for key, value in fields.items() if key.isdecimal() and not isinstance(value, dict | list)}


def _properties(found: Any) -> Fields:
    """Of a list of properties."""
    fields = {}
    for one in found if isinstance(found, list) else []:
        id = one.get("dp_id", one.get("dpId")) if isinstance(one, dict) else None
        if isinstance(id, int) and "value" in one:
            fields[str(id)] = one["value"]
    return fields


def _zigbee(found: Any) -> Fields:
    """Of a message of the cluster, in its three forms."""
    many = found.get("dpValues") if isinstance(found, dict) else None
    fields: Fields = {}
    for one in many if isinstance(many, list) else [found]:
        point = one.get("dp") if isinstance(one, dict) else None
        data = _buffer(one.get("data")) if isinstance(one, dict) else None
        if isinstance(point, int) and data is not None:
            type = one.get("datatype")
            if not isinstance(type, int):  # the oldest form: type and number in one
                type, point = point >> 8, point & MOST_POINT
            fields[str(point)] = value_of_type(type, data)
    return fields


def _buffer(value: Any) -> bytes | None:
    numbers = value.get("data") if isinstance(value, dict) else value
    try:
        return bytes(numbers) if isinstance(numbers, list) else None
    except (TypeError, ValueError):
        return None


def _zcl(text: str) -> Fields:
    """Of a frame of the cluster: control, number, command, status, number, data points."""
    return records(unescaped(text[2:-1])[5:]) or {}


def _payload(text: str) -> Fields:
    """Of a payload in hex: status, number, data points."""
    return records(bytes.fromhex(text)[2:]) or {}


class ValueForm:
    """A way to print values: what begins it, and what reads it. ``whole``: the match holds all of it."""

    def __init__(self, pattern: re.Pattern[str], read: Callable[[Any], Fields], *, whole: bool = False) -> None:
        self.pattern = pattern
        self._read = read
        self._is_whole = whole

    def found(self, text: str) -> Iterator[tuple[int, Fields]]:
        """Where values begin, and they."""
        at, ends = 0, ObjectEnds(text)
        while (found := self.pattern.search(text, at)) is not None:
            at = found.end()
            fields = self._read(found["object"] if self._is_whole else _inner(text, found.start("object"), ends))
            if fields:
                yield found.start(), fields


def _inner(text: str, start: int, ends: ObjectEnds) -> Any:  # JSON types
    """The object that begins at a place of the text; None where it does not end."""
    end = ends.end(start)
    return value_of(text[start:end]) if end else None


def recognise(forms: tuple[ValueForm, ...], source: InputSource) -> float:
    """1 where one of the forms is in the text."""
    text = source.text or ""
    return 1.0 if any(form.pattern.search(text) for form in forms) else 0.0


def read(forms: tuple[ValueForm, ...], source: InputSource) -> FormatReading:
    """The values of data points that one of the forms finds in a text, each with its line and time."""
    collector = LineCollector(source)
    text = collector.text
    number = last = 0
    found = sorted((one for form in forms for one in form.found(text)), key=lambda one: one[0])
    number = 1
    for start, fields in found:
        number += text.count("\n", last, start)
        last = start
        collector.explained += 1
        collector.values(number, _time(collector, text, start), fields)
    if collector.contents:
        collector.notes.append(NOTE)
    return collector.reading()


def _time(collector: LineCollector, text: str, start: int) -> float | None:
    """The time at the beginning of the line."""
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin : min(begin + 64, start)]
    lead = STAMPED.match(line)
    stamp = stamp_of(line[lead.end() :]) if lead is not None else None
    return collector.at(stamp.at, stamp.kind) if stamp is not None and stamp.kind != "run" else None


def _format(name: str, title: str, *forms: ValueForm) -> InputFormat:
    return InputFormat(
        name=name,
        group="values",
        title=title,
        specificity=Specificity.PROGRAM,
        recognise=lambda source: recognise(forms, source),
        read=lambda source: read(forms, source),
    )


FORMATS = (
    _format("dps", "values of Tuya data points", ValueForm(DPS, _points), ValueForm(PROPERTIES, _properties)),
    _format(
        "zigbee_tuya",
        "values of Tuya data points in Zigbee messages",
        ValueForm(Z2M, _zigbee),
        ValueForm(ZCL, _zcl, whole=True),
        ValueForm(PAYLOAD, _payload, whole=True),
    ),
)
