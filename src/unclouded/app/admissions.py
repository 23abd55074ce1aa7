"""Which plugs may connect to the broker, and which were admitted: kept in the data folder, not in the configuration.

DATA/state/admitted.json    [{"id": "kettle", "uuid": "1901…", "name": "Kettle", "parent": "meter"}]
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from unclouded import families
from unclouded.app.configuration.checks.values import DEVICE_ID
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.names import clean_name, id_for
from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables.file import DeviceTable, HiddenText
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.files.new_file import new_file
from unclouded.core.errors import CommandError, ConfigError, StoreError
from unclouded.core.model import Admission, Device
from unclouded.core.sessions.session import Answer, Question, Refusal
from unclouded.core.system.durable import sync_to_disk
from unclouded.hub.node import NodeSpec
from unclouded.links.broker.client import PlugIdentity
from unclouded.links.broker.server import BrokerOptions, BrokerServer, SeenPlug

FAMILY = "meross"  # the family of the devices that connect to the broker


class AdmittedPlug(msgspec.Struct, frozen=True, omit_defaults=True):
    """One plug that a user has admitted."""

    id: str
    uuid: str
    name: str = ""
    parent: str = ""
    produces: bool = False


class Admissions:
    """The admitted plugs. Raises ConfigError where their file is damaged."""

    def __init__(self, config: Config) -> None:
        self._file = config.data / "state" / "admitted.json"
        self._key = config.meross_key
        self.admitted = self._read()

    def devices(self, configured: Sequence[DeviceTable]) -> list[DeviceTable]:
        """The admitted plugs, without those that the configuration lists. Raises ConfigError where two have one id."""
        uuids = {device.uuid.lower() for device in configured}
        ids = {device.id for device in configured}
        admitted = [one for one in self.admitted if one.uuid not in uuids]
        for one in admitted:
            if one.id in ids:
                raise ConfigError(
                    f"The id {one.id} is that of a [[device]] and of the admitted plug {one.uuid}. Give the [[device]] "
                    f"another id, or delete the plug from {self._file}."
                )
        return [table_of(one) for one in admitted]

    def add(self, plug: AdmittedPlug) -> None:
        """Store an admitted plug; an older entry of the same plug is replaced."""
        self._store([*(one for one in self.admitted if one.uuid != plug.uuid), plug])

    def remove(self, id: str) -> None:
        """The plug of this id is no longer admitted."""
        self._store([one for one in self.admitted if one.id != id])

    def remove_plug(self, uuid: str) -> None:
        """The plug of this UUID is in the configuration, or is to be gone."""
        if any(one.uuid == uuid for one in self.admitted):
            self._store([one for one in self.admitted if one.uuid != uuid])

    def follow(self, old: str, new: str) -> None:
        """A device has another id: the plugs inside it count inside that."""
        if any(one.parent == old for one in self.admitted):
            moved = msgspec.structs.replace
            self._store([moved(one, parent=new) if one.parent == old else one for one in self.admitted])

    def identify(self, client_id: str, user: str, password: str) -> PlugIdentity | Refusal:
        """Who a client of the broker is, or why it may not connect."""
        return identify_client(client_id, user, password, self._key)

    def answer(
        self, plug: PlugIdentity, message: bytes, answers: Callable[[Question], Answer | Refusal]
    ) -> Sequence[bytes]:
        """What a plug is sent for a message before it is admitted. ``answers``: the hub's."""
        unadmitted = families.family(FAMILY).unadmitted
        if unadmitted is None:
            return ()
        return unadmitted(message, plug.uuid, self._key.text, time.time(), answers)

    def _store(self, admitted: list[AdmittedPlug]) -> None:
        """On the disk when this returns. Raises CommandError where it cannot be written; then nothing has changed."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with new_file(self._file, True, 0o600) as partial:
                partial.write_bytes(msgspec.json.encode(admitted))
            sync_to_disk(self._file.parent)
        except StoreError as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        except OSError as error:
            raise CommandError(f"{self._file} cannot be written: {error.strerror}. Nothing was changed.") from None
        self.admitted = admitted

    def _read(self) -> list[AdmittedPlug]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[AdmittedPlug])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise ConfigError(f"{self._file} cannot be read: {why}. Move it away and admit the plugs again.") from None


class DeviceAdmitter:
    """Admits plugs to a running hub and forgets them (hub.admitting.Admitter)."""

    def __init__(
        self, config: Config, admissions: Admissions, factory: DeviceFactory, broker: BrokerServer | None
    ) -> None:
        self._config = config
        self._admissions = admissions
        self._factory = factory
        self._broker = broker

    def use(self, config: Config, factory: DeviceFactory) -> None:
        """The configuration has changed."""
        self._config = config
        self._factory = factory

    def admit(self, admission: Admission, taken: Sequence[str]) -> NodeSpec:
        plug = admitted_plug(admission, taken)
        self._admissions.add(plug)
        return self._factory.node(table_of(plug), f"the plug {plug.uuid}")

    def forget(self, device: str, known: Sequence[str]) -> None:
        admitted = [one.id for one in self._admissions.admitted]
        if any(one.id == device for one in self._config.devices):
            raise CommandError(
                f"{device} is in {self._config.where}. Remove it there: unclouded config remove {device}"
            )
        if device not in admitted:
            text = f"{device} was not admitted, so it cannot be forgotten." if device in known else ""
            names = ", ".join(admitted) or "none"
            raise CommandError(
                f"{text or f'There is no device {device!r}.'} Plugs that were admitted: {names}."
                f"{did_you_mean(device, admitted)}"
            )
        self._admissions.remove(device)

    def report_connected(self) -> None:
        if self._broker is not None and self._broker.on_seen is not None:
            for seen in self._broker.seen():
                self._broker.on_seen(seen)


def admitted_plug(admission: Admission, taken: Sequence[str]) -> AdmittedPlug:
    """The plug under its name and id. Raises CommandError."""
    name = clean_name(admission.name)
    if admission.id and not DEVICE_ID.fullmatch(admission.id):
        raise CommandError(
            f"{admission.id!r} may have only a to z, 0 to 9 and _. Leave it out: it follows from --name."
        )
    if admission.id in taken:
        raise CommandError(f"There is a device {admission.id!r} already; choose another --id.")
    if not admission.id and not name:
        raise CommandError("Name the plug with --name: what it is called on the page, as in Kettle.")
    if admission.parent and admission.parent not in taken:
        names = ", ".join(taken) or "none"
        like = did_you_mean(admission.parent, taken)
        raise CommandError(f"There is no device {admission.parent!r} to count it inside. There are: {names}.{like}")
    id = admission.id or id_for(name, taken, f"plug_{admission.uuid[-4:]}")
    return AdmittedPlug(id, admission.uuid, name, admission.parent, admission.produces)


def make_broker(config: Config, admissions: Admissions) -> BrokerServer | None:
    """The broker that the configuration asks for, not yet listening."""
    table = config.broker
    if table is None:
        return None
    host, _, port = table.listen.rpartition(":")
    options = BrokerOptions(old_tls=table.old_tls, old_ciphers=table.old_ciphers)
    return BrokerServer(
        (host.strip("[]"), int(port)), table.host.split(), config.data / "ca", admissions.identify, options
    )


def identify_client(client_id: str, user: str, password: str, key: HiddenText) -> PlugIdentity | Refusal:
    """Which plug a client of the broker is, by its login and the key of the home; a Refusal says why it is none."""
    caller = families.family(FAMILY).caller
    if caller is None:
        return Refusal("No family here has devices that connect to the broker.")
    found = caller(client_id, user, password, key.text)
    return found if isinstance(found, Refusal) else PlugIdentity(found)


def as_device(seen: SeenPlug) -> Device:
    """A plug that has connected but is not admitted, as the hub lists it."""
    uuid = seen.uuid.lower()
    return Device(
        id=uuid, identity="", family=FAMILY, link="broker:", profile="", info={"uuid": uuid, "address": seen.address}
    )


def table_of(one: AdmittedPlug) -> DeviceTable:
    """The plug as the configuration would have it."""
    return DeviceTable(
        id=one.id,
        family=FAMILY,
        link="broker:",
        uuid=one.uuid,
        name=one.name,
        parent=one.parent,
        produces=one.produces,
    )
