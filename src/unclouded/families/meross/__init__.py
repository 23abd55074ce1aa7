"""Meross MSS310 plugs: signed JSON over HTTP, or MQTT through the hub's own broker.

wire/         envelopes, payloads by namespace, identities, redaction, messages for people
controller/   the controller's end
plug/         the simulated plug
console/      the serial console of an opened plug, both ends
"""

import msgspec

from unclouded.core.family import Family, SimKind, SimOptions
from unclouded.core.sessions.session import Ambient, Session
from unclouded.families.meross.console.plug.console_device import ConsoleDevice
from unclouded.families.meross.console.plug.console_faults import CONSOLE_FAULTS
from unclouded.families.meross.controller.broker_services import answer_unadmitted
from unclouded.families.meross.controller.commands.plug_actions import ACTIONS
from unclouded.families.meross.controller.controller import MerossController
from unclouded.families.meross.plug.device import MerossDevice
from unclouded.families.meross.plug.state.dialects import DIALECTS, USUAL
from unclouded.families.meross.plug.state.plug_options import FAULTS, PlugOptions
from unclouded.families.meross.plug.state.wifi_networks import USUAL_NETWORKS, air_network
from unclouded.families.meross.settings import MerossSettings
from unclouded.families.meross.wire.decoder import MerossDecoder
from unclouded.families.meross.wire.identity import (
    client_id_for,
    identify_client,
    mac_of,
    password_for,
    publish_topic,
    subscribe_topic,
)
from unclouded.families.meross.wire.lan_encryption import plaintext_reader
from unclouded.families.meross.wire.layout import layout
from unclouded.families.meross.wire.namespaces import COMMANDS
from unclouded.families.meross.wire.redact import redact

__all__ = [
    "CONSOLE_FAULTS",
    "CONSOLE_KIND",
    "FAMILY",
    "SIM_KEY",
    "MerossController",
    "MerossDevice",
    "MerossSettings",
    "PlugOptions",
    "answer_unadmitted",
    "client_id_for",
    "identify_client",
    "mac_of",
    "password_for",
    "publish_topic",
    "simulated_uuid",
    "subscribe_topic",
]

GENERIC = "meross/mss310"
CONSOLE_KIND = "mss310-console"  # the simulated plug that is on a serial line first of all
CONSOLE_DIALECTS = ("hw2.1.7", "hw2")  # the others have other consoles
SIM_KEY = "unclouded"  # what simulated plugs are bound with


def simulated_uuid(seed: int) -> str:
    """The UUID of a simulated plug; its MAC is a locally administered one, never a real plug's."""
    return f"19010100000000000000{0x020000000000 + seed % 2**32:012x}"


def _mss310(options: SimOptions, ambient: Ambient) -> Session:
    """The plug in its memory, else one that follows from the seed.

    ``uuid``, ``key``: of its binding; ``unconfigured``: it is in set-up mode; ``http``: HOST:PORT where it serves HTTP;
    ``networks``: the Wi-Fi around it, a JSON list of SSID:PASSWORD; ``console``: it has a console; ``timezone``: the
    zone that it was given.
    """
    memory = {name: value.decode("utf-8", "replace") for name, value in ambient.memory.items()}
    host, _, port = memory.get("http", "").rpartition(":")
    networks = tuple(air_network(text) for text in msgspec.json.decode(memory.get("networks", "[]"), type=list[str]))
    plug = PlugOptions(
        uuid=memory.get("uuid", simulated_uuid(options.seed)),
        key=memory.get("key", SIM_KEY),
        dialect=options.dialect or memory.get("dialect", USUAL),
        timezone=memory.get("timezone", ""),
        unconfigured="unconfigured" in memory,
        http_host=host.strip("[]") or "127.0.0.1",
        http_port=int(port or 80),
        networks=networks or USUAL_NETWORKS,
        faults=options.faults,
    )
    return ConsoleDevice(plug, ambient) if "console" in memory else MerossDevice(plug, ambient)


FAMILY = Family(
    name="meross",
    words="Meross plugs (MSS310): signed JSON over HTTP, or MQTT through the hub's own broker",
    settings=MerossSettings,
    controller=MerossController,
    decoder=MerossDecoder,
    commands=COMMANDS,
    generic=GENERIC,
    actions=ACTIONS,
    redact=redact,
    layout=layout,
    sim_kinds={
        "mss310": SimKind(
            name="mss310",
            words="A Meross MSS310 plug",
            subject="plug",
            profile=GENERIC,
            make=_mss310,
            faults={**FAULTS, **CONSOLE_FAULTS},
            dialects={name: row.words for name, row in DIALECTS.items()},
        ),
        CONSOLE_KIND: SimKind(
            name=CONSOLE_KIND,
            words="A Meross MSS310 plug that was opened, on its serial console",
            subject="plug",
            profile=GENERIC,
            make=_mss310,
            faults={**FAULTS, **CONSOLE_FAULTS},
            dialects={name: DIALECTS[name].words for name in CONSOLE_DIALECTS},
        ),
    },
    caller=identify_client,
    unadmitted=answer_unadmitted,
    plaintext=plaintext_reader,
    capture_as="text",
)
