"""A real Home Assistant for a test: its folder, its start, its API by REST and WebSocket, its log.

No onboarding: .storage/auth has an administrator and a token with a known key, by which the test makes the bearer.
A component of the test's own compiles the statistics of five minutes at once.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from strangers.environments import HERE

PATIENCE_S = 240.0  # never reached in a test that passes, on a busy computer either
DRIVER = HERE / "drivers" / "home_assistant.py"
KEY = "a key for the tests of this repository only"
USER, TOKEN = "5f0c0c0c0c0c4e0c8c0c0c0c0c0c0c0c", "6f0c0c0c0c0c4e0c8c0c0c0c0c0c0c0d"
YAML = """
homeassistant:
  name: Test
  time_zone: UTC
  country: DE
  currency: EUR
  unit_system: metric
  latitude: 50
  longitude: 10
  elevation: 1
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
websocket_api:
config:
history:
energy:
recorder:
  commit_interval: 1
logger:
  default: warning
  logs:
    homeassistant.components.mqtt: info
compile_now:
"""
# Warnings about the way in which it is run here
OF_THE_RIG = (
    "Skipping pip installation",
    "custom integration compile_now",
    "zlib_ng and isal",
    "SQLite",
    "The system could not validate that the sqlite3 database",
    "Ended unfinished session",
    "Updating state for",  # took long: a busy machine
    "No ACK from MQTT server in 10 seconds",  # the same: 5,000 entities at once
)
COMPONENT = """
from datetime import datetime

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.tasks import StatisticsTask

DOMAIN = "compile_now"


async def async_setup(hass, config):
    async def compile(call):
        instance = get_instance(hass)
        await instance.async_block_till_done()
        instance.queue_task(StatisticsTask(datetime.fromisoformat(call.data["start"]), False))
        await instance.async_block_till_done()

    hass.services.async_register(DOMAIN, "run", compile)
    return True
