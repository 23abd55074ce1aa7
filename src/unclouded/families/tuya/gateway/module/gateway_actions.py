"""The actions of a gateway and of its sub-devices: read from a WireAction, and begun.

Source: docs/protocols/tuya_gateway.md §2.2; the names and arguments are in actions.py.
"""

from collections.abc import Callable, Mapping

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Ticket, WireAction, WireCommand, WireValue
from unclouded.core.sessions.session_parts import refuse_action
from unclouded.core.text.whole_number import whole_number
from unclouded.families.tuya.gateway.module.action_requests import ActionRequests
from unclouded.families.tuya.gateway.module.groups import GatewayGroups
from unclouded.families.tuya.gateway.module.infrared_service import ACTIONS as INFRARED_ACTIONS
from unclouded.families.tuya.gateway.module.infrared_service import GatewayInfrared
from unclouded.families.tuya.gateway.module.joining import Joining
from unclouded.families.tuya.gateway.module.removal import GatewayRemoval
from unclouded.families.tuya.gateway.module.security_service import ACTIONS as SECURITY_ACTIONS
from unclouded.families.tuya.gateway.module.security_service import GatewaySecurity
from unclouded.families.tuya.gateway.module.state_queries import StateQueries
from unclouded.families.tuya.gateway.module.sub_devices import SubDevice, SubDeviceRegistry, join_problem
from unclouded.families.tuya.gateway.settings import LONGEST_PERMIT_S, GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.start_messages import LOCAL_GROUPS, MEMBER_COMMANDS, RemovalStatus
from unclouded.families.tuya.pending_commands import points_of

LONGEST_NAME = 80  # characters
LONGEST_NUMBER = 12  # digits

Run = Callable[[Ticket], list[Event]]  # begins the action of this ticket


