"""The module's end of a gateway's line: we are the Wi-Fi module, and the gateway's MCU has sub-devices.

    start ─► online ─► 0b: what is the state of all? ─► 0d of each: Reported(part)
                │
                ├─ permit ─► 06 ─► 08, 12 ─► 13: Joined(part)        09, 19, 17: Left(part)
                ├─ 0a to each in turn ─► there, or Offline(part)      2a, 0d, 2c: there
                └─ set ─► 0c ─► 0d of the same sub-device: confirmed

Each sub-device is a part; the gateway itself is part "". What is known of them is remembered over restarts.
Source: docs/protocols/tuya_gateway.md §1.7, §2.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Event,
    Identified,
    Noticed,
    Offline,
    Rejected,
    SessionCommand,
    Ticket,
    WireAction,
)
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.tuya.gateway.module.action_requests import ActionRequests
from unclouded.families.tuya.gateway.module.gateway_actions import GatewayActions
from unclouded.families.tuya.gateway.module.groups import GatewayGroups
from unclouded.families.tuya.gateway.module.infrared_service import LEARNING, PACKET, GatewayInfrared
from unclouded.families.tuya.gateway.module.joining import WINDOW, Joining
from unclouded.families.tuya.gateway.module.point_commands import PointCommands
from unclouded.families.tuya.gateway.module.presence import SubDevicePresence
from unclouded.families.tuya.gateway.module.removal import GatewayRemoval
from unclouded.families.tuya.gateway.module.reports import SubDeviceReports
from unclouded.families.tuya.gateway.module.security_service import GatewaySecurity
from unclouded.families.tuya.gateway.module.services import GatewayServices
from unclouded.families.tuya.gateway.module.start import SILENCE, GatewayStart
from unclouded.families.tuya.gateway.module.state_queries import StateQueries
from unclouded.families.tuya.gateway.module.sub_devices import MOST, MOST_SECURITY, SubDeviceRegistry
from unclouded.families.tuya.gateway.module.updates import GatewayUpdates
from unclouded.families.tuya.gateway.module.weather_service import WEATHER, GatewayWeather
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY, gateway_redact
from unclouded.families.tuya.gateway.wire.group_messages import GroupChange, GroupResult, MemberQuery
from unclouded.families.tuya.gateway.wire.infrared_messages import InfraredLearned
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID, RESULTS, OutOfRange, result_of
from unclouded.families.tuya.gateway.wire.odd_product_info import NO_GATEWAY, may_be_no_gateway, readable_product
from unclouded.families.tuya.gateway.wire.pairing_messages import BAD_JSON
from unclouded.families.tuya.gateway.wire.point_messages import SubDevicePoints, TimedPoints
from unclouded.families.tuya.gateway.wire.service_messages import (
    BAD_FORMAT,
    HeartbeatPause,
    WeatherAccepted,
    WeatherRequest,
    WeatherSubscription,
)
from unclouded.families.tuya.gateway.wire.start_messages import LocalPermit, ProductInfo
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    AddSubDevice,
    AddSubDevices,
    HeartbeatReply,
    LocalDelete,
    PresenceChange,
    VersionReply,
)
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import NO_PATH, Endpoint, EndpointParts
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import Bare, Result, Unknown, frame_of, values_of

DIALECT = "gateway dialect"
REASONS = 100  # different ones for which a frame is reported as rejected; all are counted
POLL = "network poll"  # a request: the answer to an empty 03
RESTARTED = "the connection was opened again"


class GatewayModule:
    """The hub's end of a gateway: the Role of the module."""

    def __init__(self, settings: GatewaySettings, ambient: Ambient, parts: EndpointParts) -> None:
        memory = ambient.memory
        self._settings = settings
        self._line = parts.line
        self._counts = parts.counts
        self._queue = parts.queue
        self._timers = parts.timers
        self._deferred = parts.deferred
        self._info: dict[str, str] = {}
        self._rejected: set[str] = set()
        self._registry = SubDeviceRegistry(memory)
        self._presence = SubDevicePresence(settings, parts, self._registry, memory)
        self._start = GatewayStart(settings, parts, self._ready)
        self._requests = ActionRequests(settings, parts)
        self._joining = Joining(settings, parts, self._registry, self._presence, self._requests, self._most, memory)
        self._services = GatewayServices(
            settings, parts, ambient, self._start, self._registry, self._joining.is_pending
        )
        self._commands = PointCommands(settings, parts)
        self._queries = StateQueries(settings, parts, self._known)
        self._reports = SubDeviceReports(parts, self._registry, self._presence, self._commands, self._queries, memory)
        self._groups = GatewayGroups(settings, parts, self._requests, self._queries, memory)
        self._security = GatewaySecurity(settings.security, parts, ambient, self._requests, self._registry)
        self._infrared = GatewayInfrared(settings, parts, self._requests, memory)
        self._weather = GatewayWeather(settings, parts, self._requests, memory)
        self._updates = GatewayUpdates(parts, self._registry, self._can, self._version_of)
        self._removal = GatewayRemoval(parts, self._registry, self._requests, self._forget, self._joining.shut)
        self._actions = GatewayActions(
            settings,
            self._registry,
            self._requests,
            self._joining,
            self._removal,
            self._queries,
            self._groups,
            self._security,
            self._infrared,
            self._can,
        )
        self._deferred.add(self._presence.known(), 0.0)

    # --- the connection --------------------------------------------------------------------------

    def opened(self, now: float) -> Sequence[Event]:
        events = [*self._updates.lost(RESTARTED, now), *self._gone(RESTARTED)]
        self._start.begin(now)
        return [*events, *self._services.begin(now)]

    def closed(self, reason: str, now: float) -> Sequence[Event]:
        self._start.forget()
        return self._lost(reason, now)

    def _lost(self, reason: str, now: float) -> list[Event]:
        """There is no MCU any more: every command settles."""
        updates = self._updates.lost(reason, now)
        return [
            *self._commands.unreachable(reason),
            *self._requests.close(reason),
            *updates,
            *self._gone(reason),
        ]

    def _gone(self, reason: str) -> list[Event]:
        """There is no MCU any more."""
        was_open = self._joining.is_open
        self._joining.forget()
        self._groups.forget()
        self._infrared.forget()
        self._queries.forget()
        return [*(self._joining.shut() if was_open else ()), *self._presence.gone(reason)]

    def _ready(self, now: float) -> list[Event]:
        """The start is done."""
        self._presence.begin(now)
        self._queries.begin(now)
        self._weather.begin(now)
        product = self._services.product
        security = self._security.begin(product, now) if product is not None else []
        return [*self._joining.begin(), *security, *self._infrared.begin(), *self._groups.begin()]

    def _most(self) -> int:
        """Sub-devices that there may be."""
        product = self._services.product
        usual = MOST_SECURITY if product is not None and product.is_security else MOST
        return self._settings.most_sub_devices or usual

    def _known(self) -> Mapping[str, Collection[str]]:
        """By part that may report, the points that it has."""
        return self._reports.known()

    def _forget(self, id: str) -> list[Event]:
        """A sub-device is gone for good."""
        self._presence.dropped(id)
        self._joining.left(id)
        self._queries.drop(id)
        gone = self._commands.unreachable("It was removed from its gateway.", id)
        return [*gone, *self._groups.left(id), *self._updates.left(id)]

    def _version_of(self, part: str) -> str:
        """The firmware that a part has reported."""
        device = self._registry.get(part)
        return self._info.get("version", "") if device is None else device.version

    def _can(self, capability: int) -> bool:
        product = self._services.product
        return product is None or product.can(capability)

    # --- commands --------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if command.part and command.part not in self._registry:
            raise CommandError(f"This gateway has no sub-device {command.part!r}.")
        why_not = NO_PATH if self._line.path is None else self._start.why_not()
        if isinstance(command, WireAction) and command.name == "update":
            return self._updates.submit(command, why_not, now)
        if isinstance(command, WireAction):
            ticket, events = self._actions.begin(command, why_not, now)
        else:
            ticket = self._commands.begin(command, self._reports.types(command.part), now)
            events = self._commands.refuse(why_not, ticket) if why_not else []
        self._deferred.add(events, now)
        return ticket

    def sending(self, request: Request, now: float) -> bool:
        return self._commands.sending(request, now)

    # --- time ------------------------------------------------------------------------------------

    def unanswered(self, request: Request, now: float) -> Sequence[Event]:
        events = self._start.unanswered(request, now, self._line.held)
        lost = next((event.reason for event in events if isinstance(event, Offline)), "")
        if lost:
            events = [*self._lost(lost, now), *events]
        if request.name == PACKET:
            events = [*self._infrared.unanswered(), *events]
        return [*self._requests.unanswered(request), *self._updates.unanswered(request, now), *events]

    def due(self, timer: str, now: float) -> Sequence[Event]:
        if timer == WINDOW:
            return self._joining.stop()
        if timer == LEARNING:
            return self._infrared.due()
        if timer == WEATHER:
            return self._weather.due(now)
        if timer == SILENCE:
            self._start.probe()
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events: list[Event] = []
        for part, late in self._commands.tick(now):
            events += [*self._presence.unreported(part), late]
        self._queries.tick(now)
        events += [*self._groups.tick(now), *self._security.tick(now), *self._updates.tick(now)]
        return [*events, *self._requests.tick(now), *self._presence.tick(now)]

    def deadline(self) -> float | None:
        return earliest(
            self._commands.deadline(),
            self._groups.deadline(),
            self._security.deadline(),
            self._updates.deadline(),
            self._requests.deadline(),
            self._presence.deadline(),
            self._queries.deadline(),
        )

    def stats(self, now: float) -> Mapping[str, float]:
        named = ("unknown", "early", "unknown_sub_devices", "refused_joins", "repeated_records", "records_without_time")
        return {**{name: self._counts[name] for name in named}, "sub_devices": len(self._registry)}

    # --- what the MCU sends ----------------------------------------------------------------------

    def noise(self, rejected: Rejected, now: float) -> Sequence[Event]:
        self._queries.noise(now)
        return (rejected,)

    def received(self, frame: Frame, now: float) -> Sequence[Event]:
        message = GATEWAY.read("device", frame)
        if not (self._start.is_answered or self._line.is_recorded) and frame.command != codes.PRODUCT:
            self._counts["early"] += 1
            return ()
        request = self._queue.received(frame, now)
        self._start.received(now)
        updating = self._updates.received(message, request, now)
        events = updating if updating is not None else self._understand(message, frame, request, now)
        if request is not None and request.name == PACKET:
            events += self._infrared.answered(message)
        if request is not None:
            events += [*self._start.answered(request, message, now), *self._requests.answered(request, message, now)]
        self._updates.next(now)
        return events

    def _understand(self, message: Message, frame: Frame, request: Request | None, now: float) -> list[Event]:
        match message:
            case SubDevicePoints(sub_id=id, points=points):
                values = dict(values_of(points))
                joined = self._joining.adopt_recorded(id, now) if id != GATEWAY_ID else []
                reported = [*self._reports.report(message, now), *self._groups.reported(id, values)]
                return [*joined, *reported, *self._security.reported(id, points, now)]
            case HeartbeatReply():
                return self._presence.replied(message, now)
            case TimedPoints(sub_id=id):
                joined = self._joining.adopt_recorded(id, now) if id != GATEWAY_ID else []
                return [*joined, *self._reports.record(message, frame.payload, now)]
            case AddSubDevice() | AddSubDevices():
                return self._joining.add(message, now)
            case LocalPermit():
                return self._joining.local(message, now)
            case LocalDelete():
                return self._removal.local(message)
            case PresenceChange():
                return self._presence.changed(message, now)
            case HeartbeatPause():
                return self._presence.paused(message, now)
            case WeatherSubscription() | WeatherRequest():
                return self._weather.received(message, now)
            case VersionReply(sub_id=id, ver=version):
                return self._sub_version(id, version)
            case InfraredLearned():
                return self._infrared.learned(message)
            case MemberQuery() | GroupChange():
                return self._groups.received(message, now)
            case GroupResult() if request is not None:
                return []
            case ProductInfo():
                return self._identify(message, now)
            case Bare(command=codes.FACTORY_RESET):
                return self._removal.factory()
            case Bare(command=codes.NETWORK) if request is None:
                self._start.poll()
                return []
            case OutOfRange() | Unknown():
                return self._reject(message, frame, now)
        events = self._security.received(message, now)
        if events is None:
            events = self._services.received(message, now)
        if events is None and request is None:
            return self._reject(message, frame, now)
        return events or []

    def _identify(self, product: ProductInfo, now: float) -> list[Event]:
        self._services.product = product
        capabilities = f"{product.cap:#04x}"
        info = {"product": product.p or "", "version": product.v, "dialect": DIALECT, "capabilities": capabilities}
        info["kind"] = "security gateway" if product.is_security else ""
        info = {key: text for key, text in info.items() if text}
        events: list[Event] = []
        if info != self._info:
            self._info = info
            events.append(Identified(info))
        self._start.product_known(now)
        updated = self._updates.identified("", product.v)
        if updated:  # it has started again, and knows neither the network nor us
            self._start.begin(now)
        return [*events, *updated]

    def _sub_version(self, id: str, version: str) -> list[Event]:
        """21: the firmware of a sub-device."""
        device = self._registry.get(id)
        if device is None:
            return []
        changed = msgspec.structs.replace(device, version=version)
        events = [*self._registry.put(changed), changed.identified()] if changed != device else []
        return [*events, *self._updates.identified(id, version)]

    def _reject(self, message: Message, frame: Frame, now: float) -> list[Event]:
        """Nothing is done: the MCU gets the failure of the command, and the first one of each reason is reported."""
        self._counts["unknown"] += 1
        if frame.command == codes.PRODUCT and isinstance(message, OutOfRange):
            return [*self._doubt(frame.payload), *self._identify(readable_product(frame.payload), now)]
        sub = GATEWAY.sub_of(frame.command, frame.payload)
        self._fail(frame.command, sub)
        name = GATEWAY.name_of(frame.command, frame.payload)
        why = message.reason if isinstance(message, OutOfRange) else "it cannot be read"
        reason = f"{name}: {why}" if name else f"unknown command 0x{frame.command:02x}"
        if reason in self._rejected or len(self._rejected) >= REASONS:
            return []
        self._rejected.add(reason)
        return [Rejected(reason, gateway_redact("device", bytes(frame)))]

    def _doubt(self, product: bytes) -> list[Event]:
        """Product info of a device that may be no gateway: said once."""
        if NO_GATEWAY in self._rejected or not may_be_no_gateway(product):
            return []
        self._rejected.add(NO_GATEWAY)
        return [Noticed("family", NO_GATEWAY)]

    def _fail(self, command: int, sub: int | None) -> None:
        """Answer that it failed, where the command has such an answer."""
        if GATEWAY.started_by("device", command, sub) is None:
            return
        failure: Message | None = None
        if command == codes.PAIRING:
            failure = Result(codes.PAIRING, BAD_JSON)
        elif (command, sub) == (codes.SERVICES, codes.WEATHER_ON):
            failure = WeatherAccepted(0, BAD_FORMAT)
        elif (command, sub) in RESULTS:
            failure = result_of(command, False, sub)
        if failure is not None:
            self._queue.answer(bytes(frame_of(failure)))


def gateway_module(settings: GatewaySettings, ambient: Ambient) -> Endpoint[GatewayModule]:
    """A session in the controller role."""
    parts = EndpointParts(GATEWAY.shapes, settings.frame_gap_s, settings.minimum_gap_s)
    return Endpoint(parts, GatewayModule(settings, ambient, parts))
