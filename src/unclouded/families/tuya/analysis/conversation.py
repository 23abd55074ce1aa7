"""What answers what on a Tuya line, after how long, and what is not as it should be: a Conversation, for each dialect.

    module ──► 01 ──────────► 02 ──► 02 again                          15 s            00
    MCU                07        02 ◄─ "before 01"   … silence, 300 ms ─► "no answer"
                       └ a report may come at any time

Where the sender is not known (one line that carries both sides), the version, the shape of the frame and the open
requests decide; where they do not, it stays open. A tap on one wire receives no answers: until both sides were
received, there is no remark about silence, and nothing counts as an answer that may be the request again. Where frames
name a sub-device or a group, an answer names the same one as its request.
Source: docs/protocols/tuya_wifi.md §2.3, §2.6; docs/protocols/tuya_low_power.md §2, §3;
docs/protocols/tuya_gateway.md §1.6.2.
"""

from collections.abc import Sequence

import msgspec

from unclouded.core.family import Comment, Piece, Remark, Sender
from unclouded.core.sessions.session import WireValue
from unclouded.families.tuya.analysis.timing import (
    GATEWAY_RULES,
    HEARTBEAT_PERIOD_S,
    LATE_S,
    LOW_POWER_RULES,
    NORMAL,
    TimingRules,
)
from unclouded.families.tuya.gateway.decoder import GATEWAY_READING
from unclouded.families.tuya.line.command import OTHER_SENDER, CommandSpec
from unclouded.families.tuya.line.datapoint import value_text
from unclouded.families.tuya.line.decoder import DialectReading
from unclouded.families.tuya.line.shapes import HEADER_SIZE
from unclouded.families.tuya.low_power.decoder import LOW_READING
from unclouded.families.tuya.wifi.decoder import WIFI_READING

ECHO_S = 2.0  # after a set in which a report of the same value is its echo
SPONTANEOUS_S = 5.0  # after a request for data points from which a report answers nothing
TOLERANCE_S = 0.0005  # times in captures are rounded
OPEN_AT_MOST = 64  # requests that are remembered
ENDS: dict[Sender, str] = {"controller": "module", "device": "MCU"}


PointKey = tuple[str, str]  # part and wire key


class OpenRequest(msgspec.Struct, kw_only=True):
    """A request that waits for its answer. ``times``: how often it was sent. ``passed``: a later one was answered."""

    ask: CommandSpec
    piece: Piece
    sender: Sender
    t: float | None
    times: int = 1
    overdue: bool = False
    passed: bool = False

    def same(self, piece: Piece) -> bool:
        """Whether this is the same request again."""
        mine = self.piece
        return mine.sender == piece.sender and mine.data[3:-1] == piece.data[3:-1]


class CommandedPoint(msgspec.Struct):
    """What a point was set to. ``confirmed``: the MCU has confirmed it."""

    value: WireValue
    t: float
    confirmed: bool = False


