"""Which plugs may connect to the broker, and which were admitted: kept in the data folder, not in the configuration.

DATA/state/admitted.json    [{"id": "kettle", "uuid": "1901…"}]
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from unclouded import families
from unclouded.app.config import Config, DeviceTable, HiddenText
from unclouded.core.errors import ConfigError
from unclouded.core.model import Device
from unclouded.core.session import Answer, Question, Refusal
from unclouded.links.broker.client import PlugIdentity
from unclouded.links.broker.server import BrokerOptions, BrokerServer, SeenPlug

FAMILY = "meross"  # the family of the devices that connect to the broker


class AdmittedPlug(msgspec.Struct, frozen=True):
    """One plug that a user has admitted."""

    id: str
    uuid: str


class Admissions:
    """The admitted plugs. Raises ConfigError where their file is damaged."""

    def __init__(self, config: Config) -> None:
        self._file = config.data / "state" / "admitted.json"
        self._key = config.meross_key
        self.admitted = self._read()

    def devices(self, configured: Sequence[DeviceTable]) -> list[DeviceTable]:
        """The admitted plugs, without those that the configuration lists."""
        uuids = {device.uuid.lower() for device in configured}
        return [_table(one) for one in self.admitted if one.uuid not in uuids]

    def admit(self, uuid: str, name: str) -> DeviceTable:
        """Store a plug under that name."""
        one = AdmittedPlug(name, uuid)
        self.admitted = [*self.admitted, one]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(self.admitted))
        draft.replace(self._file)
        return _table(one)

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

    def _read(self) -> list[AdmittedPlug]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[AdmittedPlug])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise ConfigError(f"{self._file} cannot be read: {why}. Move it away and admit the plugs again.") from None


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


def _table(one: AdmittedPlug) -> DeviceTable:
    return DeviceTable(id=one.id, family=FAMILY, link="broker:", uuid=one.uuid)
