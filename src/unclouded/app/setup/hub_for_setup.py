"""The hub that a plug is set up for: where its broker is, what it knows of the plug, and its admission."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Protocol, TypeVar

import msgspec

from unclouded.app.access.hub_client import HubClient, device_path
from unclouded.app.admissions import FAMILY
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import BROKER
from unclouded.core.errors import ConfigError
from unclouded.core.times import from_iso

T = TypeVar("T")

CLOCK_ERROR_S = 1.0  # by which a time of the hub may be before that of this process


def is_since(time: str | None, unix: float) -> bool:
    """Whether an ISO time of the hub is not before that."""
    return time is not None and from_iso(time) >= unix - CLOCK_ERROR_S


class PlugServer(msgspec.Struct, frozen=True):
    """The broker that a plug is to connect to. Its ``repr`` shows no key."""

    host: str
    port: int
    second_host: str
    key: str

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def args(self) -> dict[str, str]:
        """The arguments of ``join`` and ``rehost``."""
        port = str(self.port)
        second = {"second_host": self.second_host, "second_port": port}
        return {"host": self.host, "port": port, **second, "key": self.key}

    def __repr__(self) -> str:
        return f"PlugServer({self.host!r}, {self.port})"


class HubForSetup(Protocol):
    """What a set-up needs of the hub that a plug is set up for. Its methods raise LinkError and CommandError.

    ``zone``: what the plug's days are. ``where``: its configuration, for texts.
    """

    zone: tzinfo
    where: str

    async def server(self) -> PlugServer:
        """The broker. Raises ConfigError where plugs cannot connect to this hub."""

    async def ids(self) -> list[str]:
        """The ids of all devices."""

    def configured(self, uuid: str) -> str:
        """The id of the [[device]] with this UUID in the configuration; "" where there is none."""

    async def device(self, uuid: str) -> Mapping[str, Any] | None:  # Any: the API's JSON
        """The device that this plug is at the broker, or the plug as ``seen``; None where it has not connected.

        Its state is "confirmed" where the plug itself says that it is connected.
        """

    async def admit(self, uuid: str, **more: object) -> Mapping[str, Any]:  # Any: the API's JSON
        """The new device."""

    async def has_reported(self, device: str, since: float) -> bool:
        """Whether a value of the device is newer than that (Unix seconds)."""

    async def state(self, device: str) -> Mapping[str, Any]:  # Any: the API's JSON
        """The device as it is now."""

    async def problems(self, since: float) -> Sequence[Mapping[str, Any]]:  # Any: the API's JSON
        """Clients that could not connect to its broker since then, the oldest first."""


class SetupHub:
    """The hub of this computer, asked over its API (HubForSetup)."""

    def __init__(self, config: Config, client: HubClient) -> None:
        self.config = config
        self.zone: tzinfo = config.zone
        self.where = config.where
        self._client = client

    async def server(self) -> PlugServer:
        broker = self.config.broker
        if broker is None:
            raise ConfigError(
                f"{self.config.where} has no [broker] table, the server that plugs connect to. Add it with the address "
                'of this computer in your network, as in host = "192.168.1.2", and start the hub again.'
            )
        found = await self._ask(lambda: self._client.get("/api/hub"))
        listen = (found.get("broker") or {}).get("listen", "")
        hosts = broker.host.split()
        return PlugServer(hosts[0], int(listen.rpartition(":")[2] or 0), hosts[-1], self.config.meross_key.text)

    async def device(self, uuid: str) -> Mapping[str, Any] | None:  # Any: the API's JSON
        configured = {one.id for one in self.config.devices if one.uuid.lower() == uuid}
        found = await self._ask(lambda: self._client.get("/api/devices"))
        own = [
            one
            for one in found
            if one["id"] in configured or f"{FAMILY}:{uuid}" == one["identity"] or one["info"].get("uuid", "") == uuid
        ]
        at_broker = [one for one in own if BROKER in one["link"]]
        return min(at_broker, key=lambda one: one["state"] == "seen", default=None)

    def configured(self, uuid: str) -> str:
        return next((one.id for one in self.config.devices if one.uuid.lower() == uuid), "")

    async def ids(self) -> list[str]:
        return [str(one["id"]) for one in await self._ask(lambda: self._client.get("/api/devices"))]

    async def admit(self, uuid: str, **more: object) -> Mapping[str, Any]:  # Any: the API's JSON
        body = {"uuid": uuid, **more}
        admitted: Mapping[str, Any] = await self._ask(lambda: self._client.post("/api/admit", body))
        return admitted

    async def has_reported(self, device: str, since: float) -> bool:
        found = await self._ask(lambda: self._client.get("/api/readings", device=device))
        return any(is_since(one["at"], since) for one in found)

    async def state(self, device: str) -> Mapping[str, Any]:  # Any: the API's JSON
        found: Mapping[str, Any] = await self._ask(lambda: self._client.get(device_path(device)))
        return found

    async def problems(self, since: float) -> Sequence[Mapping[str, Any]]:  # Any: the API's JSON
        found = await self._ask(lambda: self._client.get("/api/hub"))
        return [one for one in (found.get("broker") or {}).get("problems", ()) if one["at"] >= since]

    async def _ask(self, call: Callable[[], T]) -> T:
        """The client waits for its answer: not in the event loop, which may be the hub's."""
        return await asyncio.to_thread(call)
