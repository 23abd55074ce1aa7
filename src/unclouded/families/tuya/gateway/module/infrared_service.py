"""Infrared codes: learnt by the gateway, kept under a name, sent again.

    learn_ir ─► 31 ─► a button is pressed ─► 31 code, in packets ─► kept          31 s without one: 32, refused
    send_ir ─► 30 packet ─► 30 ok ─► 30 next packet … ─► confirmed                      failure or no answer: refused

Codes are remembered over restarts. Source: docs/protocols/tuya_gateway.md §2.10.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Identified, Noticed, Remember, Ticket, WireAction
from unclouded.core.text.whole_number import whole_number
from unclouded.families.tuya.gateway.infrared.infrared_code import InfraredCode, code_of
from unclouded.families.tuya.gateway.infrared.packets import MOST_REPEATS, CodeAssembler, send_packets
from unclouded.families.tuya.gateway.infrared.protocols import recognised
from unclouded.families.tuya.gateway.infrared.text_forms import FORMS, read_code, write_code
from unclouded.families.tuya.gateway.module.action_requests import ActionRequests
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.infrared_messages import InfraredLearn, InfraredLearned, InfraredSend
from unclouded.families.tuya.gateway.wire.message_parts import GatewayResult
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import Bare, frame_of

PREFIX = "infrared:"  # in the memory: codes, by name
PACKET, STOP = "infrared packet", "infrared stop"  # requests
LEARNING = "infrared learning"  # a timer
LEARN_S = 31.0  # until a code that was to be learnt has failed; docs/protocols/tuya_gateway.md §1.7.3
MOST, LONGEST_NAME = 256, 60  # codes that are kept, and characters of a name; ours
ACTIONS = frozenset({"learn_ir", "send_ir", "import_ir", "export_ir", "rename_ir", "delete_ir"})
KEPT = "infrared_codes"  # in the info of the gateway: the names of the codes, with commas between them


class _Sending:
    """The packets of one send that are still to be acknowledged, the first of which is under way."""

    def __init__(self, ticket: Ticket, packets: Sequence[InfraredSend]) -> None:
        self.ticket = ticket
        self.packets = list(packets)


class GatewayInfrared:
    """``memory``: of an earlier run."""

    def __init__(
        self,
        settings: GatewaySettings,
        parts: EndpointParts,
        requests: ActionRequests,
        memory: Mapping[str, bytes],
    ) -> None:
        self._offset_in_bytes = settings.infrared_offset_in_bytes
        self._queue = parts.queue
        self._timers = parts.timers
        self._counts: Counter[str] = parts.counts
        self._requests = requests
        self._codes = {
            key.removeprefix(PREFIX): code
            for key, value in memory.items()
            if key.startswith(PREFIX) and (code := _restored(value)) is not None
        }
        self._assembler = CodeAssembler()
        self._learning: tuple[Ticket, str] | None = None
        self._sending: _Sending | None = None

    def begin(self) -> list[Event]:
        """The MCU is there: which codes there are."""
        return self._listed() if self._codes else []

    def forget(self) -> None:
        """There is no MCU any more."""
        self._learning = self._sending = None
        self._timers.clear(LEARNING)

    # --- what people do ----------------------------------------------------------------------------

    def check(self, action: WireAction) -> Sequence[InfraredCode]:
        """The codes that an action is about. Raises CommandError for one that is invalid."""
        name = action.args.get("name", "").strip()
        if action.name == "send_ir":
            _repeats(action)
            return self._named(action.args.get("names", name))
        _check_name(action.name, "name", name)
        if action.name == "import_ir":
            self._check_room(name)
            return [read_code(action.args.get("code", ""), _form(action.args.get("form", "")))]
        if action.name == "learn_ir":
            self._check_room(name)
            return []
        if action.name == "rename_ir":
            self._check_new(name, _new_name(action))
        return self._named(name)

    def act(self, action: WireAction, found: Sequence[InfraredCode], ticket: Ticket, now: float) -> list[Event]:
        """``found``: what ``check`` returned."""
        name = action.args.get("name", "").strip()
        match action.name:
            case "learn_ir":
                return self._learn(name, ticket, now)
            case "send_ir":
                return self._send(found, _repeats(action), ticket)
            case "import_ir":
                return [*self._keep(name, found[0]), *self._requests.settle(ticket, _text(found[0]))]
            case "export_ir":
                text = write_code(found[0], _form(action.args.get("form", "")) or FORMS[0])
                return self._requests.settle(ticket, text)
            case "rename_ir":
                kept = self._keep(_new_name(action), found[0])
                return [*kept, *self._drop(name), *self._requests.settle(ticket)]
        return [*self._drop(name), *self._requests.settle(ticket)]

    # --- what the MCU sends ------------------------------------------------------------------------

    def learned(self, packet: InfraredLearned) -> list[Event]:
        """A packet of a code; the last one ends the learning."""
        code = self._assembler.add(packet)
        if code is None or self._learning is None:
            return []
        try:
            code = code_of(code.durations_us, code.carrier_Hz)
        except CommandError as error:
            self._counts["bad_infrared"] += 1
            return [Noticed("infrared", f"The gateway sent a code that is none: {error}")]
        (ticket, name), self._learning = self._learning, None
        self._timers.clear(LEARNING)
        text = f"Learnt {name}: {_text(code)}."
        return [*self._keep(name, code), Noticed("infrared", text), *self._requests.settle(ticket, _text(code))]

    def answered(self, message: Message) -> list[Event]:
        """The packet under way was answered."""
        sending = self._sending
        if sending is None:
            return []
        if not (isinstance(message, GatewayResult) and message.ok):
            return self._failed("The gateway could not take the code.")
        del sending.packets[0]
        if sending.packets:
            return self._next(sending)
        self._sending = None
        return self._requests.settle(sending.ticket)

    def unanswered(self) -> list[Event]:
        """The last try of the packet under way has timed out: sending has failed."""
        return self._failed("The gateway does not answer.")

    def due(self) -> list[Event]:
        """No button was pressed in time."""
        if self._learning is None:
            return []
        ticket, self._learning = self._learning[0], None
        stopped = self._requests.send(Bare(codes.INFRARED_STOP), STOP)
        return [*stopped, *self._requests.refuse(ticket, "No code was received within 30 s.")]

    # --- inside ----------------------------------------------------------------------------------

    def _learn(self, name: str, ticket: Ticket, now: float) -> list[Event]:
        if self._learning is not None:
            return self._requests.refuse(ticket, f"{self._learning[1]} is being learnt.")
        self._learning = ticket, name
        self._timers.set(LEARNING, now + LEARN_S)
        self._queue.add(Request(bytes(frame_of(InfraredLearn())), must=True, aside=True))
        return []

    def _send(self, found: Sequence[InfraredCode], repeats: int, ticket: Ticket) -> list[Event]:
        if self._sending is not None:
            return self._requests.refuse(ticket, "Another code is being sent.")
        try:
            packets = send_packets(found, repeats, offset_in_bytes=self._offset_in_bytes)
        except CommandError as error:
            return self._requests.refuse(ticket, str(error))
        self._sending = _Sending(ticket, [packet for code in packets for packet in code])
        return self._next(self._sending)

    def _next(self, sending: _Sending) -> list[Event]:
        return self._requests.send(sending.packets[0], PACKET)

    def _failed(self, reason: str) -> list[Event]:
        sending, self._sending = self._sending, None
        return self._requests.refuse(sending.ticket, reason) if sending is not None else []

    def _keep(self, name: str, code: InfraredCode) -> list[Event]:
        self._codes[name] = code
        return [Remember(PREFIX + name, msgspec.json.encode(code)), *self._listed()]

    def _drop(self, name: str) -> list[Event]:
        self._codes.pop(name, None)
        return [Remember(PREFIX + name, b""), *self._listed()]

    def _listed(self) -> list[Event]:
        return [Identified({KEPT: ", ".join(self._codes)})]

    def _check_new(self, name: str, new: str) -> None:
        if new == name:
            raise CommandError(f"The infrared code is called {name!r} already.")
        if new in self._codes:
            raise CommandError(f"There is an infrared code {new!r} already; delete it first.")

    def _check_room(self, name: str) -> None:
        if name not in self._codes and len(self._codes) >= MOST:
            raise CommandError(f"There are {MOST} infrared codes already; delete one first.")

    def _named(self, names: str) -> list[InfraredCode]:
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        unknown = next((name for name in wanted if name not in self._codes), "")
        if unknown or not wanted:
            known = ", ".join(self._codes) or "none"
            raise CommandError(f"There is no infrared code {unknown[:LONGEST_NAME]!r}. There are: {known}.")
        return [self._codes[name] for name in wanted]


def _new_name(action: WireAction) -> str:
    name = action.args.get("new", "").strip()
    _check_name(action.name, "new", name)
    return name


def _repeats(action: WireAction) -> int:
    repeats = whole_number(action.args.get("repeat", "0"), 0, MOST_REPEATS)
    if repeats is None:
        raise CommandError(f"repeat= takes a number from 0 to {MOST_REPEATS}.")
    return repeats


def _check_name(action: str, argument: str, name: str) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or "," in name:
        raise CommandError(f"{action} takes {argument}=, at most {LONGEST_NAME} characters without commas.")


def _form(form: str) -> str:
    if form and form not in FORMS:
        raise CommandError(f"There is no form {form[:20]!r} of infrared codes. There are: {', '.join(FORMS)}.")
    return form


def _text(code: InfraredCode) -> str:
    """A code for people: how long it is, and which button, where that is known."""
    button = recognised(code)
    of = f", {button}" if button is not None else ""
    return f"{len(code.durations_us)} units {code.carrier_Hz} Hz{of}"


def _restored(value: bytes) -> InfraredCode | None:
    try:
        return msgspec.json.decode(value, type=InfraredCode) if value else None
    except msgspec.DecodeError:
        return None
