"""Reading a recorded line of a Zigbee module: each frame explained, with its sequence number.

    55 AA 02 | 00 26 | 06 | 00 08 | 10 02 00 04 00 00 00 E1 | 2C      sequence 38: report, data point 16 is 225

No secret of this line is known. Source: docs/protocols/tuya_zigbee_module.md.
"""

from collections.abc import Mapping
from typing import Any

from unclouded.core.family import Sender
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.decoder import DialectReading, FrameReading, LineDecoder
from unclouded.families.tuya.line.fields import SEQUENCED_HEAD
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import hidden_in, veil
from unclouded.families.tuya.messages import Points, named_fields
from unclouded.families.tuya.reading import TypedReading
from unclouded.families.tuya.zigbee_module import codes
from unclouded.families.tuya.zigbee_module.commands import ZIGBEE_MODULE
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame, SequencedFramer, sequenced_frame_of

NETWORK_STATES = {0: "not joined", 1: "joined", 2: "failed", 3: "joining"}


def _no_version_is_wrong(sender: Sender | None, frame: Frame) -> str:
    return ""


def _points(message: Message) -> tuple[DataPoint, ...]:
    return message.points if isinstance(message, Points) else ()


_TYPED = TypedReading(
    ZIGBEE_MODULE,
    named_fields,
    _points,
    _no_version_is_wrong,
    meanings={(codes.NETWORK, None): {"status": NETWORK_STATES}},
)


def read(sender: Sender | None, frame: Frame) -> FrameReading:
    """The frame explained, its sequence number first."""
    reading = _TYPED.read(sender, frame)
    if reading.message is None or not isinstance(frame, SequencedFrame):
        return reading
    message: Mapping[str, Any] = {"sequence": frame.sequence, **reading.message}  # Any: JSON types
    return FrameReading(reading.sender, reading.odd, message, reading.values)


ZIGBEE_READING = DialectReading(
    shapes=ZIGBEE_MODULE.shapes,
    name_of=ZIGBEE_MODULE.name_of,
    sub_of=ZIGBEE_MODULE.sub_of,
    read=read,
    framer=lambda: SequencedFramer(ZIGBEE_MODULE.shapes),
    frame_of=sequenced_frame_of,
    head=SEQUENCED_HEAD,
)


def zigbee_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a Zigbee module and its MCU."""
    return LineDecoder(ZIGBEE_READING, sender)


def zigbee_redact(sender: Sender | None, data: bytes) -> bytes:
    """Frames as they are: no secret of this line is known. The text of noise is blanked."""
    return data if _is_frame(data) else veil(data)


def zigbee_hidden(sender: Sender | None, before: bytes, data: bytes) -> bytes:
    """Nothing of a frame; of noise what may be the rest of JSON."""
    return b"" if _is_frame(data) else hidden_in({}, before, data)


def _is_frame(data: bytes) -> bool:
    framer = SequencedFramer(ZIGBEE_MODULE.shapes)
    pieces = [*framer.feed(data), *framer.close()]
    return len(pieces) == 1 and isinstance(pieces[0], Frame)
