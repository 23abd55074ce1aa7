"""The module that we play against the MCU of a gateway: the start, who joins, and answers to what the MCU asks.

    reach: 01 each second ─► start: 01, 02, 03 router, 03 cloud, 0b ─► checks
    08, 12 while the window is open ─► receipt 00 ─► 13; else receipt 01

It does what docs/protocols/tuya_gateway.md §1.7.1, §2 have a module do, and goes on where a step is not answered.
"""

from datetime import UTC, datetime

import msgspec

from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.tuya.frames import AnsweringEnd, Answers, AnswerTo, Line, acknowledged, is_command
from unclouded.conformance.tuya.line_checks import TuyaQuestion
from unclouded.conformance.tuya_gateway.gateway_frames import (
    GATEWAY_ID,
    ask_thrice,
    counted,
    json_of,
    members_or_none,
    points_in,
)
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.service_messages import WeatherReport

ROUTER, CLOUD = 3, 4  # docs/protocols/tuya_gateway.md §2.1.3
PAUSE_S = 0.1  # between two steps of ours
RESULT_S = 0.2  # from the receipt of a join to its result; ours
REPORTS_S = 6.0  # that reports may take after 0b: ours
PRODUCT_VERSION = 1  # of the frame 01: the product id is wanted; docs/protocols/tuya_gateway.md §1.1.1
MAC = bytes((0x02, 0, 0, 0, 0, 1))  # of no real module
MEMORY = 50_000
RECEIVED, REJECTED, ADDED, FAILED = 0, 1, 0, 1  # docs/protocols/tuya_gateway.md §2.2


class JoinAsked(msgspec.Struct, frozen=True):
    """An 08 or 12. ``is_open``: the window was open. ``receipt``: as it was answered; ``ret``: of its 13."""

    at: float
    command: int
    ids: tuple[str, ...]
    payload: bytes
    is_open: bool
    receipt: int
    ret: int


