"""What the frames of a Tuya Wi-Fi conversation mean: the messages of the start, of reports and of the network.

The same command byte has another payload in each direction, so messages are read by (sender, command):

    controller (module)   00 -      01 -     02 -      03 status   06 points   08 -   0c/1c time   24 dBm  2b status
    device (MCU)          00 state  01 JSON  02 pins   03 -        07 points          0c/1c -      24 -    2b -

Those without a class here are in families/tuya/messages.py, the other commands' in service_messages.py; which reader
belongs to which command is in commands.py. Source: docs/protocols/tuya_wifi.md §2.4.
"""

from typing import ClassVar

import msgspec

from unclouded.core.sessions.session import LocalTime
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Clock, clock_of
from unclouded.families.tuya.wifi import codes


class Heartbeat(msgspec.Struct, frozen=True):
    """The MCU runs. ``restarted``: its first answer since it started."""

    command: ClassVar[int] = codes.HEARTBEAT
    restarted: bool

    def payload(self) -> bytes:
        return bytes((not self.restarted,))


class Mode(msgspec.Struct, frozen=True):
    """Who drives LED and key: the MCU (no pins), or the module on these of its pins."""

    command: ClassVar[int] = codes.MODE
    pins: bytes

    def payload(self) -> bytes:
        return self.pins


class ResetMode(msgspec.Struct, frozen=True):
    """Reset the network and pair: 0 EZ, 1 access point."""

    command: ClassVar[int] = codes.RESET_MODE
    mode: int

    def payload(self) -> bytes:
        return bytes((self.mode,))


class Signal(msgspec.Struct, frozen=True):
    """Signal strength in dBm; 0 = it could not be read."""

    command: ClassVar[int] = codes.SIGNAL
    dBm: int

    def payload(self) -> bytes:
        return self.dBm.to_bytes(1, signed=True)


def clock(command: int, time: LocalTime | None) -> Clock:
    """The answer to 0c (GMT) or 1c (local); None = no time is known."""
    return clock_of(command, time, local=command == codes.LOCAL_TIME)


def read_heartbeat(frame: Frame) -> Heartbeat | None:
    return Heartbeat(frame.payload == b"\0") if frame.payload in (b"\0", b"\1") else None


def read_mode(frame: Frame) -> Mode | None:
    return Mode(frame.payload) if len(frame.payload) in (0, 2, 3) else None


def read_reset_mode(frame: Frame) -> ResetMode | None:
    return ResetMode(frame.payload[0]) if frame.payload in (b"\0", b"\1") else None


def read_signal(frame: Frame) -> Signal | None:
    return Signal(int.from_bytes(frame.payload, signed=True)) if len(frame.payload) == 1 else None
