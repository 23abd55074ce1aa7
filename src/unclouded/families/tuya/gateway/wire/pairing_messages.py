"""The messages of pairing over the serial line. Their contents are credentials, or encrypted: never stored or shown.

    device (MCU)                                     controller (module)
    23 {s, p, t}              SerialCredentials      23 0 = ok …                 GatewayResult
    24 result, reason         BroadcastResult        24 anything                 PassThrough
    25 anything, encrypted    PassThrough            25, 28 -                    Bare
    27 0 or 1                 PhoneLink              26 anything, encrypted      PassThrough

Source: docs/protocols/tuya_gateway.md §2.9.
"""

from typing import ClassVar

import msgspec

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import SecretJson, must
from unclouded.families.tuya.line.framing import Frame

NOT_PAIRING, BAD_JSON = 1, 2  # results of SerialCredentials


class SerialCredentials(SecretJson, frozen=True):
    """Wi-Fi name, password and token of the app."""

    command: ClassVar[int] = codes.PAIRING
    s: str
    p: str
    t: str


class PassThrough(msgspec.Struct, frozen=True):
    """Bytes between the phone's Bluetooth and the module, opaque to the MCU."""

    command: int
    data: bytes

    def payload(self) -> bytes:
        return self.data

    def __repr__(self) -> str:
        return f"PassThrough(command={self.command}, {len(self.data)} bytes)"


class BroadcastResult(msgspec.Struct, frozen=True):
    """Whether the packet was broadcast (0), or why not."""

    command: ClassVar[int] = codes.BROADCAST
    result: int
    reason: int = 0

    def payload(self) -> bytes:
        return bytes((self.result, self.reason))


class PhoneLink(msgspec.Struct, frozen=True):
    """Whether a phone is connected to the MCU."""

    command: ClassVar[int] = codes.PHONE_LINK
    connected: bool

    def payload(self) -> bytes:
        return bytes((self.connected,))


# --- reading ----------------------------------------------------------------------------------------


def read_pass_through(frame: Frame) -> PassThrough:
    return PassThrough(frame.command, frame.payload)


def read_broadcast_result(frame: Frame) -> BroadcastResult:
    must(len(frame.payload) == 2)
    return BroadcastResult(*frame.payload)


def read_phone_link(frame: Frame) -> PhoneLink:
    must(len(frame.payload) == 1 and frame.payload[0] < 2)
    return PhoneLink(frame.payload[0] == 1)
