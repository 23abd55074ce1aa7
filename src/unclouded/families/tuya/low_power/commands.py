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
result = short("1 byte: 0 ok, 1 ok and older records wait, 2 failed", 1, read_result)
state = short("1 byte: 0 checking, 1 latest, 2 updating, 3 done, 4 failed", 1, read_result)
strength = short("2 bytes: 1 and signal in percent, or 0 0", 2, read_strength)
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
        ),
        CommandSpec(
            codes.STATUS,
            "network status",
            MODULE,
            short("1 byte: 0 to 4", 1, read_network),
            nothing,
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            tries=TRIES,
        ),
        CommandSpec(codes.RESET, "reset Wi-Fi", MCU, nothing, nothing, timeout_s=SLOW_ANSWER_TIMEOUT_S),
        CommandSpec(
            codes.RESET_MODE,
            "reset Wi-Fi, choose pairing",
            MCU,
            short("1 byte: 0 EZ, 1 AP", 1, read_reset),
            nothing,
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
        ),
        CommandSpec(codes.REPORT, "report", MCU, points, result, timeout_s=STORE_TIMEOUT_S),
        CommandSpec(
            codes.TIME,
            "time (local)",
            MCU,
            nothing,
            short("8 bytes: ok, year - 2000 … second, weekday", 8, read_local_time),
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
        ),
        CommandSpec(codes.TEST, "Wi-Fi test", MCU, nothing, strength, timeout_s=SCAN_TIMEOUT_S),
        CommandSpec(
            codes.RECORD,
            "record report",
            MCU,
            units("7 bytes: valid, year - 2000 … second; data points", read_record, before=(7,)),
            short("1 byte, as 05", 1, read_result),
            timeout_s=STORE_TIMEOUT_S,
        ),
        CommandSpec(
            codes.SET, "set data points", MODULE, points, nothing, timeout_s=SLOW_ANSWER_TIMEOUT_S, tries=TRIES
        ),
        CommandSpec(codes.MODULE_UPDATE, "module update", MCU, nothing, state, timeout_s=SLOW_ANSWER_TIMEOUT_S),
        CommandSpec(codes.SIGNAL, "signal strength", MCU, nothing, strength, timeout_s=SLOW_ANSWER_TIMEOUT_S),
        CommandSpec(codes.UPDATE, "MCU update", MCU, nothing, state, timeout_s=SLOW_ANSWER_TIMEOUT_S),
        CommandSpec(
            codes.UPDATE_SIZE,
            "MCU update size",
            MODULE,
            short("4 bytes: size", 4, read_size),
            nothing,
            timeout_s=BLOCK_TIMEOUT_S,
            tries=BLOCK_TRIES,
        ),
        CommandSpec(
            codes.UPDATE_BLOCK,
            "MCU update block",
            MODULE,
            bulk("4 bytes: offset; data", read_block),
            nothing,
            timeout_s=BLOCK_TIMEOUT_S,
            tries=BLOCK_TRIES,
        ),
        CommandSpec(
            codes.CACHE,
            "cached settings",
            MCU,
            short("1 byte: how many; ids, none = all", 256, read_cache_asked),
            units("result, how many, data points", read_cache, before=(2,)),
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
        ),
    ),
    Unknown,
)

read_low = LOW_POWER.read
