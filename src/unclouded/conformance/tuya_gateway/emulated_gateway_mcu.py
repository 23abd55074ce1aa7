"""The MCU that we play against a gateway's module: it answers the start, has sub-devices, reports, and acknowledges.

    01 ─► product     06, 07 ─► 06, 07     13 ─► who has joined     0a ─► who is there     0b, 0c, 29 ─► 0d

It does what docs/protocols/tuya_gateway.md §1.7, §2 have an MCU do. Scripts change what it is: its product info, its
pins, which sub-devices are silent, and what it leaves unanswered.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.conformance.check import PersonTask
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.tuya.frames import AnsweringEnd, Answers, AnswerTo, Line, acknowledged, is_command, units_of
from unclouded.conformance.tuya.line_checks import TuyaQuestion
from unclouded.conformance.tuya_gateway.gateway_frames import (
    GATEWAY_ID,
    add_many,
    ask_thrice,
    json_of,
    members_or_none,
    of_sub_device,
    points_in,
    split_id,
)
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.line.datapoint import BITMAP, BOOL, ENUM, STRING, VALUE

FIRST_SUB, SECOND_SUB = "uncloudedconf001", "uncloudedconf002"  # sub-devices of no real gateway
SUBS = (FIRST_SUB, SECOND_SUB)
PRODUCT: Mapping[str, object] = {"v": "1.0.0", "m": 0, "cap": 0b1110101, "p": "uncloudedconfgat", "s": 1, "a": 1}
REPORT_GAP_S = 0.1  # docs/protocols/tuya_gateway.md §1.7.3
SEARCH_S = 150.0  # of silence after which a module must have asked 01 again: ours
SEARCHES = 5  # unanswered 01 after which it has begun again
START_S = 15.0  # for the whole start
PERMIT_S = 100
JOIN_S = 5.0  # from 08 or 12 to 13
BLOCKS_OF_256 = 0  # docs/protocols/tuya_gateway.md §2.8.1
MISSED_BLOCK = 512  # offset of the block that is not acknowledged the first time
CODE_Hz, CODE = 38_000, b"\x23\x28\x11\x94\x02\x30\x02\x30"  # carrier and durations of the code that is learnt
PERMIT_NOW = PersonTask("permit_joining", "Permit joining, so that sub-devices can join.")


def usual_points() -> dict[int, tuple[int, bytes]]:
    """The data points of an emulated sub-device: id -> type and value."""
    return {1: (BOOL, b"\0"), 18: (VALUE, bytes(4)), 21: (STRING, b"abc"), 38: (ENUM, b"\0")}


class UpdateSeen(msgspec.Struct):
    """An update that the module sent. ``blocks``: offset and data of each; ``missed``: one was not acknowledged."""

    size: int = 0
    blocks: list[tuple[int, bytes]] = []
    missed: bool = False
    is_over: bool = False


class EmulatedGatewayMcu(AnsweringEnd):
    """``is_started``: the module has gone through its start with us. ``product``, ``pins``: as reported.

    ``joined``: the points of each sub-device that the module has added. ``silent``: those that do not answer.
    ``stale_sets``: so many 0c more are not carried out: the old value is reported, and the new one by the others.
    ``update_of``: updates, by sub-device, "" = our own.
    ``restarts_badly``: it does not begin its start again where we fall silent.
    """

    usual_delay_s = 0.05

    def __init__(self, line: Line) -> None:
        self.is_started = self.restarts_badly = False
        self.joined: dict[str, dict[int, tuple[int, bytes]]] = {}
        self.own = {2: (BOOL, b"\0"), 18: (VALUE, bytes(4)), 32: (ENUM, b"\0")}
        self.groups: dict[str, list[str]] = {}
        self.update_of: dict[str, UpdateSeen] = {}
        self.versions: dict[str, str] = {"": "1.0.0"}
        self.stale_sets = 0
        self.question = TuyaQuestion(codes.NETWORK_QUERY)
        self._report_at = 0.0
        super().__init__(line, 0)

    def reset(self) -> None:
        super().reset()
        self.product = json_of(**{**PRODUCT, "v": self.versions[""]})
        self.pins = b""
        self.silent: set[str] = set()
        self.permits_s = PERMIT_S

    def send(self, command: int, payload: bytes = b"", *, after: float = 0.0) -> None:
        """What is reported is what its sub-device has from now on."""
        id, units = points_in(payload) if command == codes.REPORT else ("", ())
        if id in self.joined:
            self.joined[id] |= {point: (type, value) for point, type, value in units if _is_valid(type, value)}
        super().send(command, payload, after=after)

    # --- what it receives --------------------------------------------------------------------------

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is not None and not self.is_silent and frame.command == codes.QUERY_ALL:
            self.is_started = True
        super().received(entry)

    def answers(self) -> dict[int, AnswerTo]:
        bare = (codes.NETWORK, codes.PERMIT, codes.STOP_JOINING, codes.TO_APP, codes.DROP_PHONE)
        return {
            **{command: acknowledged(command) for command in bare},
            codes.PRODUCT: lambda data: ((codes.PRODUCT, self.product),),
            codes.MODE: lambda data: ((codes.MODE, self.pins),),
            codes.DELETE: self._delete,
            codes.HEARTBEAT: self._beat,
            codes.QUERY_ALL: self._query_all,
            codes.QUERY_POINTS: self._query,
            codes.SET: self._set,
            codes.GROUP_ADD: lambda data: self._group(codes.GROUP_ADD, data),
            codes.GROUP_REMOVE: lambda data: self._group(codes.GROUP_REMOVE, data),
            codes.GROUP_SET: lambda data: self._set_group(codes.GROUP_SET, data),
            codes.MEMBER_SET: lambda data: self._set_group(codes.MEMBER_SET, data),
            codes.ADD_RESULT: self._added,
            codes.REMOVAL: self._removal,
            codes.SUB_VERSION: self._sub_version,
            codes.UPDATE_START: lambda data: self._update_start(codes.UPDATE_START, "", data),
            codes.UPDATE_BLOCK: lambda data: self._update_block(codes.UPDATE_BLOCK, "", data),
            codes.SUB_UPDATE_START: lambda data: self._update_start(codes.SUB_UPDATE_START, *split_id(data)),
            codes.SUB_UPDATE_BLOCK: lambda data: self._update_block(codes.SUB_UPDATE_BLOCK, *split_id(data)),
            codes.BROADCAST: lambda data: ((codes.BROADCAST, b"\0\0"),),
            codes.INFRARED_SEND: lambda data: ((codes.INFRARED_SEND, b"\x00\x01"),),
            codes.INFRARED_LEARN: self._learn,
            codes.INFRARED_STOP: lambda data: ((codes.INFRARED_STOP, b"\x01"),),
            codes.SERVICES: lambda data: ((codes.SERVICES, b"\x01"),) if data[:1] == b"\x01" else (),
            codes.SECURITY: lambda data: ((codes.SECURITY, data[:1]),) if data[:1] in (b"\x02", b"\x03") else (),
            codes.ALARM: lambda data: ((codes.ALARM, data[:1]),) if data[:1] not in (b"", b"\x00") else (),
        }

    # --- sub-devices -----------------------------------------------------------------------------------

    def _added(self, data: bytes) -> Answers:
        members = members_or_none(data)
        for id, ret in zip(members.get("cids", ()), members.get("rets", ()), strict=False):
            if ret == 0:
                self.joined.setdefault(str(id), usual_points())
        return ((codes.ADD_RESULT, b""),)

    def _delete(self, data: bytes) -> Answers:
        self.joined.pop(str(members_or_none(data).get("sub_id", "")), None)
        return ((codes.DELETE, b""),)

    def _removal(self, data: bytes) -> Answers:
        if data not in (b"\1", b"\2"):
            self.joined.clear()
        return ()

    def _beat(self, data: bytes) -> Answers:
        id = str(members_or_none(data).get("sub_id", ""))
        return ((codes.HEARTBEAT, json_of(sub_id=id, lp=0)),) if self._is_there(id) else ()

    def _sub_version(self, data: bytes) -> Answers:
        id = str(members_or_none(data).get("sub_id", ""))
        version = self.versions.get(id, "1.0.0")
        return ((codes.SUB_VERSION, json_of(sub_id=id, ver=version)),) if self._is_there(id) else ()

    def _is_there(self, id: str) -> bool:
        return id in self.joined and id not in self.silent

    # --- data points -----------------------------------------------------------------------------------

    def report(self, id: str, *points: int) -> None:
        """0d of these points, none named = all, in its turn."""
        known = self.points_of(id)
        units = [(point, *known[point]) for point in points or known if point in known]
        if units:
            at = max(self.line.now + self.delay_s, self._report_at)
            self._report_at = at + REPORT_GAP_S
            self.send(codes.REPORT, of_sub_device(id, *units), after=at - self.line.now)

    def points_of(self, id: str) -> dict[int, tuple[int, bytes]]:
        """Type and value by data point of a sub-device; of GATEWAY_ID, our own. {} = it is silent, or not there."""
        if id == GATEWAY_ID:
            return self.own
        return self.joined[id] if self._is_there(id) else {}

    def _query_all(self, data: bytes) -> Answers:
        for id in (GATEWAY_ID, *self.joined):
            self.report(id)
        return ()

    def _query(self, data: bytes) -> Answers:
        members = members_or_none(data)
        self.report(str(members.get("sub_id", "")), *(members.get("dpid") or (0,)))
        return ()

    def _set(self, data: bytes) -> Answers:
        id, units = points_in(data)
        if not self.stale_sets:
            self._change(id, units)
            return ()
        self.stale_sets -= 1
        self.report(id, *(point for point, _, _ in units))
        others = [other for other in self.joined if other != id]
        return tuple((codes.REPORT, of_sub_device(other, *units)) for other in others)

    def _change(self, id: str, units: Sequence[tuple[int, int, bytes]]) -> None:
        points = self.points_of(id)
        points |= {point: (points[point][0], value) for point, _, value in units if point in points}
        self.report(id, *(point for point, _, _ in units))

    # --- groups ----------------------------------------------------------------------------------------

    def _group(self, command: int, data: bytes) -> Answers:
        members = members_or_none(data)
        gid, ids = str(members.get("gid", "")), [str(id) for id in members.get("cids", ())]
        kept = [id for id in self.groups.get(gid, ()) if id not in ids]
        self.groups[gid] = [*kept, *(ids if command == codes.GROUP_ADD else ())]
        rets = [0 if id in self.joined else 5 for id in ids]
        return ((command, json_of(gid=gid, cids=ids, rets=rets)),)

    def _set_group(self, command: int, data: bytes) -> Answers:
        gid, rest = split_id(data)
        rest = split_id(rest)[1] if command == codes.MEMBER_SET else rest
        for id in self.groups.get(gid, ()):
            self._change(id, units_of(rest))
        return ((command, b""),)

    # --- updates, infrared -----------------------------------------------------------------------------

    def _update_start(self, command: int, id: str, data: bytes) -> Answers:
        self.update_of[id] = UpdateSeen(int.from_bytes(data[:4]))
        return ((command, bytes((BLOCKS_OF_256,))),)

    def _update_block(self, command: int, id: str, data: bytes) -> Answers:
        """One block is not acknowledged the first time; after the end there is another version."""
        update, offset = self.update_of.setdefault(id, UpdateSeen()), int.from_bytes(data[:4])
        update.blocks.append((offset, data[4:]))
        if offset == MISSED_BLOCK and not update.missed and len(data) > 4:
            update.missed = True
            return ()
        if len(data) == 4:
            update.is_over, self.versions[id] = True, "1.0.1"
            self.product = json_of(**{**PRODUCT, "v": self.versions[""]})
        return ((command, b""),)

    def _learn(self, data: bytes) -> Answers:
        """A person presses a button two seconds later."""
        head = b"\x00" + CODE_Hz.to_bytes(4) + (len(CODE) // 2).to_bytes(2) + bytes(2)
        self.send(codes.INFRARED_LEARN, head + CODE, after=2.0)
        return ()

    # --- scripts -----------------------------------------------------------------------------------

    def begin_again(self) -> Script[bool]:
        """Be silent until the module asks 01 again and again, as after its power-up. Its result: does it?"""
        self.is_started, self.is_silent = False, True
        until, count = self.line.now + SEARCH_S, 0
        while count < SEARCHES and self.line.now < until:
            count += (yield from self.line.wait_for(is_command(codes.PRODUCT), until - self.line.now)) is not None
        self.is_silent = False
        self.restarts_badly = count < SEARCHES
        return not self.restarts_badly

    def start(self) -> Script[bool]:
        """Answer, and wait until the module's start is over. Its result: is it?"""
        found = yield from self.line.wait_for(is_command(codes.QUERY_ALL), START_S)
        yield from self.line.pause(2.0)
        return found is not None

    def open_window(self) -> Script[bool]:
        """Let sub-devices join. Its result: may they?"""
        payload = b"\1" + self.permits_s.to_bytes(2)
        entry = yield from ask_thrice(self.line, codes.LOCAL_PERMIT, payload)
        if entry is not None and entry.frame.payload == b"\0":
            yield from self.line.pause(0.5)
            return True
        self.line.advise(PERMIT_NOW)
        return (yield from self.line.wait_for(is_command(codes.PERMIT), 60.0)) is not None

    def close_window(self) -> Script[None]:
        """Sub-devices may no longer join; asked up to three times, and 0.2 s are left for what follows."""
        yield from ask_thrice(self.line, codes.LOCAL_PERMIT, b"\0\0\0")
        yield from self.line.pause(0.2)

    def forget(self, *ids: str) -> Script[None]:
        """Have these removed again: 19."""
        for id in ids:
            yield from ask_thrice(self.line, codes.LOCAL_DELETE, json_of(sub_id=id))
            self.joined.pop(id, None)

    def join(self, ids: Sequence[str] = SUBS) -> Script[bool]:
        """Have these joined. Its result: have they?"""
        missing = [id for id in ids if id not in self.joined]
        if not missing:
            return True
        if not (yield from self.open_window()):
            return False
        entry = yield from ask_thrice(self.line, codes.ADD_MANY, add_many(missing), seconds=2.0)
        if entry is not None and entry.frame.payload == b"\0" and not set(missing) <= self.joined.keys():
            yield from self.line.wait_for(is_command(codes.ADD_RESULT), JOIN_S)
        yield from self.close_window()
        return set(missing) <= self.joined.keys()


def _is_valid(type: int, value: bytes) -> bool:
    """Is this a data point that a sub-device may have? docs/protocols/tuya_gateway.md §1.2"""
    lengths = {BOOL: (1,), VALUE: (4,), ENUM: (1,), BITMAP: (1, 2, 4)}
    if len(value) not in lengths.get(type, (len(value),)) or type > BITMAP:
        return False
    return not (type == BOOL and value > b"\1") and not (type == STRING and not value.isascii())
