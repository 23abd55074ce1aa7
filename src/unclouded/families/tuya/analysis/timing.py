"""What answers what on a Tuya line, and how long that may take: made of the command tables, for each dialect.

    normal      00 ─► 00   01 ─► 01   06 ─► 07   08 ─► 07 07 …        04 ─► 04   1c ─► 1c   22 ─► 23
    low_power              01 ─► 01   09 ─► 09                        05 ─► 05   06 ─► 06   10 ─► 10
    gateway                01 ─► 01   0c ─► 0d   0a ─► 0a             08 ─► 08   10 ─► 10   2c ─► 2c
                └──────── the module asks ────────┘                   └───── the MCU asks ─────┘

Sources: docs/protocols/tuya_wifi.md §2.3.2, §2.4, §2.5; docs/protocols/tuya_low_power.md §2.2, §3;
docs/protocols/tuya_gateway.md §1.6, §1.7.3.
"""

from collections.abc import Mapping

import msgspec

from unclouded.core.family import Sender
from unclouded.families.tuya.gateway.wire import codes as gateway
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.command import (
    OTHER_SENDER,
    SCAN_TIMEOUT_S,
    SLOW_ANSWER_TIMEOUT_S,
    STORE_TIMEOUT_S,
    CommandSpec,
    CommandTable,
)
from unclouded.families.tuya.low_power import codes as low
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi import codes as wifi
from unclouded.families.tuya.wifi.commands import WIFI

HEARTBEAT_PERIOD_S = 15.0  # between two heartbeats; docs/protocols/tuya_wifi.md §2.3.2
LATE_S = 3.0  # that one may be late
PAUSE_S = 0.01  # between two commands of a module; docs/protocols/tuya_wifi.md §2.3.2
REPORT_TIMEOUT_S = 3.0  # for a gateway's report of what was set or queried, by way of its radio; ours

Key = tuple[Sender, int, int | None]  # who asks, command, sub-command


class TimingRules(msgspec.Struct, frozen=True, kw_only=True):
    """Of one dialect. ``asks``: the requests that must be answered.

    ``pushes``: what looks like an answer and may be sent unasked, and why. ``order``: what the module asks at the
    start, in this order. ``pauses``: commands during which no heartbeats are due. ``heartbeat`` None: there are none.
    ``rushes``: what follows the answer before at once. ``unversioned``: what MCUs may answer with version 0.
    ``versions``: whether a version above 0 marks the MCU. ``pause_s``: between two commands of a module.
    ``one_at_a_time``: a module waits for an answer before it asks again.
    """

    asks: Mapping[Key, CommandSpec]
    pushes: Mapping[tuple[Sender, int], str]
    order: tuple[int, ...] = ()
    pauses: frozenset[int] = frozenset()
    heartbeat: int | None = None
    rushes: frozenset[int] = frozenset()
    unversioned: frozenset[int] = frozenset()
    report: int
    set: int
    versions: bool = True
    pause_s: float = PAUSE_S
    one_at_a_time: bool = True


def _asks(table: CommandTable, usual_s: float = 0.0, slow: Mapping[int, float] | None = None) -> dict[Key, CommandSpec]:
    """``usual_s``: for rows without a time-out, as no source requires one; ``slow``: for some codes of them."""
    return {
        (sender, spec.code, spec.sub): msgspec.structs.replace(spec, timeout_s=timeout_s)
        for spec in table.specs
        if (timeout_s := spec.timeout_s or (slow or {}).get(spec.code, usual_s)) and spec.answer is not None
        for sender in spec.senders
    }


def _pushes(table: CommandTable) -> dict[tuple[Sender, int], str]:
    return {
        (OTHER_SENDER[sender], spec.answer): spec.pushed
        for spec in table.specs
        if spec.pushed and spec.answer is not None
        for sender in spec.senders
    }


NORMAL = TimingRules(
    asks=_asks(WIFI),
    pushes=_pushes(WIFI),
    order=(wifi.PRODUCT, wifi.MODE, wifi.NETWORK, wifi.QUERY),
    pauses=frozenset(
        {
            *(wifi.UPDATE_START, wifi.UPDATE_BLOCK, wifi.FILE_START, wifi.FILE_BLOCK, wifi.FEATURES),
            *(wifi.STOP_HEARTBEATS, wifi.MAP, wifi.MAPS),
        }
    ),
    heartbeat=wifi.HEARTBEAT,
    rushes=frozenset({wifi.UPDATE_START, wifi.UPDATE_BLOCK, wifi.FILE_START, wifi.FILE_BLOCK, wifi.FEATURES}),
    unversioned=frozenset({wifi.WEATHER}),  # the vendor's MCU SDK; docs/protocols/tuya_wifi.md §2.1
    report=wifi.REPORT,
    set=wifi.SET,
)

LOW_POWER_RULES = TimingRules(
    asks=_asks(LOW_POWER),
    pushes=_pushes(LOW_POWER),
    order=(low.PRODUCT, low.STATUS),
    rushes=frozenset({low.UPDATE_SIZE, low.UPDATE_BLOCK}),
    report=low.REPORT,
    set=low.SET,
    versions=False,
)

GATEWAY_RULES = TimingRules(
    asks=_asks(
        GATEWAY,
        SLOW_ANSWER_TIMEOUT_S,
        {
            **dict.fromkeys((gateway.QUERY_ALL, gateway.SET, gateway.QUERY_POINTS), REPORT_TIMEOUT_S),
            gateway.WIFI_TEST: SCAN_TIMEOUT_S,
            gateway.RECORD: STORE_TIMEOUT_S,
        },
    ),
    pushes=_pushes(GATEWAY),
    order=(gateway.PRODUCT, gateway.MODE, gateway.NETWORK),
    report=gateway.REPORT,
    set=gateway.SET,
    versions=False,
    pause_s=0.0,
    one_at_a_time=False,
)
