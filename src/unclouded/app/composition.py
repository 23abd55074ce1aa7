"""The parts that a configuration defines: the broker, the devices, and the admission of more devices.

Composition(config) ──► nodes                              at the start of the hub
prepare(config)     ──► PreparedDevices ──► take(…)        while it runs: what cannot change then stays as it is
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from unclouded.app.configuration.config import Config
from unclouded.app.configuration.edits.hub_tables import AT_START
from unclouded.app.configuration.tables.file import BROKER, DeviceTable, links_of
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.plug_key import with_plug_key
from unclouded.app.protocols import actions_of, settings_of
from unclouded.hub.hub import Hub
from unclouded.hub.node import NodeSpec
from unclouded.hub.services.services import Services
from unclouded.profiles import ProfileLibrary

if TYPE_CHECKING:
    from unclouded.app.admissions import Admissions, AdmittedPlug, DeviceAdmitter
    from unclouded.links.broker.server import BrokerServer, SeenPlug


class PreparedDevices(msgspec.Struct, frozen=True):
    """The devices of a configuration, ready to run. ``admitted``: the plugs that were admitted when it was made."""

    config: Config
    factory: DeviceFactory
    specs: Sequence[NodeSpec]
    admitted: "Sequence[AdmittedPlug]"
    needs_restart: tuple[str, ...]


class Composition:
    """``config``: the one that the hub runs with. Raises ConfigError."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.broker: BrokerServer | None = None
        self.admissions: Admissions | None = None
        self.needs_restart: tuple[str, ...] = ()
        self.run_broker: Callable[[BrokerServer], None] = lambda broker: None  # called with one that has started later
        self._listening: tuple[Hub, Services] | None = None
        if config.broker is not None and config.runs_broker:
            from unclouded.app import admissions

            self.admissions = admissions.Admissions(config)
            self.broker = admissions.make_broker(config, self.admissions)
        prepared = self.prepare(config)
        self._factory = prepared.factory
        self.nodes = prepared.specs
        self.admitter: DeviceAdmitter | None = self._admitter()

    def prepare(self, config: Config) -> PreparedDevices:
        """The devices of another configuration, with what of the hub cannot change while it runs. Raises ConfigError.

        It may be called in a thread.
        """
        waiting = tuple(at_next_start(self.config, config))
        admitted = tuple(self.admissions.admitted) if self.admissions is not None else ()
        devices = [*config.devices, *self._admitted_devices(config.devices)]
        if waiting:
            DeviceFactory(config).nodes()  # as the next start will see it
        running = with_values_of_the_run(self.config, config)
        broker = running.broker or config.broker  # one that is new is not there yet, and its plugs say so
        factory = DeviceFactory(replace(running, broker=broker, devices=tuple(devices)), self.broker)
        return PreparedDevices(running, factory, factory.nodes(), admitted, waiting)

    def gains_broker(self, config: Config) -> bool:
        """Whether a configuration has a broker and none runs yet."""
        return self.broker is None and config.broker is not None and config.runs_broker

    def at_next_start(self, config: Config) -> tuple[str, ...]:
        """The keys of the hub that would count at its next start only, if this configuration was applied now."""
        running = with_new_broker(self.config, config) if self.gains_broker(config) else self.config
        return tuple(at_next_start(running, config))

    async def start_broker(self, config: Config) -> None:
        """Run the broker of a configuration, which is new. Raises UncloudedError and OSError; all is as before then."""
        from unclouded.app import admissions

        running = with_new_broker(self.config, await asyncio.to_thread(with_plug_key, config))
        admitted = admissions.Admissions(running)
        broker = admissions.make_broker(running, admitted)
        if broker is None or self._listening is None:
            return
        await asyncio.to_thread(broker.make_certificates)
        broker.start()
        hub, services = self._listening
        self.config, self.broker, self.admissions = running, broker, admitted
        self.admitter = self._admitter()
        hub.use_admissions(self.admitter)
        self.listen(hub, services)
        self.run_broker(broker)

    def is_current(self, prepared: PreparedDevices) -> bool:
        """Whether no plug was admitted or forgotten since it was made."""
        return self.admissions is None or tuple(self.admissions.admitted) == prepared.admitted

    def take(self, prepared: PreparedDevices, hub: Hub) -> None:
        """The hub runs with these devices from now on. Plugs that are connected and have none are reported to it."""
        self.config, self._factory = prepared.config, prepared.factory
        self.needs_restart = prepared.needs_restart
        if self.admitter is not None:
            self.admitter.use(self.config, self._factory)
            hub.seen_before(self._uuids())
            self.admitter.report_connected()

    def all_devices(self) -> Sequence[DeviceTable]:
        """Those of the configuration, and the plugs that were admitted."""
        return [*self.config.devices, *self._admitted_devices(self.config.devices)]

    def _uuids(self) -> frozenset[str]:
        """Of the plugs whose device uses the broker, though its link may be opened only in a moment."""
        admitted = () if self.admissions is None else self.admissions.admitted
        configured = (one for one in self.config.devices if uses_broker(one))
        return frozenset(one.uuid.lower() for one in (*configured, *admitted))

    def new_library(self) -> ProfileLibrary:
        """The profiles that this configuration knows, of which none is loaded."""
        return ProfileLibrary(settings_of, self.config.profiles, actions_of)

    def listen(self, hub: Hub, services: Services) -> None:
        """Report plugs that connect and are not admitted to the hub, and answer them so that they stay."""
        self._listening = hub, services
        if self.broker is not None and self.admissions is not None:
            from unclouded.app.admissions import as_device

            answer = self.admissions.answer

            def report(seen: "SeenPlug") -> None:
                if seen.uuid.lower() not in self._uuids():
                    hub.seen(as_device(seen))

            self.broker.on_seen = report
            self.broker.answer_unadmitted = lambda plug, message: answer(plug, message, services.answer)

    def _admitted_devices(self, configured: Sequence[DeviceTable]) -> list[DeviceTable]:
        return [] if self.admissions is None else self.admissions.devices(configured)

    def _admitter(self) -> "DeviceAdmitter | None":
        if self.admissions is None:
            return None
        from unclouded.app.admissions import DeviceAdmitter

        return DeviceAdmitter(self.config, self.admissions, self._factory, self.broker)


