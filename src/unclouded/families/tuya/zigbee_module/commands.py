"""The command table of the Zigbee modules' line. The controller is the module, the device the MCU.

Source: docs/protocols/tuya_zigbee_module.md §2.
"""

import msgspec

from unclouded.core.family import Sender
from unclouded.families.tuya.line.command import NOT_KNOWN, CommandSpec, CommandTable, Payload, json, none, short, units
from unclouded.families.tuya.line.fields import each
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import (
    Bare,
    Result,
    Unknown,
    read_bare,
    read_data_points,
    read_network,
    read_product,
    read_result,
)
from unclouded.families.tuya.zigbee_module import codes

MODULE: Sender = "controller"
MCU: Sender = "device"


class UnixTimes(msgspec.Struct, frozen=True):
    """The time in UTC and local time, both as Unix seconds."""

    command: int
    utc: int
    local: int

    def payload(self) -> bytes:
        return self.utc.to_bytes(4) + self.local.to_bytes(4)


def read_times(frame: Frame) -> UnixTimes | None:
    data = frame.payload
    return UnixTimes(frame.command, int.from_bytes(data[:4]), int.from_bytes(data[4:])) if len(data) == 8 else None


def read_receipt(frame: Frame) -> Bare | Result | None:
    """Nothing, or a result."""
    return read_bare(frame) or read_result(frame)


nothing = short("nothing", 0, read_bare)
receipt = short("nothing, or 1 byte", 1, read_receipt, each("code"))
points = units("data points", read_data_points)

ZIGBEE_MODULE = CommandTable(
    "zigbee_module",
    (
        CommandSpec(codes.PRODUCT, "product info", MODULE, nothing, json("JSON p, v", read_product), section="2"),
        CommandSpec(
            codes.NETWORK,
            "network status",
            MODULE,
            short("1 byte: 0 not joined, 1 joined, 2 failed, 3 joining", 1, read_network, each("status")),
            nothing,
            section="2",
        ),
        CommandSpec(
            codes.CONFIGURE,
            "configure network",
            MCU,
            short("1 byte: 0 leave, 1 join", 1, read_result, each("code")),
            short("1 byte: 0 ok, 1 failed", 1, read_receipt, each("code")),
            section="2",
        ),
        CommandSpec(codes.SET, "set data points", MODULE, points, none(), answered_by=codes.SET_ANSWER, section="2"),
        CommandSpec(codes.SET_ANSWER, "answer to set", MCU, points, none(), section="2"),
        CommandSpec(codes.REPORT, "report", MCU, points, receipt, section="2"),
        CommandSpec(codes.RADIO_TEST, "radio test", "both", section="2"),
        CommandSpec(codes.KEY_INFO, "key information", "both", section="2"),
        CommandSpec(codes.SCENE, "call scene", "both", section="2"),
        CommandSpec(
            codes.VERSION,
            "MCU version",
            MODULE,
            nothing,
            short("1 byte: version", 1, read_result, each("code")),
            section="2",
        ),
        CommandSpec(
            codes.UPDATE_NOTICE,
            "MCU update notice",
            MODULE,
            Payload("8 characters of product id, version, 4 bytes: size, 4 bytes: checksum"),
            short("1 byte: 0 ok, 1 failed", 1, read_result, each("code")),
            section="2",
        ),
        CommandSpec(
            codes.UPDATE_BLOCK,
            "MCU update block",
            MCU,
            Payload("8 characters of product id, version, 4 bytes: offset, 1 byte: size"),
            Payload("as asked, with data"),
            section="2",
        ),
        CommandSpec(codes.UPDATE_RESULT, "MCU update result", MCU, section="2"),
        CommandSpec(codes.NETWORK_QUERY, "query network status", MCU, nothing, NOT_KNOWN, section="2"),
        CommandSpec(
            codes.TIME,
            "time",
            MCU,
            nothing,
            short("8 bytes: UTC and local time, Unix seconds", 8, read_times, (("utc", 4), ("local", 4))),
            section="2",
        ),
        CommandSpec(codes.MCU_TYPE, "MCU type", MODULE, section="2"),
        CommandSpec(codes.PARAMETERS, "network parameters", MCU, section="2"),
        CommandSpec(codes.BROADCAST, "broadcast data", MCU, section="2"),
        CommandSpec(codes.QUERY, "query all", MODULE, receipt, none("none of its own: 06 reports"), section="2"),
        CommandSpec(codes.BEACON_TEST, "beacon test", MODULE, section="2"),
    ),
    Unknown,
    page="docs/protocols/tuya_zigbee_module.md",
)
