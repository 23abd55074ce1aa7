"""The bridge: accessories of HAP-python with values from the hub, and commands back to it.

A value that a controller sets is a command; the characteristic keeps the value that the device reported until the
device confirms the new one. Where it does not, controllers get the old value again. An accessory whose device does not
answer fails every read and write, which controllers show as "No Response".
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from pyhap.accessory import Accessory, Bridge
from pyhap.accessory_driver import AccessoryDriver
from pyhap.characteristic import Characteristic
from pyhap.const import CATEGORY_OTHER, CATEGORY_OUTLET, CATEGORY_SENSOR, CATEGORY_SWITCH, CATEGORY_THERMOSTAT
from pyhap.iid_manager import IIDManager
from pyhap.service import Service

from unclouded.core.model import Reading, Value
from unclouded.publish.homekit.accessories import (
    EVE,
    AccessorySpec,
    CharacteristicSpec,
    ServiceSpec,
    command_value,
    homekit_value,
)
from unclouded.publish.homekit.memory import BridgeMemory

log = logging.getLogger("unclouded.publish.homekit")

BRIDGE = "bridge"  # the identity of the bridge itself in the memory
NOT_REACHABLE = -70402  # HAP's status: unable to communicate with the requested service
CATEGORIES = {"Outlet": CATEGORY_OUTLET, "Switch": CATEGORY_SWITCH, "Thermostat": CATEGORY_THERMOSTAT}
Set = Callable[[str, str, Value], Awaitable[bool]]  # device, point, value -> whether the device confirmed it


class StableNumbers(IIDManager):  # type: ignore[misc]  # HAP-python has no complete types
    """Numbers of services and characteristics that do not depend on their order."""

    def __init__(self, memory: BridgeMemory, identity: str) -> None:
        super().__init__()
        self._memory = memory
        self._identity = identity

    def get_iid_for_obj(self, obj: Any) -> int:  # Any: a Service or a Characteristic
        """From memory by type and name of the service, so that controllers find it again after a restart."""
        service = obj if isinstance(obj, Service) else obj.service
        part = f"{service.type_id}/{service.unique_id or ''}"
        if obj is not service:
            part += f"/{obj.type_id}"
        return self._memory.number_inside(self._identity, part)


class BridgeAccessory(Bridge):  # type: ignore[misc]
    """The bridge itself, which prints nothing."""

    def setup_message(self) -> None:
        """`unclouded homekit` shows the code."""


class DeviceAccessory(Accessory):  # type: ignore[misc]
    """One device. ``send``: carries out a command."""

    def __init__(
        self, driver: AccessoryDriver, memory: BridgeMemory, identity: str, spec: AccessorySpec, send: Set
    ) -> None:
        super().__init__(driver, spec.name, aid=memory.number(identity), iid_manager=StableNumbers(memory, identity))
        self.category = next((CATEGORIES[one.name] for one in spec.services if one.name in CATEGORIES), CATEGORY_SENSOR)
        self.category = self.category or CATEGORY_OTHER
        self.spec = spec
        self.is_reachable = False
        self._send = send
        self._values: dict[Characteristic, Any] = {}  # what the device reported, as HomeKit's value
        self._by_point: dict[str, list[tuple[CharacteristicSpec, Characteristic]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.set_info_service(spec.firmware, spec.manufacturer, spec.model, spec.serial)
        for service in spec.services:
            self._add(service)

    @property
    def available(self) -> bool:
        return self.is_reachable

    def take(self, reading: Reading) -> None:
        """Show what the device reports."""
        for spec, characteristic in self._by_point.get(reading.point, ()):
            value = homekit_value(spec, reading.value)
            if value is not None:
                characteristic.set_value(value)
                self._values[characteristic] = characteristic.value

    def _add(self, spec: ServiceSpec) -> None:
        service = self.driver.loader.get_service(spec.name)
        service.unique_id = spec.key
        known = {one.display_name for one in service.characteristics}
        for one in spec.characteristics:
            if one.name in EVE:
                service.add_characteristic(_eve(one))
            elif one.name not in known:
                service.add_characteristic(self.driver.loader.get_char(one.name))
        if spec.label:
            service.add_characteristic(self.driver.loader.get_char("Name"))
            service.configure_char("Name", value=spec.label)
        if spec.name == "BatteryService":
            service.configure_char("ChargingState", value=2)  # not chargeable
        if spec.name == "Thermostat":
            _limit_thermostat(service, spec)
        for one in spec.characteristics:
            characteristic = service.get_characteristic(one.name)
            if one.minimum is not None:
                limits = {"minValue": one.minimum, "maxValue": one.maximum, "minStep": one.step}
                characteristic.override_properties(properties=limits)
            if one.writable:
                characteristic.setter_callback = partial(self._set, one, characteristic)
            self._by_point.setdefault(one.point, []).append((one, characteristic))
        self.add_service(service)

    def _set(self, spec: CharacteristicSpec, characteristic: Characteristic, value: Any) -> None:
        """A controller sets a value; until the device confirms it, the old one is shown."""
        characteristic.value = self._values.get(characteristic, characteristic.value)
        task = asyncio.create_task(self._carry_out(spec, characteristic, value), name=f"homekit.{self.spec.device}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, spec: CharacteristicSpec, characteristic: Characteristic, value: Any) -> None:
        if not await self._send(self.spec.device, spec.point, command_value(spec, value)):
            characteristic.notify()


class BridgeDriver(AccessoryDriver):  # type: ignore[misc]
    """Writes to accessories whose devices do not answer fail at once."""

    def set_characteristics(self, chars_query: dict[str, Any], client_addr: Any) -> dict[str, Any] | None:
        """Writes to devices that answer; writes to others have the status "not reachable" in the response."""
        queries = chars_query["characteristics"]
        lost = [one for one in queries if "value" in one and not self._is_reachable(one.get("aid"))]
        rest = [one for one in queries if one not in lost]
        answer: dict[str, Any] | None = None
        if rest:
            answer = super().set_characteristics({**chars_query, "characteristics": rest}, client_addr)
        if not lost:
            return answer
        failed = [{"aid": one["aid"], "iid": one["iid"], "status": NOT_REACHABLE} for one in lost]
        done = [{"aid": one["aid"], "iid": one["iid"], "status": 0} for one in rest]
        return {"characteristics": [*(answer["characteristics"] if answer else done), *failed]}

    def _is_reachable(self, aid: Any) -> bool:
        accessory = self.accessory.accessories.get(aid) if self.accessory is not None else None
        return accessory is None or bool(accessory.available)


class HomekitBridge:
    """The accessories of the devices of now. ``send``: carries out a command."""

    def __init__(self, driver: BridgeDriver, name: str, memory: BridgeMemory, send: Set, version: str) -> None:
        self._driver = driver
        self._memory = memory
        self._send = send
        self._accessories: dict[str, DeviceAccessory] = {}  # by identity
        self._by_device: dict[str, DeviceAccessory] = {}
        self.bridge = BridgeAccessory(driver, name, iid_manager=StableNumbers(memory, BRIDGE))
        self.bridge.set_info_service(version, "Unclouded", "Hub", "hub")

    def __len__(self) -> int:
        return len(self._accessories)

    def settle(self, specs: Mapping[str, AccessorySpec]) -> bool:
        """Have these accessories. Whether that is a change."""
        changed = False
        for identity in [one for one in self._accessories if self._accessories[one].spec != specs.get(one)]:
            del self.bridge.accessories[self._accessories.pop(identity).aid]
            changed = True
        for identity, spec in specs.items():
            if identity not in self._accessories:
                accessory = DeviceAccessory(self._driver, self._memory, identity, spec, self._send)
                self._accessories[identity] = accessory
                self.bridge.add_accessory(accessory)
                changed = True
        self._by_device = {one.spec.device: one for one in self._accessories.values()}
        return changed

    def show(self, readings: Iterable[Reading]) -> None:
        """New readings, for the accessories of their devices."""
        for reading in readings:
            if (accessory := self._by_device.get(reading.device)) is not None:
                accessory.take(reading)

    def set_reachable(self, is_reachable: Callable[[str], bool]) -> None:
        """``is_reachable``: whether a device answers, or sleeps."""
        for one in self._accessories.values():
            one.is_reachable = is_reachable(one.spec.device)


def _eve(spec: CharacteristicSpec) -> Characteristic:
    return Characteristic(spec.name, UUID(EVE[spec.name]), {"Format": "float", "Permissions": ["pr", "ev"]})


def _limit_thermostat(service: Service, spec: ServiceSpec) -> None:
    """It heats, or is off where it can be switched off."""
    has_off = any(one.name == "TargetHeatingCoolingState" for one in spec.characteristics)
    states = {"Off": 0, "Heat": 1} if has_off else {"Heat": 1}
    service.get_characteristic("TargetHeatingCoolingState").override_properties(valid_values=states)
    service.configure_char("TargetHeatingCoolingState", value=1)
    service.configure_char("CurrentHeatingCoolingState", value=1)
