"""A hub on another computer: a plug is set up for it from here, and says itself whether it has reached it.

broadcast ──► the plug's address in this network ──► GET System.All with the key of that hub ──► online, and where
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from unclouded.app.discovery import find_in_network
from unclouded.app.setup.conversation import SetupConversation
from unclouded.app.setup.hub_for_setup import PlugServer
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.text.whole_number import whole_number
from unclouded.families.meross.setup.scripts import SetupSettings

LOCAL_TIME = Path("/etc/localtime")
ASK_S, LOOK_S = 1.5, 5.0  # s that a plug has to answer a broadcast, and a question
ONLINE = 1  # System.Online: connected to its server
PORT = 8883


class OtherHub:
    """What is known of that hub (HubForSetup). ``server``: its broker, and its key."""

    def __init__(self, server: PlugServer, zone: tzinfo | None = None) -> None:
        self._server = server
        self.zone = zone or local_zone()
        self.where = f"the configuration of the hub at {server.host}"

    async def server(self) -> PlugServer:
        return self._server

    async def ids(self) -> list[str]:
        return []

    def configured(self, uuid: str) -> str:
        return ""

    async def device(self, uuid: str) -> Mapping[str, Any] | None:  # Any: as the API's JSON
        """The plug, once it says that it is connected to that hub."""
        try:
            found = next((one for one in await find_in_network(ASK_S) if one.uuid == uuid), None)
        except LinkError:
            return None  # between two networks
        if found is None:
            return None
        place = f"{found.ip}:{found.port}"
        settings = SetupSettings(place=place, uuid=uuid, key=self._server.key)
        async with SetupConversation(place, settings, self.zone, LOOK_S, lambda words: None) as talk:
            await talk.do("look")
            plug = talk.session.plug
        is_there = plug is not None and plug.online == ONLINE and plug.server == self._server.place
        return {"id": uuid, "state": "confirmed", "since": None} if is_there else None

    async def admit(self, uuid: str, **more: object) -> Mapping[str, Any]:  # Any: as the API's JSON
        raise CommandError("The plug is admitted on its hub.")

    async def has_reported(self, device: str, since: float) -> bool:
        return True

    async def state(self, device: str) -> Mapping[str, Any]:  # Any: as the API's JSON
        return {"id": device, "state": "confirmed"}

    async def problems(self, since: float) -> Sequence[Mapping[str, Any]]:  # Any: as the API's JSON
        return ()


def server_of(place: str, key: str) -> PlugServer:
    """The broker at HOST or HOST:PORT. Raises CommandError."""
    host, colon, port = place.rpartition(":")
    if not colon:
        host, port = place, str(PORT)
    if not host or whole_number(port, 1, 65_535) is None:
        raise CommandError(f"{place!r} is not a broker. Write 192.168.1.2, or 192.168.1.2:8883.")
    return PlugServer(host, int(port), host, key)


def local_zone(file: Path = LOCAL_TIME) -> tzinfo:
    """The time zone of this computer; UTC without a name where it is not known."""
    try:
        _, found, name = str(file.resolve(strict=True)).partition("zoneinfo/")
        return ZoneInfo(name) if found else UTC
    except (OSError, ValueError, KeyError):
        return UTC
