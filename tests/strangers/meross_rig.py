"""A simulated plug on HTTP and on Mosquitto, and a vendor's server that lists it: what vendor applications expect.

application ─ login, devices ─► vendor_cloud      application ─► Mosquitto ◄─ simulated plug
                                                  application ─ HTTP ───────► simulated plug
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from links.mqtt.mosquitto import Mosquitto
from place import KEY, place_in
from strangers.vendor_cloud import USER_ID, listed, vendor_cloud


@dataclass(frozen=True)
class Rig:
    """Addresses are HOST:PORT. ``cafile``: the certificate of the broker, and of ``cloud`` if that has TLS."""

    uuid: str
    cloud: str
    broker: str
    http: str
    cafile: Path
    dialect: str

    @property
    def relay(self) -> str:
        """The namespace of the relay."""
        return "Appliance.Control.Toggle" + ("" if self.dialect == "hw1" else "X")


@contextmanager
def meross_rig(folder: Path, dialect: str, *more: str, tls: bool = False) -> Iterator[Rig]:
    """``dialect`` and ``more``: arguments of the simulated plug. ``tls``: the vendor's server has TLS."""
    with mosquitto(folder) as broker, place_in(folder) as place, vendor_agent(broker):
        at = f"127.0.0.1:{broker.port}"
        key_file = str(folder / "plugs.key")
        words = ("--http", "127.0.0.1:0", "--server", f"mqtts://{at}", "--key-file", key_file, "--load", "lamp")
        plug = place.sim("mss310", "--dialect", dialect, *words, *more)[1]
        http = str(plug["link"]).split("://")[1].split("/")[0]
        device = listed(str(plug["uuid"]), at)
        with vendor_cloud(KEY, device, folder if tls else None) as cloud:
            yield Rig(device["uuid"], cloud, at, http, folder / "cert.pem", dialect)


@contextmanager
def mosquitto(folder: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(folder, anonymous=True)
    asyncio.run(broker.__aenter__())
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def vendor_agent(broker: Mosquitto) -> Iterator[None]:
    """The vendor's server on the broker: it answers Clock, Bind and ConsumptionConfig, and sends all PUSHes on.

    Until its Bind is acknowledged, a plug reports nothing by itself.
    """
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.tls_set(ca_certs=str(broker.folder / "cert.pem"))
    client.on_connect = lambda client, *rest: client.subscribe("/appliance/+/publish")
    client.on_message = lambda client, data, message: _act(client, message)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()


def _act(client: paho.Client, message: paho.MQTTMessage) -> None:
    received = json.loads(message.payload)
    header = received["header"]
    name = header["namespace"].rsplit(".", 1)[-1]
    if header["method"] == "PUSH":
        client.publish(f"/app/{USER_ID}/subscribe", message.payload)
    answers = {
        "Clock": {"clock": {"timestamp": int(time.time())}},
        "ConsumptionConfig": received["payload"],
        "Bind": {},
    }
    if name in answers and header["method"] in ("PUSH", "SET"):
        method = "SETACK" if header["method"] == "SET" else "PUSH"
        text = f"{header['messageId']}{KEY}{header['timestamp']}"
        signed = {**header, "method": method, "sign": hashlib.md5(text.encode()).hexdigest()}
        inbox = message.topic.replace("/publish", "/subscribe")
        client.publish(inbox, json.dumps({"header": signed, "payload": answers[name]}))
