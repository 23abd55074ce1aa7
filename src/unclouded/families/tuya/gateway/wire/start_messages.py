"""The messages of the start, of the network and of what the module knows of itself.

    device (MCU)                                     controller (module)
    01 {v, m, cap, p, n, s, a}    ProductInfo        01 -  version 1: the product id too      ProductQuery
    02 - or 4 pins                WorkingMode        03 state                                 NetworkStatus
    05 mode                       PairingReset          15 result, detail                        ProductionTest
    1a allow, seconds             LocalPermit        18 why                                   RemovalStatus
                                                     1b bytes free                            ModuleMemory
                                                     2b result, MAC                           ModuleMac

Source: docs/protocols/tuya_gateway.md §2.1, §2.2.
"""

from typing import Annotated, ClassVar

import msgspec

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import Count, Flag, JsonMessage, Text, Version, must
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import NetworkStatus

PORTS = "ABCD"
HIGHEST_PIN = 7
MAC_SIZE = 6

# Bits of ``cap``; docs/protocols/tuya_gateway.md §2.1.1.
LOCAL_GROUPS, LOCAL_SCENES, OWN_POINTS, SIG_MESH, MCU_UPDATE, MEMBER_COMMANDS, SERIAL_PAIRING = range(7)


class ProductQuery(msgspec.Struct, frozen=True):
    """Which product is it? ``pid_asked``: its product id is wanted too; the version byte of the frame says so."""

    command: ClassVar[int] = codes.PRODUCT
    pid_asked: bool = True

    def payload(self) -> bytes:
        return b""


class ProductInfo(JsonMessage, frozen=True):
    """Which product it is: version, kind of pairing, capabilities, product id, Wi-Fi pairing, security, alarm form."""

    command: ClassVar[int] = codes.PRODUCT
    v: Version
    m: Annotated[int, msgspec.Meta(ge=0, le=2)]
    cap: Count
    p: Text | None = None
    n: Flag | None = None
    s: Flag = 0
    a: Count = 0

    def can(self, capability: int) -> bool:
        """Whether a bit of ``cap`` is set: LOCAL_GROUPS …"""
        return bool(self.cap >> capability & 1)

    @property
    def is_security(self) -> bool:
        return self.s == 1

    @property
    def new_alarms(self) -> bool:
        """Alarms are reported by c1/04 and c1/05, not by c1/01 and c1/02."""
        return bool(self.a & 1)

    @property
    def pairing_is_fixed(self) -> bool:
        """05 has no effect."""
        return self.n in (0, 1)


class WorkingMode(msgspec.Struct, frozen=True):
    """Who drives LED and key: the MCU (``mode`` cooperative), or the module, at these ports (A to D) and pins."""

    command: ClassVar[int] = codes.MODE
    mode: str = "cooperative"
    led_port: str = ""
    led_pin: int = 0
    key_port: str = ""
    key_pin: int = 0

    @property
    def is_cooperative(self) -> bool:
        return self.mode == "cooperative"

    def payload(self) -> bytes:
        if self.is_cooperative:
            return b""
        return bytes((PORTS.index(self.led_port), self.led_pin, PORTS.index(self.key_port), self.key_pin))


class PairingReset(msgspec.Struct, frozen=True):
    """Forget the network and pair: 0 SmartConfig, 1 AP."""

    command: ClassVar[int] = codes.RESET_MODE
    mode: int

    def payload(self) -> bytes:
        return bytes((self.mode,))


class ProductionTest(msgspec.Struct, frozen=True):
    """The test network was found (1) with a signal of ``detail`` percent, or not (0): 0 no network, 1 no licence."""

    command: ClassVar[int] = codes.WIFI_TEST
    result: int
    detail: int

    def payload(self) -> bytes:
        return bytes((self.result, self.detail))

    def problem(self) -> str:
        if self.result > 1:
            return f"result is 0 or 1, not {self.result}"
        return f"a signal is 0 to 100 %, not {self.detail}" if self.result and self.detail > 100 else ""


