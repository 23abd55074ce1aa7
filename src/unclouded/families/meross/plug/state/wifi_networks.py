"""Wi-Fi around a simulated plug: which networks it sees, and whether it can join one.

Recorded results are not documented beyond {"code": 0, "info": "no error"}: the other codes and texts are made up.
Source: docs/protocols/meross.md §1.7.4 to §1.7.7.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from enum import Enum

import msgspec

from unclouded.families.meross.wire.messages import Trace, WifiNetwork

HIGHEST_CHANNEL = 14  # of 2.4 GHz; a plug does not see the channels of 5 GHz
SHORTEST_PASSWORD = 8
OPEN = 0  # the encryption of a network without a password
WPA2_PSK, AES = 6, 3


class AirNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network that exists around the plug. ``channel`` above 14: 5 GHz only. ``password`` "": it is open."""

    ssid: str
    password: str = ""
    channel: int = 6
    signal: int = 86  # percent
    bssid: str = "02:00:00:00:00:01"
    dhcp: bool = True

    def __repr__(self) -> str:
        return f"AirNetwork({self.ssid!r}, channel={self.channel})"


USUAL_NETWORKS = (
    AirNetwork(ssid="unclouded", password="simulated"),
    AirNetwork(ssid="neighbours", password="not yours", channel=11, signal=31, bssid="02:00:00:00:00:02"),
    AirNetwork(ssid="guests", channel=1, signal=64, bssid="02:00:00:00:00:03"),
    AirNetwork(ssid="unclouded-5G", password="simulated", channel=36, signal=80, bssid="02:00:00:00:00:04"),
)


def air_network(text: str) -> AirNetwork:
    """``SSID:PASSWORD``, or ``SSID`` where it is open; a colon in the name cannot be written so."""
    ssid, _, password = text.partition(":")
    return AirNetwork(ssid=ssid, password=password)


class AttemptResult(Enum):
    """How an attempt to join ended: the code and the text of Config.Trace. All but the first are made up."""

    JOINED = (0, "no error")
    NO_NETWORK = (1, "ssid not found")
    WRONG_PASSWORD = (2, "password error")
    NO_ADDRESS = (3, "dhcp timeout")
    NO_SERVER = (4, "connect server failed")
    NO_TLS = (5, "tls handshake failed")
    NO_BIND = (6, "bind timeout")
    NO_CLOCK = (7, "clock not set")
    MISSING_FIELDS = (8, "wifi parameter error")


def scanned(networks: Sequence[AirNetwork], is_newer: bool) -> list[WifiNetwork]:
    """What a scan shows: 2.4 GHz only. ``is_newer``: addresses with colons, not dashes."""
    return [
        WifiNetwork(
            ssid=b64encode(one.ssid.encode()).decode(),
            bssid=one.bssid if is_newer else one.bssid.replace(":", "-"),
            signal=one.signal,
            channel=one.channel,
            encryption=WPA2_PSK if one.password else OPEN,
            cipher=AES if one.password else 0,
        )
        for one in networks
        if one.channel <= HIGHEST_CHANNEL
    ]


def join(networks: Sequence[AirNetwork], ssid: bytes, password: bytes) -> tuple[AttemptResult, AirNetwork | None]:
    """Join the network of that name, the strongest of several."""
    near = [one for one in networks if one.ssid.encode() == ssid and one.channel <= HIGHEST_CHANNEL]
    if not near:
        return AttemptResult.NO_NETWORK, None
    network = max(near, key=lambda one: one.signal)
    if network.password.encode() != password:
        return AttemptResult.WRONG_PASSWORD, network
    return (AttemptResult.JOINED if network.dhcp else AttemptResult.NO_ADDRESS), network


def trace_of(result: AttemptResult, ssid: str, network: AirNetwork | None) -> Trace:
    """The record that Config.Trace shows."""
    code, info = result.value
    if network is None:
        return Trace(ssid=ssid, rssi="0", code=code, info=info)
    return Trace(ssid=ssid, bssid=network.bssid.upper(), rssi=str(network.signal), code=code, info=info)


def decoded(text: str) -> bytes:
    """Base64 of a name or password; a text that is none counts as itself."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return text.encode("utf-8", "replace")
