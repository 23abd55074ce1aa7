"""The commands of the Tuya gateway line, by name. The controller is the Wi-Fi module, the device the gateway's MCU.

The framing is that of the ordinary line, the commands are not: 06 permits joining here. Sub-devices are named
by ASCII text with its length before it; the gateway itself is "0000".
Source: docs/protocols/tuya_gateway.md §1.4, §2.
"""

from collections.abc import Mapping
from typing import Literal

from unclouded.core.family import CommandRow

Initiator = Literal["controller", "device", "both"]

# code[/sub] | name | who begins | request | response, both without the sub-command byte
_TABLE = """
01 | product info | controller | nothing; version 01 asks for the PID too | JSON v, m, cap, p, n, s, a
02 | working mode | controller | nothing | nothing, or LED port and pin, key port and pin
03 | network status | controller | 1 byte: 0 to 6 | nothing
04 | reset Wi-Fi | device | nothing | nothing
05 | reset Wi-Fi, choose pairing | device | 1 byte: 0 SmartConfig, 1 AP | nothing
06 | permit joining | controller | nothing | nothing
07 | stop joining | controller | nothing | nothing
08 | add a sub-device | device | JSON pk_type, sub_id, pid, ver, channel, ota | 1 byte: 0 accepted, 1 rejected
09 | delete a sub-device (cloud) | controller | JSON sub_id, devkey, tp | nothing
0A | heartbeat | controller | JSON sub_id | JSON sub_id, lp, hb_time
0B | query all | controller | nothing | none of its own: 0d reports
0C | set data points | controller | length, sub_id, data points | none of its own: 0d reports
0D | report | device | length, sub_id, data points | none
0E | add to a local group | controller | JSON gid, cids | JSON gid, cids, rets: 0 = ok
0F | remove from a local group | controller | JSON gid, cids | JSON gid, cids, rets: 0 = ok
10 | time (GMT) | device | nothing | 7 bytes: 1 = ok, year - 2000 to second
11 | time (local) | device | nothing | 8 bytes: as 10, and the weekday, 1 = Monday
12 | add many sub-devices | device | JSON pid, cids (1 to 32), ver, channel, ota | 1 byte: 0 ok, 1 failed
13 | add result | controller | JSON cids, rets, key, virt_id | nothing
14 | set data points of a group | controller | length, gid, data points | nothing
15 | Wi-Fi production test | device | nothing | 2 bytes: 1 = ok; detail
16 | network status asked for | device | nothing | 1 byte, as 03
17 | restore factory settings (local) | device | nothing | none documented; 18 follows
18 | removal status | controller | 1 byte: 0 local factory to 4 cleared | none documented
19 | delete a sub-device (local) | device | JSON sub_id | 1 byte: 0 ok, 1 failed
1A | permit joining (local) | device | 1 byte: 0 or 1; 2 bytes: seconds | 1 byte: 0 ok, 1 failed
1B | free memory | device | nothing | 4 bytes
1C | list sub-devices | device | nothing | more and packet number, count, ids with lengths
1D | update start | controller | 4 bytes: size | 1 byte: 0 = 256, 1 = 512, 2 = 1024, 3 = 128 a block
1E | update block | controller | 4 bytes: offset; data | nothing
1F | sub-device update start | controller | length, sub_id; 4 bytes: size | 1 byte, as 1d
20 | sub-device update block | controller | length, sub_id, 4 bytes: offset; data | nothing
21 | sub-device version | controller | JSON sub_id | JSON sub_id, ver
22 | set data points of a group member | controller | length, gid, length, sub_id, data points | nothing
23 | pairing over the line | device | JSON s, p, t | 1 byte: 0 ok, 1 not pairing, 2 bad JSON
24 | pass-through broadcast | controller | anything | 2 bytes: 0 = ok; reason
25 | pass-through from the app | device | anything, encrypted | nothing
26 | pass-through to the app | controller | anything, encrypted | nothing
27 | phone link state | device | 1 byte: 0 or 1 | none documented
28 | drop the phone link | controller | nothing | nothing
29 | query data points | controller | JSON sub_id, dpid | none of its own: 0d reports
2A | set online or offline | device | JSON all, cids, state | 1 byte: 0 ok, 1 failed
2B | module's MAC | device | nothing | 7 bytes: 0 = ok; MAC
2C | record report with its time | device | kind, time (6), length, sub_id, data points | 1 byte: 0 ok, 1 failed
2D | binding state | device | JSON sub_id, d_link, e_val | JSON sub_id, ret: 0 here, 1 no, 3 phone, 4 unknown
2E | member of a group | device | JSON gid, idx | JSON gid, sub_id
2F | group changed on the spot | device | JSON gid, dpid | 1 byte: 0 ok, 1 failed
30/00 | send an infrared code | controller | number, repeat, 4 bytes: Hz, length, offset, code | 1 byte: 1 ok, 2 failed
31/00 | learn an infrared code | controller | 1 byte: seconds | 4 bytes: Hz, length, offset, code in microseconds
32 | stop learning infrared | controller | nothing | 1 byte: 1 ok, 2 failed
33/00 | subscribe to weather | device | 1 byte: minutes; names with lengths | 1 byte: 1 ok, 0 failed; reason
33/01 | weather data | controller | status; names, types, values | nothing
33/02 | weather now | device | names with lengths | 1 byte: 0 ok, 1 failed
33/03 | time with its zone | device | nothing | zone in hundredths of an hour, summer, 7 bytes as 10
33/04 | pause or resume heartbeats | device | 1 byte: 1 resume, 0 pause | nothing
C0/00 | set the arming mode | device | JSON mode, sub_id, delay | 1 byte: 0 ok
C0/01 | security info | device | nothing | 1 byte: 0 ok; JSON mode, alarm, countdown
C0/02 | security state | controller | JSON mode, delay, sound | nothing
C0/03 | security event | controller | JSON status, data | nothing
C1/00 | alarm on or off (local) | device | 1 byte: 0 normal | 1 byte: 0 ok
C1/01 | cancel the alarm | controller | 1 byte: 0 | nothing
C1/02 | alarm information | controller | JSON type, sub_id, dp_inf | nothing
C1/03 | alarm delay | controller | 1 byte: 0 none, 1 running, 2 over | nothing
C1/04 | alarm information (new) | controller | JSON type, sub_id, dp_inf, gp | nothing
C1/05 | alarm state (new) | controller | 1 byte: 0 cancelled, 1 alarming | nothing
"""