class LineConversation:
    """A Conversation of a Tuya line: which frame answers which, and remarks on order and times."""

    def __init__(self, dialect: DialectReading, rules: TimingRules) -> None:
        self._dialect = dialect
        self._rules = rules
        self._answers = {(OTHER_SENDER[sender], ask.answer, sub) for (sender, _, sub), ask in rules.asks.items()}
        self._open: list[OpenRequest] = []
        self._commanded: dict[PointKey, CommandedPoint] = {}
        self._received: set[Sender] = set()
        self._version = 0  # of the MCU's last frame
        self._is_steady = False  # the frame before was understood, so this one is not the rest of something
        self._module_at: float | None = None  # when the module last sent a frame
        self._heartbeat_at: float | None = None  # and when it last sent a heartbeat
        self._has_started = False

    def receive(self, t: float | None, piece: Piece) -> Comment:
        """The next piece of either side."""
        remarks = list(self.tick(t)) if t is not None else []
        if piece.kind == "noise":
            self._is_steady = False
            return Comment(piece=piece, remarks=[*remarks, *self._of_noise(piece)])
        piece = self._attributed(piece)
        sender = piece.sender
        self._is_steady = sender is not None
        if sender is None:
            return Comment(piece=piece, remarks=[*remarks, *_oddities(piece)])
        remarks += [*_oddities(piece), *self._of_version(piece, sender)]
        answered = self._answered(piece, sender)
        if answered is not None:
            remarks += self._of_answer_order(answered)
            self._open.remove(answered)
        else:
            remarks += self._of_unrequested(piece, sender)
        remarks += self._of_request(t, piece, sender)
        remarks += [*self._of_start(piece, sender), *self._of_points(t, piece, sender)]
        self._received.add(sender)
        if sender == "controller":
            self._module_at = t
        return Comment(
            piece=piece,
            answers=answered.piece.offset if answered else None,
            after_s=t - answered.t if answered and t is not None and answered.t is not None else None,
            remarks=remarks,
        )

    def tick(self, t: float) -> Sequence[Remark]:
        """What has not arrived by ``t``."""
        remarks = []
        for one in list(self._open):
            if one.t is None or OTHER_SENDER[one.sender] not in self._received:
                continue
            if not one.overdue and t - one.t > one.ask.timeout_s + TOLERANCE_S:
                one.overdue = True
                remarks.append(_no_answer(one, t - one.t))
            if one.ask.by_points and t - one.t > SPONTANEOUS_S:
                self._open.remove(one)
        if self._heartbeat_at is not None and t - self._heartbeat_at > HEARTBEAT_PERIOD_S + LATE_S:
            remarks.append(
                Remark("no heartbeat", f"no heartbeat for {span(t - self._heartbeat_at)}; one is due every 15 s")
            )
            self._heartbeat_at = None
        return remarks

    # --- who sent it ------------------------------------------------------------------------------

    def _attributed(self, piece: Piece) -> Piece:
        """The piece with its sender, where that is decidable, and then with its meaning too."""
        if piece.sender is not None:
            return piece
        sender = self._sender_of(piece)
        if sender is None:
            return piece
        reading = self._dialect.read(sender, self._dialect.frame_of(piece.data))
        return msgspec.structs.replace(
            piece,
            sender=sender,
            reason=reading.odd,
            message=reading.message,
            values=reading.values,
            part=reading.part,
            products=reading.products,
        )

    def _sender_of(self, piece: Piece) -> Sender | None:
        if self._rules.versions and self._version > 0:
            return "controller"  # the MCU would send its version
        if len(self._received) < len(ENDS):
            return None
        asked = {one.sender for one in self._open if _answers(one, piece)}
        if len(asked) == 1:
            return OTHER_SENDER[asked.pop()]
        begins = [sender for sender in OTHER_SENDER if (sender, piece.command, piece.sub) in self._rules.asks]
        return begins[0] if len(begins) == 1 and not asked and self._is_steady else None

    # --- requests and answers -----------------------------------------------------------------------

    def _answered(self, piece: Piece, sender: Sender) -> OpenRequest | None:
        """The request that this answers: of several the oldest that is not overdue."""
        fitting = [one for one in self._open if one.sender != sender and _answers(one, piece)]
        return next((one for one in fitting if not one.overdue), fitting[-1] if fitting else None)

    def _of_answer_order(self, answered: OpenRequest) -> list[Remark]:
        """The older requests of the same side that are still open."""
        remarks: list[Remark] = []
        if not self._rules.one_at_a_time:
            return remarks
        for one in self._open[: self._open.index(answered)]:
            counts = not one.overdue or one.piece.command in self._rules.order
            if one.sender != answered.sender or one.passed or not counts:
                continue
            one.passed = True
            end = ENDS[OTHER_SENDER[one.sender]]
            remarks.append(Remark("out of order", f"{end} answered {named(answered.piece)} before {named(one.piece)}"))
        return remarks

    def _of_unrequested(self, piece: Piece, sender: Sender) -> list[Remark]:
        """An answer to nothing, once the side that would have asked was received."""
        key = (sender, _number(piece), piece.sub)
        is_report = sender == "device" and piece.command == self._rules.report
        if key not in self._answers or is_report or OTHER_SENDER[sender] not in self._received:
            return []
        why = self._rules.pushes.get(key[:2])
        kind, because = ("pushed", f": {why}") if why else ("unasked", "")
        return [Remark(kind, f"{named(piece)} was not requested{because}")]

    def _of_request(self, t: float | None, piece: Piece, sender: Sender) -> list[Remark]:
        """A request begins to wait; whether it was sent before, or too soon."""
        ask = self._rules.asks.get((sender, _number(piece), piece.sub))
        if ask is None:
            return []
        again = next((one for one in self._open if one.same(piece)), None)
        answers_are_received = OTHER_SENDER[sender] in self._received
        remarks = self._of_pause(t, piece) if sender == "controller" else []
        if sender == "controller" and answers_are_received and self._rules.one_at_a_time:
            remarks += self._of_open_requests(again)
        times = again.times + 1 if again and answers_are_received else 1
        if again:
            self._open.remove(again)
        if times > 1:
            remarks.append(Remark("asked again", f"sent again, for the {ordinal(times)} time"))
        self._open = self._open[-OPEN_AT_MOST + 1 :]
        self._open.append(OpenRequest(ask=ask, piece=piece, sender=sender, t=t, times=times))
        self._of_heartbeats(t, piece)
        return remarks

    def _of_pause(self, t: float | None, piece: Piece) -> list[Remark]:
        """Small MCUs lose what follows too soon; the blocks of an update wait for the answer only."""
        before, pause_s = self._module_at, self._rules.pause_s
        if t is None or before is None or t - before >= pause_s - TOLERANCE_S or piece.command in self._rules.rushes:
            return []
        return [Remark("haste", f"only {span(t - before)} after the module's previous frame; MCUs need 10 ms")]

    def _of_open_requests(self, again: OpenRequest | None) -> list[Remark]:
        """MCUs mix the answers to two requests at once."""
        waits = [one for one in self._open if one.sender == "controller" and not one.overdue and one is not again]
        return [Remark("haste", f"sent before {named(waits[0].piece)} was answered")] if waits else []

    def _of_heartbeats(self, t: float | None, piece: Piece) -> None:
        if piece.command == self._rules.heartbeat:
            self._heartbeat_at = t
        elif piece.command in self._rules.pauses:
            self._heartbeat_at = None  # none are due until the next one

    # --- other remarks --------------------------------------------------------------------------------

    def _of_noise(self, piece: Piece) -> list[Remark]:
        waits = [one for one in self._open if one.sender != piece.sender and not one.overdue]
        if not waits:
            return []
        names = " and ".join(dict.fromkeys(named(one.piece) for one in waits[:2]))
        if len(waits) > 1:
            return [Remark("interleaved", f"two answers may be mixed here: {names} are both awaited")]
        return [Remark("damaged", f"the answer to {names} may be in it")]

    def _of_version(self, piece: Piece, sender: Sender) -> list[Remark]:
        """An MCU that changes its version; a module's wrong version is an oddity of the frame itself."""
        if sender != "device" or not self._rules.versions or piece.command in self._rules.unversioned:
            return []
        version, before = piece.data[2], self._version
        self._version = version
        changed = sender in self._received and version != before
        return [Remark("version", f"the MCU sends version {version} here, {before} before")] if changed else []

    def _of_start(self, piece: Piece, sender: Sender) -> list[Remark]:
        """The MCU's first heartbeat since it started."""
        if sender != "device" or piece.command != self._rules.heartbeat or piece.data[HEADER_SIZE:-1] != b"\0":
            return []
        again, self._has_started = self._has_started, True
        return [Remark("restart", f"the MCU has {'re' if again or 'device' in self._received else ''}started")]

    def _of_points(self, t: float | None, piece: Piece, sender: Sender) -> list[Remark]:
        """Reports that only repeat what was set, and those that differ."""
        if t is None:
            return []
        if sender == "controller":
            if piece.command == self._rules.set:
                self._commanded.update(((piece.part, wire), CommandedPoint(value, t)) for wire, value in piece.values)
            return []
        if piece.command != self._rules.report or not piece.values:
            return []
        seen = [self._of_point(t, (piece.part, wire), value) for wire, value in piece.values]
        remarks = [remark for remark in seen if remark is not None and remark.kind == "differs"]
        if all(remark is not None and remark.kind == "echo" for remark in seen):
            remarks.append(Remark("echo", "the report only repeats what was set, and was confirmed before"))
        return remarks

    def _of_point(self, t: float, key: PointKey, value: WireValue) -> Remark | None:
        commanded = self._commanded.get(key)
        if commanded is None:
            return None
        if t - commanded.t > ECHO_S:
            del self._commanded[key]
            return None
        if value != commanded.value:
            before = f"{value_text(commanded.value)} was set {span(t - commanded.t)} before"
            of = f" of {key[0]}" if key[0] else ""
            text = f"data point {key[1]}{of} is {value_text(value)} where {before}"
            return Remark("differs", text)
        confirmed, commanded.confirmed = commanded.confirmed, True
        return Remark("echo", "") if confirmed else None


