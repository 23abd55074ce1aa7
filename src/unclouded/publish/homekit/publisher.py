"""The publisher of HomeKit: runs the bridge, keeps its accessories those of the hub, carries out commands."""

import asyncio
import errno
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
from pyhap.util import get_local_address

from unclouded.core.errors import CommandError, LinkRefused
from unclouded.core.model import Command, Device, Fact, Notice, PublicHub, Reading, Status, Value
from unclouded.core.publisher import PublisherState, PublisherStatus
from unclouded.core.views.homekit import HomekitView
from unclouded.publish.homekit.bridge import BridgeDriver, HomekitBridge
from unclouded.publish.homekit.memory import BridgeMemory
from unclouded.publish.homekit.roster import roster
from unclouded.publish.homekit.setup_code import setup_uri

log = logging.getLogger("unclouded.publish.homekit")

SETTLE_S = 0.5  # s after a change of the devices, so that several are one
CHECK_S = 60.0  # s between two checks for accessories that are gone
LOOPBACK = "127.0.0.1"
ORIGIN = "homekit"
REACHABLE = ("online", "asleep")


class HomekitSettings(msgspec.Struct, frozen=True):
    """``port`` 0: any free one. ``address``: to listen on and to announce; "" = chosen. ``only``: ids, none = all."""

    name: str
    port: int
    address: str
    only: tuple[str, ...]
    hidden: tuple[str, ...]


