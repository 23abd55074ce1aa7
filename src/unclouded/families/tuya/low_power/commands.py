"""The command table of the low-power dialect. The controller is the module, the device the MCU.

The same command numbers as on the ordinary line mean other things here. Source: docs/protocols/tuya_low_power.md §3.
"""

from unclouded.core.family import Sender
from unclouded.families.tuya.line.command import (
    BLOCK_TIMEOUT_S,
    BLOCK_TRIES,
    SCAN_TIMEOUT_S,
    SLOW_ANSWER_TIMEOUT_S,
    STORE_TIMEOUT_S,
    CommandSpec,
    CommandTable,
    bulk,
    json,
    short,
    units,
)
from unclouded.families.tuya.line.fields import CLOCK, DATE, REST, each
from unclouded.families.tuya.low_power import codes
from unclouded.families.tuya.low_power.messages import (
    read_cache,
    read_cache_asked,
    read_record,
    read_reset,
    read_size,
    read_strength,
)
from unclouded.families.tuya.messages import (
    Unknown,
    read_bare,
    read_data_points,
    read_local_time,
    read_network,
    read_product,
    read_result,
)
from unclouded.families.tuya.update.messages import read_block

TRIES = 3  # of a step of the start, and of a command; docs/protocols/tuya_low_power.md §2.2

MODULE: Sender = "controller"
MCU: Sender = "device"

nothing = short("nothing", 0, read_bare)
result = short("1 byte: 0 ok, 1 ok and older records wait, 2 failed", 1, read_result, each("code"))
state = short("1 byte: 0 checking, 1 latest, 2 updating, 3 done, 4 failed", 1, read_result, each("code"))
strength = short("2 bytes: 1 and signal in percent, or 0 0", 2, read_strength, each("ok", "percent"))
points = units("data points", read_data_points)

LOW_POWER = CommandTable(
    "low_power",
    (
        CommandSpec(
            codes.PRODUCT,
            "product info",
            MODULE,
            nothing,
            json("JSON p, v", read_product),
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            tries=TRIES,
            section="3.2",
        ),
        CommandSpec(
            codes.STATUS,
            "network status",
            MODULE,
            short("1 byte: 0 to 4", 1, read_network, each("status")),
            nothing,
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            tries=TRIES,
            section="3.3",
        ),
        CommandSpec(codes.RESET, "reset Wi-Fi", MCU, nothing, nothing, timeout_s=SLOW_ANSWER_TIMEOUT_S, section="3.4"),
        CommandSpec(
            codes.RESET_MODE,
            "reset Wi-Fi, choose pairing",
            MCU,
            short("1 byte: 0 EZ, 1 AP", 1, read_reset, each("mode")),
            nothing,
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            section="3.4",
        ),
        CommandSpec(codes.REPORT, "report", MCU, points, result, timeout_s=STORE_TIMEOUT_S, section="3.5"),
        CommandSpec(
            codes.TIME,
            "time (local)",
            MCU,
            nothing,
            short("8 bytes: ok, year - 2000 … second, weekday", 8, read_local_time, (*CLOCK, *each("weekday"))),
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            section="3.6",
        ),
        CommandSpec(codes.TEST, "Wi-Fi test", MCU, nothing, strength, timeout_s=SCAN_TIMEOUT_S, section="3.7"),
        CommandSpec(
            codes.RECORD,
            "record report",
            MCU,
            units(
                "7 bytes: valid, year - 2000 … second; data points",
                read_record,
                before=(7,),
                fields=(*each("valid"), *DATE),
            ),
            short("1 byte, as 05", 1, read_result, each("code")),
            timeout_s=STORE_TIMEOUT_S,
            section="3.8",
        ),
        CommandSpec(
            codes.SET,
            "set data points",
            MODULE,
            points,
            nothing,
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            tries=TRIES,
            section="3.9",
        ),
        CommandSpec(
            codes.MODULE_UPDATE, "module update", MCU, nothing, state, timeout_s=SLOW_ANSWER_TIMEOUT_S, section="3.10"
        ),
        CommandSpec(
            codes.SIGNAL, "signal strength", MCU, nothing, strength, timeout_s=SLOW_ANSWER_TIMEOUT_S, section="3.7"
        ),
        CommandSpec(codes.UPDATE, "MCU update", MCU, nothing, state, timeout_s=SLOW_ANSWER_TIMEOUT_S, section="3.10"),
        CommandSpec(
            codes.UPDATE_SIZE,
            "MCU update size",
            MODULE,
            short("4 bytes: size", 4, read_size, (("size", 4),)),
            nothing,
            timeout_s=BLOCK_TIMEOUT_S,
            tries=BLOCK_TRIES,
            section="3.11",
        ),
        CommandSpec(
            codes.UPDATE_BLOCK,
            "MCU update block",
            MODULE,
            bulk("4 bytes: offset; data", read_block, fields=(("offset", 4), ("data", REST))),
            nothing,
            timeout_s=BLOCK_TIMEOUT_S,
            tries=BLOCK_TRIES,
            section="3.11",
        ),
        CommandSpec(
            codes.CACHE,
            "cached settings",
            MCU,
            short("1 byte: how many; ids, none = all", 256, read_cache_asked, (*each("count"), ("ids", REST))),
            units("result, how many, data points", read_cache, before=(2,), fields=each("result", "count")),
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            section="3.12",
        ),
    ),
    Unknown,
    page="docs/protocols/tuya_low_power.md",
)

read_low = LOW_POWER.read
