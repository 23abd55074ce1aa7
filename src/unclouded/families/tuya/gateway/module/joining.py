"""How sub-devices join: the window in which they may, and what becomes of each.

    permit ─► 06 ─► 08 one, 12 up to 32 ─► receipt 00 ─► stored ─► 13 results ─► joined
                    the window is shut: receipt 01          └─ it cannot be, or there are too many: 13, not added
    the time is over, or stop ─► 07; what was accepted before goes on

Source: docs/protocols/tuya_gateway.md §2.2.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from unclouded.core.sessions.session import Answer, AskStored, Event, Noticed, Refusal, Remember, Reported, Ticket
from unclouded.families.tuya.gateway.module.action_requests import DECISIVE_TRIES, ActionRequests
from unclouded.families.tuya.gateway.module.presence import SubDevicePresence
from unclouded.families.tuya.gateway.module.sub_devices import SubDevice, SubDeviceRegistry, join_problem
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import result_of
from unclouded.families.tuya.gateway.wire.start_messages import LocalPermit
from unclouded.families.tuya.gateway.wire.sub_device_messages import AddResult, AddSubDevice, AddSubDevices
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.messages import Bare, frame_of

WINDOW = "joining window"  # a timer
OPEN = "joining-open"  # in the memory
PERMIT, STOP, RESULT = "permit joining", "stop joining", "add result"  # requests
JOINING, LEFT_S = "joining", "joining_left_s"  # wire keys of the gateway itself: the window is open, and for how long
ADDED, NOT_ADDED = 0, 1  # in ``rets`` of 13; docs/protocols/tuya_gateway.md §2.2.5


class Joining:
    """The window, and the sub-devices that were accepted and are not stored yet. ``most``: sub-devices there may be."""

    def __init__(
        self,
        settings: GatewaySettings,
        parts: EndpointParts,
        registry: SubDeviceRegistry,
        presence: SubDevicePresence,
        requests: ActionRequests,
        most: Callable[[], int],
        memory: Mapping[str, bytes],
    ) -> None:
        self._usual_s = settings.permit_s
        self._line = parts.line
        self._queue = parts.queue
        self._timers = parts.timers
        self._counts = parts.counts
        self._questions = parts.questions
        self._registry = registry
        self._presence = presence
        self._requests = requests
        self._most = most
        self._mcu_lets_join = bool(memory.get(OPEN))  # as far as we know: it was sent 06, and no 07 since
        self._pending: set[str] = set()
        self._results: dict[str, AddResult] = {}  # by the name of their request, those that the MCU may not have yet

    def forget(self) -> None:
        """There is no MCU any more; who was accepted is kept, and gets no result."""
        self._pending.clear()

    @property
    def is_open(self) -> bool:
        return self._timers.at(WINDOW) is not None

    def is_pending(self, id: str) -> bool:
        """Whether it was accepted and is not joined yet."""
        return id in self._pending

    # --- the window --------------------------------------------------------------------------------

    def permit(self, seconds: float, now: float, ticket: Ticket = 0) -> list[Event]:
        """Let sub-devices join for so long."""
        self._timers.set(WINDOW, now + seconds)
        replaced = self._requests.send(Bare(codes.PERMIT), PERMIT, ticket)
        return [*replaced, *self._mcu(True), Reported({JOINING: True, LEFT_S: round(seconds)})]

    def begin(self) -> list[Event]:
        """The MCU is there. One that was left open by a hub or a line that ended is shut."""
        if self.is_open:
            return []
        return self.stop() if self._mcu_lets_join else self.shut()

    def stop(self, ticket: Ticket = 0) -> list[Event]:
        """No more: because it was asked for, or because the time is over."""
        return [*self._requests.send(Bare(codes.STOP_JOINING), STOP, ticket), *self._mcu(False), *self.shut()]

    def shut(self) -> list[Event]:
        """The window is not open (any more)."""
        self._timers.clear(WINDOW)
        return [Reported({JOINING: False, LEFT_S: 0})]

    def local(self, message: LocalPermit, now: float) -> list[Event]:
        """The MCU opens or shuts the window. Without a time it is open as long as usual."""
        self._answer(result_of(codes.LOCAL_PERMIT, True))
        if not message.allow:
            return [*self._mcu(False), *self.shut()]
        return self.permit(message.seconds or self._usual_s, now)

    # --- who joins ---------------------------------------------------------------------------------

    def add(self, message: AddSubDevice | AddSubDevices, now: float) -> list[Event]:
        """08 or 12: accept these, or say why not."""
        devices = sub_devices_of(message)
        problem = self._problem(devices)
        self._answer(result_of(message.command, not problem))
        if problem:
            self._counts["refused_joins"] += len(devices)
            return [Noticed("refused", f"{_named(devices)} could not join: {problem}.")]
        fitting: list[SubDevice] = []
        events: list[Event] = []
        problems: list[str] = []
        for device in devices:
            problems += [why] if (why := self.room_problem(device.id)) else []
            if not why:
                events += self._registry.put(self._merged(device))
                fitting.append(device)
        self._pending |= {device.id for device in fitting}
        if problems:
            self._counts["refused_joins"] += len(problems)
            left_out = [one for one in devices if one not in fitting]
            events.append(Noticed("refused", f"{_named(left_out)} was not added: {problems[0]}."))

        def then(value: Answer | Refusal, now: float) -> Sequence[Event]:
            return self._stored(devices, fitting, value, now)

        return [*events, *self._questions.ask(AskStored(), then, now, keep=True)]

    def adopt(self, device: SubDevice, now: float) -> list[Event]:
        """Register one that joined before there was this module; the MCU has it, and whether it is there is asked."""
        adopted = self._merged(device)
        return [*self._registry.put(adopted), adopted.joined(), *self._presence.adopted(device.id, now)]

    def adopt_recorded(self, id: str, now: float) -> list[Event]:
        """In a capture, one that reports without having joined in it."""
        if not self._line.is_recorded or id in self._registry or join_problem(id) or self.room_problem(id):
            return []
        device = SubDevice(id=id)
        return [*self._registry.put(device), *self._joined(device, now)]

    def left(self, id: str) -> None:
        """It is gone: a result that says that it was added, and may be on its way again, says so no more."""
        for name, result in self._results.items():
            if id in result.cids and self._queue.holds(name):
                pairs = zip(result.cids, result.rets, strict=True)
                rets = tuple(NOT_ADDED if one == id else ret for one, ret in pairs)
                self._send(AddResult(result.cids, rets))
                return

    def room_problem(self, id: str) -> str:
        """Why this one cannot be registered beside the others; "" = it can."""
        if id in self._registry:
            return ""
        if len(self._registry) >= self._most():
            return f"there are {len(self._registry)} sub-devices, and {self._most()} is the most"
        twin = self._registry.twin(id)
        return f"there is {twin}, and their names would be the same" if twin else ""

    # --- inside ----------------------------------------------------------------------------------

    def _mcu(self, lets_join: bool) -> list[Event]:
        """Remember whether the MCU lets sub-devices join: it ends that by 07 alone."""
        if lets_join == self._mcu_lets_join:
            return []
        self._mcu_lets_join = lets_join
        return [Remember(OPEN, b"1" if lets_join else b"")]

    def _problem(self, devices: Sequence[SubDevice]) -> str:
        ids = [device.id for device in devices]
        if len(set(ids)) < len(ids):
            return "an id is there twice"
        may_join = self.is_open or self._line.is_recorded  # who is in a capture was accepted then
        if not may_join and not all(id in self._registry for id in ids):
            return "joining is not permitted"
        return next(filter(None, map(join_problem, ids)), "")

    def _merged(self, device: SubDevice) -> SubDevice:
        """What it reports of itself now, with what people and its reports have added before."""
        before = self._registry.get(device.id)
        if before is None:
            return device
        kept = {"name": before.name, "place": before.place, "low_power": before.low_power}
        same = not device.product or device.product == before.product
        return msgspec.structs.replace(device, **kept, types=before.types if same else {})

    def _stored(
        self, devices: Sequence[SubDevice], fitting: Sequence[SubDevice], value: Answer | Refusal, now: float
    ) -> list[Event]:
        """They are stored, or could not be: the result."""
        here = [self._registry.get(one.id) for one in fitting]  # with what it has reported meanwhile
        still = [device for device in here if device is not None]  # none was removed meanwhile
        self._pending -= {device.id for device in fitting}
        if isinstance(value, Refusal):
            events = [event for device in still for event in self._registry.drop(device.id)]
            self._send_result(devices, ())
            return [*events, Noticed("refused", f"{_named(devices)} could not be stored, so it was not added.")]
        events = [event for device in still for event in self._joined(device, now)]
        self._send_result(devices, [device.id for device in still])
        return events

    def _joined(self, device: SubDevice, now: float) -> list[Event]:
        joined = Noticed("joined", f"It joined, product {device.product or 'unknown'}.", device.id)
        return [device.joined(), *self._presence.added(device.id, now), joined]

    def _send_result(self, devices: Sequence[SubDevice], added: Sequence[str]) -> None:
        ids = tuple(device.id for device in devices)
        rets = tuple(ADDED if id in added else NOT_ADDED for id in ids)
        self._send(AddResult(ids, rets))

    def _send(self, result: AddResult) -> None:
        """Send a result, and again until it is acknowledged; one before it for the same sub-device is void."""
        name = f"{RESULT} {result.cids[0]}"
        self._results = {other: one for other, one in self._results.items() if self._queue.holds(other)}
        self._results[name] = result
        self._requests.send(result, name, tries=DECISIVE_TRIES)

    def _answer(self, message: Message) -> None:
        self._queue.answer(bytes(frame_of(message)))


def sub_devices_of(message: AddSubDevice | AddSubDevices) -> list[SubDevice]:
    """What an 08 or a 12 reports of each."""
    match message:
        case AddSubDevice(sub_id=id):
            ids, kind = (id,), message.pk_type
        case AddSubDevices(cids=ids):
            kind = 1
    return [
        SubDevice(
            id=id,
            product=message.pid,
            version=message.ver,
            kind=kind,
            channel=message.channel,
            updatable=message.ota == 1,
        )
        for id in ids
    ]


def _named(devices: Sequence[SubDevice]) -> str:
    """For people: one id, or how many."""
    first, more = devices[0].id[:80], len(devices) - 1
    return f"{first} and {more} more" if more else first