class HomekitPublisher:
    """Raises ConfigError where what an earlier run kept cannot be read. ``wall``: the clock, Unix seconds."""

    def __init__(
        self,
        hub: PublicHub,
        settings: HomekitSettings,
        memory: BridgeMemory,
        version: str,
        wall: Callable[[], float],
    ) -> None:
        self._hub = hub
        self._settings = settings
        self._memory = memory
        self._version = version
        self._wall = wall
        self._driver: BridgeDriver | None = None
        self._bridge: HomekitBridge | None = None
        self._states: dict[str, Status] = {}
        self._changed = asyncio.Event()
        self._counts: Counter[str] = Counter(commands=0, refused=0)
        self._state: PublisherState = "starting"

    async def run(self) -> None:
        logging.getLogger("pyhap").setLevel(logging.WARNING)  # else it logs every connection
        self._counts.clear()
        self._state = "starting"
        driver = self._driver = self._new_driver()
        bridge = self._bridge = HomekitBridge(driver, self._settings.name, self._memory, self._command, self._version)
        self._settle()
        unsubscribe = self._hub.subscribe(self._take)
        try:
            await self._start(driver, bridge)
            self._state = "running"
            while True:
                try:
                    async with asyncio.timeout(CHECK_S):
                        await self._changed.wait()
                        await asyncio.sleep(SETTLE_S)
                except TimeoutError:
                    pass
                self._changed.clear()
                if self._settle():
                    self._announce()
        finally:
            unsubscribe()
            self._bridge = self._driver = None
            await _stop(driver)

    def status(self) -> PublisherStatus:
        driver, bridge = self._driver, self._bridge
        if driver is None or bridge is None:
            return PublisherStatus(state=self._state)
        counts = {**self._counts, "accessories": len(bridge), "controllers": len(driver.state.paired_clients)}
        text = "" if driver.state.paired else "It is not paired yet. The code: unclouded homekit"
        return PublisherStatus(state=self._state, text=text, counts=counts)

    def view(self) -> HomekitView | None:
        """What pairs the bridge; None while it does not run."""
        driver, bridge, stored = self._driver, self._bridge, self._memory.stored
        if driver is None or bridge is None:
            return None
        return HomekitView(
            name=self._settings.name,
            code=stored.code,
            uri=setup_uri(stored.code, stored.setup_id),
            paired=bool(driver.state.paired),
            controllers=len(driver.state.paired_clients),
            accessories=len(bridge),
            port=driver.state.port,
        )

    async def unpair(self) -> int:
        """Remove all controllers; how many there were. Their sessions end."""
        driver = self._driver
        if driver is None:
            raise CommandError("The HomeKit bridge does not run yet. Try again in a moment.")
        clients = list(driver.state.paired_clients)
        for one in clients:
            if one in driver.state.paired_clients:
                driver.unpair(one)
        driver.async_update_advertisement()
        await asyncio.sleep(0)
        for connection in list(driver.http_server.connections.values()):
            connection.close()
        return len(clients)

    # --- inside --------------------------------------------------------------------------------

    def _new_driver(self) -> BridgeDriver:
        settings = self._settings
        address = settings.address or own_address()
        driver = BridgeDriver(
            address=address,
            listen_address=settings.address or "0.0.0.0",
            port=settings.port or free_port(address),
            persist_file=str(self._memory.pairings),
            pincode=self._memory.stored.code.encode(),
            loop=asyncio.get_running_loop(),
            interface_choice=[address] if settings.address or address == LOOPBACK else None,
        )
        driver.state.setup_id = self._memory.stored.setup_id
        return driver

    async def _start(self, driver: BridgeDriver, bridge: HomekitBridge) -> None:
        """Raises LinkRefused where its port is in use."""
        try:
            driver.add_accessory(bridge.bridge)
            await driver.async_start()
        except OSError as error:
            place = f"{driver.state.addresses[0]}:{driver.state.port}"
            number = error.errno or 0
            reason = os.strerror(number) if number > 0 else (error.strerror or str(error)).rstrip(".")
            key = "address" if number == errno.EADDRNOTAVAIL else "port"
            raise LinkRefused(
                f"The HomeKit bridge cannot listen on {place}: {reason}. Choose another with [homekit] {key}."
            ) from None

    def _take(self, facts: Sequence[Fact]) -> None:
        bridge = self._bridge
        if bridge is None:
            return
        for fact in facts:
            if type(fact) is Status:
                self._states[fact.device] = fact
                self._changed.set()
            elif type(fact) is Device or (type(fact) is Notice and not fact.device):
                self._changed.set()
        if self._changed.is_set():
            bridge.set_reachable(self._is_reachable)
        bridge.show(one for one in facts if type(one) is Reading)

    def _settle(self) -> bool:
        """Have the accessories of now, with their newest values; whether there are others than before."""
        bridge, memory = self._bridge, self._memory
        if bridge is None:
            return False
        facts = self._hub.snapshot()
        devices = [one for one in facts if type(one) is Device]
        self._states = {one.device: one for one in facts if type(one) is Status}
        settings = self._settings
        specs = roster(devices, self._states, memory.stored.specs, settings.only, settings.hidden, self._wall())
        changed = bridge.settle(specs)
        memory.stored.specs = specs
        memory.save()
        bridge.set_reachable(self._is_reachable)
        bridge.show(one for one in facts if type(one) is Reading)
        return changed

    def _announce(self) -> None:
        """Let controllers read the accessories again."""
        driver = self._driver
        if driver is not None and driver.state.set_accessories_hash(driver.accessories_hash):
            driver.async_persist()
            driver.async_update_advertisement()

    def _is_reachable(self, device: str) -> bool:
        state = self._states.get(device)
        return state is not None and state.state in REACHABLE

    async def _command(self, device: str, point: str, value: Value) -> bool:
        self._counts["commands"] += 1
        try:
            outcome = await self._hub.command(Command(device, point, value, ORIGIN))
        except CommandError as error:
            log.warning("%s from HomeKit: %s", device, error)
            self._counts["refused"] += 1
            return False
        if outcome.result not in ("confirmed", "held"):
            self._counts["refused"] += 1
        return outcome.result in ("confirmed", "held")


async def _stop(driver: BridgeDriver) -> None:
    """Take back what was announced; a driver that did not start has nothing to end."""
    if driver.aio_stop_event is None:
        return
    if driver.mdns_service_info is None:
        driver.advertise = False
    if driver.http_server.server is not None:
        await driver.async_stop()


def own_address() -> str:
    """The address of this computer in its network; of one without a network that of itself."""
    try:
        return str(get_local_address())
    except OSError:
        return LOOPBACK


def free_port(address: str) -> int:
    """A port that is free now."""
    with socket.create_server((address, 0)) as sock:
        return int(sock.getsockname()[1])