class RemovalStatus(msgspec.Struct, frozen=True):
    """How the gateway was removed: LOCAL_FACTORY … CLEARED. After a factory reset no sub-devices are left."""

    command: ClassVar[int] = codes.REMOVAL
    removal: int

    LOCAL_FACTORY: ClassVar[int] = 0
    REMOTE_REMOVAL: ClassVar[int] = 1
    LOCAL_REMOVAL: ClassVar[int] = 2
    REMOTE_FACTORY: ClassVar[int] = 3
    CLEARED: ClassVar[int] = 4

    @property
    def keeps_sub_devices(self) -> bool:
        return self.removal in (self.REMOTE_REMOVAL, self.LOCAL_REMOVAL)

    def payload(self) -> bytes:
        return bytes((self.removal,))


class LocalPermit(msgspec.Struct, frozen=True):
    """Let sub-devices join for so long, or no longer."""

    command: ClassVar[int] = codes.LOCAL_PERMIT
    allow: bool
    seconds: int = 0

    def payload(self) -> bytes:
        return bytes((self.allow,)) + self.seconds.to_bytes(2)


class ModuleMemory(msgspec.Struct, frozen=True):
    """Bytes that the module has free."""

    command: ClassVar[int] = codes.MEMORY
    free: int

    def payload(self) -> bytes:
        return self.free.to_bytes(4)


class ModuleMac(msgspec.Struct, frozen=True):
    """The module's hardware address (6 bytes); None = it could not be read."""

    command: ClassVar[int] = codes.MAC
    mac: bytes | None

    def payload(self) -> bytes:
        return b"\1" + bytes(MAC_SIZE) if self.mac is None else b"\0" + self.mac


# --- reading ----------------------------------------------------------------------------------------


def read_product_query(frame: Frame) -> ProductQuery:
    must(not frame.payload)
    return ProductQuery(frame.version > 0)


def read_working_mode(frame: Frame) -> WorkingMode:
    data = frame.payload
    if not data:
        return WorkingMode()
    must(len(data) == 4)
    led, led_pin, key, key_pin = data
    return WorkingMode("self", _port(led), led_pin, _port(key), key_pin)


def working_mode_problem(message: WorkingMode) -> str:
    wrong_port = not message.is_cooperative and not (message.led_port in PORTS and message.key_port in PORTS)
    if wrong_port:
        return "ports are 0 to 3"
    return "" if max(message.led_pin, message.key_pin) <= HIGHEST_PIN else f"pins are 0 to {HIGHEST_PIN}"


def read_network(frame: Frame) -> NetworkStatus:
    """The message of a network status, which has one byte."""
    must(len(frame.payload) == 1)
    return NetworkStatus(frame.payload[0], frame.command)


def read_pairing_reset(frame: Frame) -> PairingReset:
    must(len(frame.payload) == 1)
    return PairingReset(frame.payload[0])


def read_production_test(frame: Frame) -> ProductionTest:
    must(len(frame.payload) == 2)
    return ProductionTest(*frame.payload)


def read_removal(frame: Frame) -> RemovalStatus:
    must(len(frame.payload) == 1)
    return RemovalStatus(frame.payload[0])


def read_local_permit(frame: Frame) -> LocalPermit:
    must(len(frame.payload) == 3 and frame.payload[0] < 2)
    return LocalPermit(frame.payload[0] == 1, int.from_bytes(frame.payload[1:]))


def read_memory(frame: Frame) -> ModuleMemory:
    must(len(frame.payload) == 4)
    return ModuleMemory(int.from_bytes(frame.payload))


def read_mac(frame: Frame) -> ModuleMac:
    data = frame.payload
    must(len(data) == 1 + MAC_SIZE)
    return ModuleMac(None if data[0] else data[1:])


def _port(number: int) -> str:
    """A letter; a port that there is not as its number."""
    return PORTS[number] if number < len(PORTS) else str(number)