def wifi_conversation() -> LineConversation:
    """On the line of a Wi-Fi module and its MCU."""
    return LineConversation(WIFI_READING, NORMAL)


def low_conversation() -> LineConversation:
    """On the line of a battery device's MCU and its module."""
    return LineConversation(LOW_READING, LOW_POWER_RULES)


def gateway_conversation() -> LineConversation:
    """On the line of a gateway's module and its MCU."""
    return LineConversation(GATEWAY_READING, GATEWAY_RULES)


def named(piece: Piece) -> str:
    """A frame by name and number: ``working mode (02)``."""
    sub = "" if piece.sub is None else f"/{piece.sub:02x}"
    return f"{piece.name} ({_number(piece):02x}{sub})".strip()


def span(seconds: float) -> str:
    """``12 ms``, ``1.5 s``, ``18 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 and seconds % 1 >= 0.05 else f"{seconds:.0f} s"


def ordinal(number: int) -> str:
    """``2nd``, ``3rd``, ``11th``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


# --- inside -----------------------------------------------------------------------------------------


def _answers(request: OpenRequest, piece: Piece) -> bool:
    """Whether it answers the request; a set is answered by a report of one of its points."""
    if request.ask.answer != piece.command or request.piece.sub != piece.sub or _names_another(request.piece, piece):
        return False
    if not request.ask.by_points or not request.piece.values:
        return True
    return not {wire for wire, _ in request.piece.values}.isdisjoint(wire for wire, _ in piece.values)


def _names_another(request: Piece, answer: Piece) -> bool:
    """Whether both name a sub-device or a group, and not the same one."""
    asked, answered = request.message or {}, answer.message or {}
    return any(name in asked and name in answered and asked[name] != answered[name] for name in ("sub_id", "gid"))


def _no_answer(one: OpenRequest, ago: float) -> Remark:
    what = "report" if one.ask.by_points else "answer"
    return Remark("no answer", f"no {what} in {span(one.ask.timeout_s)} to {named(one.piece)}, sent {span(ago)} before")


def _oddities(piece: Piece) -> list[Remark]:
    """What is odd about the frame itself."""
    kind = "version" if piece.reason.startswith("version") else "odd"
    return [Remark(kind, piece.reason)] if piece.reason else []


def _number(piece: Piece) -> int:
    return piece.command if isinstance(piece.command, int) else -1