def _row(line: str) -> CommandRow:
    where, name, initiator, request, response = (cell.strip() for cell in line.split("|"))
    code, _, sub = where.partition("/")
    return CommandRow(
        code=int(code, 16),
        sub=int(sub, 16) if sub else None,
        name=name,
        initiator="device" if initiator == "device" else "controller",
        request=request,
        response=response,
    )


COMMANDS = tuple(_row(line) for line in _TABLE.strip().splitlines())

# Commands whose payload (after a sub-command byte, where there is one) is JSON when it is not a short answer.
JSON = frozenset(int(row.code) for row in COMMANDS if "JSON" in row.request + row.response)
SECRET = frozenset({0x23})  # pairing: Wi-Fi name, password and token
ONE_WAY: Mapping[int, Initiator] = {0x0B: "controller", 0x0C: "controller", 0x0D: "device", 0x29: "controller"}

_BY_CODE: Mapping[tuple[int, int | None], CommandRow] = {(int(row.code), row.sub): row for row in COMMANDS}
WITH_SUB = frozenset(int(row.code) for row in COMMANDS if row.sub is not None)


def sub_of(command: int, payload: bytes) -> int | None:
    """The sub-command byte, of commands that have one."""
    return payload[0] if command in WITH_SUB and payload else None


def name_of(command: int, payload: bytes = b"") -> str:
    """What people call a command; "" where nobody knows."""
    row = _BY_CODE.get((command, sub_of(command, payload)))
    return row.name if row else ""