class EmulatedGatewayModule(AnsweringEnd):
    """``is_started``: the start is over. ``points``: what was reported, by sub-device and id. ``joined``: ids.

    ``receipts``, ``rets``: of the next joins, in their order; afterwards all succeed. ``record_results``: likewise of
    records, None = no answer. ``polls``: empty 03 that were questions.
    """

    def __init__(self, line: Line) -> None:
        self.is_started = False
        self.asked_at = float("-inf")  # when 01 was answered last
        self.points: dict[tuple[str, int], tuple[int, bytes]] = {}
        self.joined: dict[str, None] = {}
        self.joins: list[JoinAsked] = []
        self.is_open = False
        self.closed_at = float("-inf")
        self.polls = 0
        self._statuses = 0  # that wait for their acknowledgement
        self.question = TuyaQuestion(codes.PRODUCT)
        super().__init__(line, 0)

    def reset(self) -> None:
        super().reset()
        self.receipts: list[int] = []
        self.rets: list[int] = []
        self.record_results: list[int | None] = []

    def send(self, command: int, payload: bytes = b"", *, after: float = 0.0) -> None:
        usual = self.version
        if command == codes.PRODUCT:
            self.version = self.version or PRODUCT_VERSION
        self._statuses += command == codes.NETWORK
        super().send(command, payload, after=after)
        self.version = usual

    # --- what it receives --------------------------------------------------------------------------

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is not None and frame.command == codes.REPORT:
            id, units = points_in(frame.payload)
            self.points |= {(id, point): (type, value) for point, type, value in units}
        elif frame is not None and frame.command == codes.PRODUCT and frame.payload:
            self.asked_at = self.line.now
        super().received(entry)

    def answers(self) -> dict[int, AnswerTo]:
        return {
            codes.NETWORK: self._status,
            codes.RESET: acknowledged(codes.RESET),
            codes.RESET_MODE: acknowledged(codes.RESET_MODE),
            codes.ADD: lambda data: self._join(codes.ADD, data),
            codes.ADD_MANY: lambda data: self._join(codes.ADD_MANY, data),
            codes.GMT: lambda data: ((codes.GMT, self.time()),),
            codes.LOCAL_TIME: lambda data: ((codes.LOCAL_TIME, self.time() + self._weekday()),),
            codes.WIFI_TEST: lambda data: ((codes.WIFI_TEST, b"\x01\x50"),),
            codes.NETWORK_QUERY: lambda data: ((codes.NETWORK_QUERY, bytes((CLOUD,))),),
            codes.FACTORY_RESET: lambda data: ((codes.REMOVAL, b"\0"),),
            codes.LOCAL_DELETE: self._delete,
            codes.LOCAL_PERMIT: self._permit,
            codes.MEMORY: lambda data: ((codes.MEMORY, MEMORY.to_bytes(4)),),
            codes.LIST: lambda data: ((codes.LIST, self._list()),),
            codes.PAIRING: lambda data: ((codes.PAIRING, b"\x01"),),
            codes.FROM_APP: acknowledged(codes.FROM_APP),
            codes.ONLINE: lambda data: ((codes.ONLINE, b"\0"),),
            codes.MAC: lambda data: ((codes.MAC, b"\0" + MAC),),
            codes.RECORD: self._record,
            codes.BINDING: self._binding,
            codes.GROUP_MEMBER: self._member,
            codes.GROUP_CHANGED: lambda data: ((codes.GROUP_CHANGED, b"\0"),),
            codes.SERVICES: self._service,
            codes.SECURITY: self._security,
            codes.ALARM: lambda data: ((codes.ALARM, b"\0\0"),) if len(data) == 2 and not data[0] else (),
        }

    def _status(self, data: bytes) -> Answers:
        """An empty 03: the acknowledgement of ours, or a question; docs/protocols/tuya_gateway.md §1.6.2."""
        if self._statuses:
            self._statuses -= 1
            return ()
        self.polls += 1
        return ((codes.NETWORK, bytes((CLOUD,))),)

    def _join(self, command: int, data: bytes) -> Answers:
        members = members_or_none(data)
        ids = members.get("cids", ()) if command == codes.ADD_MANY else [members.get("sub_id", "")]
        ids = tuple(str(id) for id in ids)
        usual = RECEIVED if self.is_open and all(ids) and GATEWAY_ID not in ids else REJECTED
        receipt = self.receipts.pop(0) if self.receipts else usual
        ret = self.rets.pop(0) if self.rets and receipt == RECEIVED else ADDED
        is_open = self.is_open or self.line.now < self.closed_at + 1.0
        self.joins.append(JoinAsked(self.line.now, command, ids, data, is_open, receipt, ret))
        if receipt != RECEIVED:
            return ((command, bytes((receipt,))),)
        if ret == ADDED:
            self.joined |= dict.fromkeys(ids)
        self.send(command, bytes((receipt,)), after=self.delay_s)
        self.send(codes.ADD_RESULT, json_of(cids=list(ids), rets=[ret] * len(ids)), after=RESULT_S)
        return ()

    def _delete(self, data: bytes) -> Answers:
        id = str(members_or_none(data).get("sub_id", ""))
        is_known = id in self.joined
        self.joined.pop(id, None)
        return ((codes.LOCAL_DELETE, bytes((not is_known,))),)

    def _permit(self, data: bytes) -> Answers:
        self.is_open = data[:1] == b"\1"
        answer = (codes.LOCAL_PERMIT, b"\0")
        return (answer, (codes.PERMIT, b"")) if self.is_open else (answer,)

    def _list(self) -> bytes:
        ids = b"".join(counted(id) for id in self.joined)[:250]
        return bytes((0, len(self.joined))) + ids

    def _record(self, data: bytes) -> Answers:
        result = self.record_results.pop(0) if self.record_results else int(data[:1] == b"\0")
        return () if result is None else ((codes.RECORD, bytes((result,))),)

    def _binding(self, data: bytes) -> Answers:
        id = str(members_or_none(data).get("sub_id", ""))
        return ((codes.BINDING, json_of(sub_id=id, ret=0 if id in self.joined else 4)),)

    def _member(self, data: bytes) -> Answers:
        return ((codes.GROUP_MEMBER, json_of(gid=str(members_or_none(data).get("gid", "")), sub_id="")),)

    def _service(self, data: bytes) -> Answers:
        match data[:1]:
            case b"\x00":
                return ((codes.SERVICES, b"\x00\x01\x00"), (codes.SERVICES, weather(("w.temp.0", 21))))
            case b"\x02":
                return ((codes.SERVICES, b"\x02\x00"), (codes.SERVICES, weather(("w.temp.0", 21))))
            case b"\x03":
                return ((codes.SERVICES, b"\x03\0\0\0" + self.time()),)
            case b"\x04":
                return ((codes.SERVICES, b"\x04"),)
        return ()  # 01 acknowledges ours

    def _security(self, data: bytes) -> Answers:
        match data[:1]:
            case b"\x00":
                return ((codes.SECURITY, b"\0\0"),)
            case b"\x01":
                return ((codes.SECURITY, b"\1\0" + json_of(mode=0, alarm=1, countdown=1)),)
        return ()

    def time(self) -> bytes:
        """Payload of 10. Our local time is GMT."""
        at = datetime.fromtimestamp(self.line.unix(), UTC)
        return bytes((1, at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))

    def _weekday(self) -> bytes:
        return bytes((datetime.fromtimestamp(self.line.unix(), UTC).isoweekday(),))

    # --- scripts -----------------------------------------------------------------------------------

    def start(self) -> Script[None]:
        """01, 02, 03 router, 03 cloud, 0b; what is not answered is left behind."""
        yield from ask_thrice(self.line, codes.PRODUCT)
        yield from self.line.pause(PAUSE_S)
        mode = yield from ask_thrice(self.line, codes.MODE)
        for status in (ROUTER, CLOUD):
            if mode is None or not mode.frame.payload:
                yield from self.notify(status)
        self.send(codes.QUERY_ALL)
        yield from self.line.pause(REPORTS_S)
        self.is_started = True

    def notify(self, status: int, tries: int = 3) -> Script[bool]:
        """A network state. Its result: was it acknowledged?"""
        for _ in range(tries):
            self._statuses = 0
            self.send(codes.NETWORK, bytes((status,)))
            if (yield from self.line.wait_for(is_command(codes.NETWORK), 1.0)) is not None:
                yield from self.line.pause(PAUSE_S)
                return True
        self._statuses = 0
        return False

    def permit(self) -> Script[bool]:
        """Open the window. Its result: was it acknowledged?"""
        self.is_open = True
        return (yield from ask_thrice(self.line, codes.PERMIT)) is not None

    def close(self) -> Script[bool]:
        """07: sub-devices may no longer join. Its result: was it answered?"""
        entry = yield from ask_thrice(self.line, codes.STOP_JOINING)
        self.is_open, self.closed_at = False, self.line.now
        return entry is not None

    def answers_anything(self) -> Script[bool]:
        """Does the MCU answer 01 or 02?"""
        for command in (codes.PRODUCT, codes.MODE):
            if (yield from ask_thrice(self.line, command)) is not None:
                return True
        return False


def weather(*values: tuple[str, int | str], status: bool = True) -> bytes:
    """The payload of 33/01: weather by name. ``status``: with the byte that some gateways expect."""
    return WeatherReport(values, status).payload()