"""


class HomeAssistant:
    """``folder``: its configuration, as the test sees it; ``inside``: the same as its process sees it.

    ``env``: variables of its process.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, inside: str, broker_port: int, env: Mapping[str, str]
    ) -> None:
        self._env = env
        self._command = command
        self._folder = folder
        self._inside = inside
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self._write(broker_port)

    # --- its life ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Returns when its API answers."""
        with (self._folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, self._inside], stdout=log, stderr=log, env={**os.environ, **self._env}
            )
        await self.until(self._runs)

    async def keeps_its_port(self) -> None:
        """New releases go back to another port after five minutes, unless a person confirms this one."""
        with contextlib.suppress(AssertionError):  # older ones do not know the question
            await self.ask("http/config/promote")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process = None

    async def until(self, is_so: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """Wait until a coroutine gives something true."""
        async with asyncio.timeout(patience_s):
            while True:
                assert self._process is not None and self._process.poll() is None, self.log()[-3000:]
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    if found := await is_so():
                        return found
                await asyncio.sleep(0.2)

    async def _runs(self) -> bool:
        return bool((await self.get("config"))["state"] == "RUNNING")

    def log(self) -> str:
        found = [self._folder / "home-assistant.log", self._folder / "output.log"]
        return "\n".join(one.read_text("utf-8", "replace") for one in found if one.exists())

    def complaints(self) -> list[str]:
        """Warnings and errors, apart from those about how the test runs it."""
        lines = [line for line in self.log().splitlines() if " WARNING " in line or " ERROR " in line]
        return [line for line in dict.fromkeys(lines) if not any(one in line for one in OF_THE_RIG)]

    # --- its API -------------------------------------------------------------------------------

    async def get(self, path: str) -> Any:
        async with self._http() as http, http.get(f"http://127.0.0.1:{self.port}/api/{path}") as answer:
            return await answer.json() if answer.status == 200 else None

    async def call(self, service: str, **data: Any) -> None:
        domain, name = service.split(".")
        url = f"http://127.0.0.1:{self.port}/api/services/{domain}/{name}"
        async with self._http() as http, http.post(url, json=data) as answer:
            assert answer.status == 200, await answer.text()

    async def states(self) -> Mapping[str, Any]:
        return {one["entity_id"]: one for one in await self.get("states") or ()}

    async def state(self, entity: str) -> str:
        return str((await self.states()).get(entity, {}).get("state", ""))

    async def ask(self, type: str, **more: Any) -> Any:
        """One question by WebSocket."""
        async with self._http() as http, http.ws_connect(f"http://127.0.0.1:{self.port}/api/websocket") as ws:
            await ws.receive_json()
            await ws.send_json({"type": "auth", "access_token": bearer()})
            assert (await ws.receive_json())["type"] == "auth_ok"
            await ws.send_json({"id": 1, "type": type, **more})
            answer = await ws.receive_json()
            assert answer["success"], answer
            return answer["result"]

    def _http(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(headers={"Authorization": f"Bearer {bearer()}"})

    # --- its folder ----------------------------------------------------------------------------

    def _write(self, broker_port: int) -> None:
        (self._folder / ".storage").mkdir(parents=True)
        (self._folder / "configuration.yaml").write_text(YAML.format(port=self.port))
        component = self._folder / "custom_components" / "compile_now"
        component.mkdir(parents=True)
        (component / "__init__.py").write_text(COMPONENT)
        manifest = {"domain": "compile_now", "name": "Compile", "version": "1.0.0", "dependencies": ["recorder"]}
        (component / "manifest.json").write_text(json.dumps(manifest))
        self._store("auth", _auth())
        entry = {
            "entry_id": "mqttmqttmqttmqttmqttmqttmqttmqtt",
            "version": 1,
            "minor_version": 2,
            "domain": "mqtt",
            "title": "broker",
            "data": {"broker": "127.0.0.1", "port": broker_port},
            "options": {},
            "pref_disable_new_entities": False,
            "pref_disable_polling": False,
            "source": "user",
            "unique_id": None,
            "disabled_by": None,
            "created_at": "2025-01-01T00:00:00+00:00",
            "modified_at": "2025-01-01T00:00:00+00:00",
            "discovery_keys": {},
            "subentries": [],
        }
        self._store("core.config_entries", {"entries": [entry]}, minor=5)

    def _store(self, key: str, data: Mapping[str, Any], minor: int = 1) -> None:
        text = json.dumps({"version": 1, "minor_version": minor, "key": key, "data": data})
        (self._folder / ".storage" / key).write_text(text)


def _auth() -> Mapping[str, Any]:
    user = {
        "id": USER,
        "group_ids": ["system-admin"],
        "is_owner": True,
        "is_active": True,
        "name": "Test",
        "system_generated": False,
        "local_only": False,
    }
    token = {
        "id": TOKEN,
        "user_id": USER,
        "client_id": None,
        "client_name": "test",
        "client_icon": None,
        "token_type": "long_lived_access_token",
        "created_at": "2025-01-01T00:00:00+00:00",
        "access_token_expiration": 315_360_000.0,
        "token": "0" * 128,
        "jwt_key": KEY,
        "last_used_at": None,
        "last_used_ip": None,
        "expire_at": None,
        "credential_id": None,
        "version": "2025.4.4",
    }
    names = {"system-admin": "Administrators", "system-users": "Users", "system-read-only": "Read Only"}
    groups = [{"id": id, "name": name} for id, name in names.items()]
    return {"users": [user], "groups": groups, "credentials": [], "refresh_tokens": [token]}


def bearer() -> str:
    """The token as a JWT."""
    now = int(time.time())
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iss": TOKEN, "iat": now - 3600, "exp": now + 315_000_000}]
    text = ".".join(_base64(json.dumps(one).encode()) for one in parts)
    return f"{text}.{_base64(hmac.new(KEY.encode(), text.encode(), hashlib.sha256).digest())}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.asynccontextmanager
async def home_assistant(
    command: Sequence[str], folder: Path, inside: str, broker_port: int, env: Mapping[str, str]
) -> AsyncIterator[HomeAssistant]:
    one = HomeAssistant(command, folder, inside, broker_port, env)
    try:
        await one.start()
        yield one
    finally:
        one.stop()