def uses_broker(device: DeviceTable) -> bool:
    """Whether one of its links is the broker."""
    wires = (device.link, *(channel.link for channel in device.channel))
    return any(link.startswith(BROKER) for wire in wires for link in links_of(wire))


def at_next_start(running: Config, new: Config) -> list[str]:
    """The keys of the hub that are different and count at its next start only: ``web.listen``."""
    found = [found for table, keys in AT_START.items() for found in _different(table, keys, running, new)]
    if running.meross_key != new.meross_key and not {"meross.key", "meross.key_file"} & set(found):
        found.append("meross.key_file")  # another key in the same file
    return found


def with_values_of_the_run(running: Config, new: Config) -> Config:
    """The new configuration with what of the running one counts until the next start."""
    at_start = {name: getattr(running.tables, name) for name in AT_START}
    at_start["hub"] = replace(new.tables.hub, data=running.tables.hub.data)
    return replace(
        new,
        data=running.data,
        broker=running.broker,
        web=running.web,
        runs_broker=running.runs_broker,
        meross_key_file=running.meross_key_file,
        meross_key=running.meross_key,
        download_port=running.download_port,
        tables=replace(new.tables, **at_start),
    )


def with_new_broker(running: Config, new: Config) -> Config:
    """The running configuration with the broker of the new one, and the key of its plugs."""
    meross = replace(new.tables.meross, download_port=running.tables.meross.download_port)
    return replace(
        running,
        broker=new.broker,
        meross_key_file=new.meross_key_file,
        meross_key=new.meross_key,
        tables=replace(running.tables, broker=new.tables.broker, meross=meross),
    )


def _different(table: str, keys: Sequence[str], running: Config, new: Config) -> list[str]:
    """The keys of a table that are different, or the table that only one of them has."""
    one, other = (getattr(config.tables, table) for config in (running, new))
    if one is None or other is None:
        return [] if one is other else [table]
    return [f"{table}.{key}" for key in keys or one.__struct_fields__ if getattr(one, key) != getattr(other, key)]