class GatewayActions:
    """Begins actions; each has one ticket. ``can``: whether the gateway has a capability (LOCAL_GROUPS …)."""

    def __init__(
        self,
        settings: GatewaySettings,
        registry: SubDeviceRegistry,
        requests: ActionRequests,
        joining: Joining,
        removal: GatewayRemoval,
        queries: StateQueries,
        groups: GatewayGroups,
        security: GatewaySecurity,
        infrared: GatewayInfrared,
        can: Callable[[int], bool],
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._requests = requests
        self._joining = joining
        self._removal = removal
        self._queries = queries
        self._groups = groups
        self._security = security
        self._infrared = infrared
        self._can = can

    def begin(self, action: WireAction, why_not: str, now: float) -> tuple[Ticket, list[Event]]:
        """The ticket, and what follows at once. Raises CommandError for one that is invalid.

        ``why_not``: why the MCU cannot be reached, "" = it can; some actions do not need it.
        """
        run = self._of_part(action) if action.part else self._of_gateway(action, now)
        ticket = self._requests.begin(now)
        if why_not and action.name not in LOCAL:
            return ticket, self._requests.unreachable(ticket, why_not)
        return ticket, run(ticket)

    # --- the gateway -----------------------------------------------------------------------------

    def _of_gateway(self, action: WireAction, now: float) -> Run:
        match action.name:
            case "permit":
                seconds = _seconds(action.args.get("seconds", str(self._settings.permit_s)))
                return lambda ticket: self._joining.permit(seconds, now, ticket)
            case "stop":
                return self._joining.stop
            case "adopt":
                return self._adopt(action.args, now)
            case "unpair":
                return lambda ticket: self._report_removal(RemovalStatus.REMOTE_REMOVAL, ticket)
            case "reset":
                return lambda ticket: self._report_removal(RemovalStatus.REMOTE_FACTORY, ticket)
            case "clear":
                return lambda ticket: self._report_removal(RemovalStatus.CLEARED, ticket)
            case "group":
                return self._change_group(action.args)
            case "group_set":
                return self._set_group(action.args, now)
            case name if name in SECURITY_ACTIONS:
                self._security.check(action)
                return lambda ticket: self._security.act(action, ticket, now)
            case name if name in INFRARED_ACTIONS:
                found = self._infrared.check(action)
                return lambda ticket: self._infrared.act(action, found, ticket, now)
            case "refresh":
                return lambda ticket: self._refresh(ticket, now)
        raise refuse_action(action)

    def _adopt(self, args: Mapping[str, str], now: float) -> Run:
        id = args.get("sub_id", "")
        product = args.get("product", "").strip()
        known = self._registry.get(id)
        problem = join_problem(id) or self._joining.room_problem(id)
        if known is not None and product in ("", known.product):
            problem = f"it has joined here already, product {known.product or 'unknown'}"
        if problem:
            raise CommandError(f"{id or 'A sub-device without sub_id='} cannot be adopted: {problem}.")
        device = msgspec.structs.replace(known or SubDevice(id=id), product=product)
        return lambda ticket: [*self._joining.adopt(device, now), *self._requests.settle(ticket)]

    def _change_group(self, args: Mapping[str, str]) -> Run:
        gid, added, removed = args.get("gid", "").strip(), _ids(args, "add"), _ids(args, "remove")
        if not gid or bool(added) == bool(removed):
            raise CommandError("group takes gid= and one of add= and remove=, ids with commas between them.")
        problem = join_problem(gid) or self._groups.room_problem(gid)
        if problem:
            raise CommandError(f"There can be no group {gid!r}: {problem}.")
        for id in [*added, *removed]:
            if id not in self._registry:
                raise CommandError(f"This gateway has no sub-device {id!r}.")
        self._must_have(LOCAL_GROUPS, "local groups")
        command = codes.GROUP_ADD if added else codes.GROUP_REMOVE
        return lambda ticket: self._groups.change(command, gid, added or removed, ticket)

    def _set_group(self, args: Mapping[str, str], now: float) -> Run:
        gid, through = args.get("gid", "").strip(), args.get("through", "").strip()
        members = self._groups.members(gid)
        if not members:
            raise CommandError(f"There is no group {gid!r} with members.")
        if through and through not in members:
            raise CommandError(f"{through} is not a member of group {gid}.")
        if through:
            self._must_have(MEMBER_COMMANDS, "commands to one member of a group")
        first = self._registry.get(members[0])
        points = points_of(WireCommand(_values(args.get("values", ""))), first.types if first is not None else {})
        return lambda ticket: self._groups.set(gid, points, through, ticket, now)

    def _must_have(self, capability: int, what: str) -> None:
        if not self._can(capability):
            raise CommandError(f"This gateway has no {what}, as it reports itself.")

    def _report_removal(self, removal: int, ticket: Ticket) -> list[Event]:
        """The MCU does not answer it."""
        return [*self._removal.report(removal), *self._requests.settle(ticket, "sent; gateways do not answer it")]

    def _refresh(self, ticket: Ticket, now: float) -> list[Event]:
        self._queries.begin(now)
        return self._requests.settle(ticket, "asked")

    # --- sub-devices -----------------------------------------------------------------------------

    def _of_part(self, action: WireAction) -> Run:
        id = action.part
        match action.name:
            case "remove" | "forget" as name:
                return lambda ticket: self._removal.remove(id, ticket, name == "forget")
            case "rename":
                return self._rename(id, action.args)
        raise refuse_action(action)

    def _rename(self, id: str, args: Mapping[str, str]) -> Run:
        texts = {key: args[key].strip() for key in ("name", "place") if key in args}
        if not texts:
            raise CommandError("rename takes name= or place=.")
        for key, text in texts.items():
            if len(text) > LONGEST_NAME or not text.isprintable():
                raise CommandError(f"A {key} has at most {LONGEST_NAME} characters that can be printed.")

        def run(ticket: Ticket) -> list[Event]:
            device = self._registry.get(id)
            if device is None:
                return self._requests.refuse(ticket, f"There is no {id} any more.")
            renamed = msgspec.structs.replace(device, **texts)
            return [*self._registry.put(renamed), renamed.identified(), *self._requests.settle(ticket)]

        return run


LOCAL = frozenset({"adopt", "rename"})  # actions for which the MCU is not needed


def _seconds(text: str) -> float:
    seconds = whole_number(text, 1, LONGEST_PERMIT_S)
    if seconds is None:
        raise CommandError(f"Joining can be permitted for 1 to {LONGEST_PERMIT_S} seconds, not {text[:20]!r}.")
    return seconds


def _ids(args: Mapping[str, str], name: str) -> list[str]:
    """The ids of an argument, each once."""
    return list(dict.fromkeys(filter(None, (id.strip() for id in args.get(name, "").split(",")))))


def _values(text: str) -> Mapping[str, WireValue]:
    """``1=on,2=25`` as wire values: on and off, numbers, else texts."""
    values: dict[str, WireValue] = {}
    for pair in filter(None, text.split(",")):
        key, sign, value = pair.partition("=")
        if not sign:
            raise CommandError(f"values= takes data points such as 1=on,2=25, not {pair!r}.")
        values[key.strip()] = _value(value.strip())
    return values


def _value(text: str) -> WireValue:
    if text in ("on", "off"):
        return text == "on"
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < LONGEST_NUMBER else text
