"""The requests of set-up, and the order in which a plug needs them.

    join     SET System.Time ─► SET Config.Key ─► SET Config.Wifi or WifiX     then the plug restarts
    rehost   SET System.Time ─► SET Config.Key                                 it uses the key after a restart
    unbind   PUSH Control.Unbind                                               it goes back to set-up mode

Source: docs/protocols/meross.md §1.7.2 to §1.7.5, §1.8.17.
"""

from base64 import b64encode
from collections.abc import Mapping

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import LocalTime
from unclouded.core.text.whole_number import whole_number
from unclouded.families.meross.setup.networks import check_password, check_ssid, find, unseen
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, PUSH, SET
from unclouded.families.meross.wire.lan_encryption import wifi_password
from unclouded.families.meross.wire.messages import Gateway, Hardware, KeyConfig, WifiNetwork, payload_of
from unclouded.families.meross.wire.time_rules import rules_of

MOST_NETWORKS = 64  # of one or several scans
LONGEST_KEY = 32  # characters of Config.Key
HIGHEST_PORT = 65_535


class SetupRequest(msgspec.Struct, frozen=True):
    """One request. ``words``: what it does, for people."""

    words: str
    method: str
    namespace: str
    payload: bytes = b"{}"

    def __repr__(self) -> str:
        return f"SetupRequest({self.method} {self.namespace})"


GET_ALL = SetupRequest("asks what it is", GET, namespaces.ALL, payload_of(all={}))
GET_ABILITIES = SetupRequest("asks what it can do", GET, namespaces.ABILITY)
GET_NETWORKS = SetupRequest("has the plug scan for Wi-Fi", GET, namespaces.WIFI_LIST)
GET_TRACE = SetupRequest(
    "asks how its last attempt ended", GET, namespaces.TRACE, payload_of(trace={})
)  # fmt: skip
UNBIND = SetupRequest("resets the plug", PUSH, namespaces.UNBIND)


def exchange(pubkey: str) -> SetupRequest:
    """The first step of the key exchange in set-up mode."""
    payload = payload_of(ecdhe={"step": 1, "pubkey": pubkey})
    return SetupRequest("agrees on a key for this session", SET, namespaces.ECDHE, payload)


def set_time(local: LocalTime) -> SetupRequest:
    """Time, zone and its daylight saving rules of ten years."""
    time = {"timestamp": int(local.unix), "timezone": local.zone, "timeRule": rules_of(local) if local.zone else []}
    words = f"sets its clock{f' and the zone {local.zone}' if local.zone else ''}"
    return SetupRequest(words, SET, namespaces.TIME, payload_of(time=time))


def set_key(args: Mapping[str, str]) -> SetupRequest:
    """Servers, key and user id. Raises CommandError."""
    host, port = _host(args.get("host", "")), _port(args.get("port", ""))
    second = _host(args.get("second_host", "") or host), _port(args.get("second_port", "") or str(port))
    user = args.get("user_id", "") or "0"
    if not (user.isascii() and user.isdecimal()):
        raise CommandError("The user id of a plug is a number.")
    key = args.get("key", "")
    if len(key.encode()) > LONGEST_KEY:
        raise CommandError(
            f"The key of a plug has at most {LONGEST_KEY} characters. Write a shorter one into its file."
        )
    gateway = Gateway(host=host, port=port, second_host=second[0], second_port=second[1], redirect=1)
    payload = payload_of(key=KeyConfig(key=key, gateway=gateway, user_id=user))
    return SetupRequest(f"sets its server {host}:{port} and its key", SET, namespaces.KEY, payload)


def chosen_network(args: Mapping[str, str], scanned: tuple[WifiNetwork, ...]) -> WifiNetwork:
    """The network to join: the strongest of that name in the scan, else one that hides it. Raises CommandError."""
    ssid, password = args.get("ssid", ""), args.get("password", "")
    check_ssid(ssid)
    network = find(scanned, ssid) or unseen(ssid, password)
    check_password(password, network)
    return network


def set_wifi(network: WifiNetwork, password: str, hardware: Hardware, encrypts: bool) -> SetupRequest:
    """The Wi-Fi to join. ``encrypts``: the plug lists WifiX, and takes the password encrypted."""
    plain = password.encode("utf-8", "surrogateescape")
    if encrypts and plain:
        secret = wifi_password(plain, hardware.type, hardware.uuid, hardware.mac_address)
    else:
        secret = b64encode(plain).decode()
    known = {"bssid": network.bssid, "channel": network.channel} if network.bssid else {}
    wifi = {
        "ssid": network.ssid,
        "password": secret,
        **known,
        "encryption": network.encryption,
        "cipher": network.cipher,
    }
    namespace = namespaces.WIFIX if encrypts else namespaces.WIFI
    return SetupRequest("sets its Wi-Fi", SET, namespace, payload_of(wifi=wifi))


def _host(host: str) -> str:
    if not host or not host.isprintable() or not set(host).isdisjoint(" /\"'"):
        raise CommandError("Name the server of the plug: a host name or an address, without a port.")
    return host


def _port(port: str) -> int:
    number = whole_number(port, 1, HIGHEST_PORT)
    if number is None:
        raise CommandError(f"The port of the server is a number from 1 to {HIGHEST_PORT}.")
    return number
