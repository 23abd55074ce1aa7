"""Wi-Fi networks: what a plug's scan found, and which names and passwords a network can have.

    {"ssid": "TXlXaUZp", "bssid": "2c-6e-a4-55-c6-47", "signal": 100, "channel": 3, "encryption": 6, "cipher": 3}

``ssid`` is base64 of up to 32 bytes. Source: docs/protocols/meross.md §1.7.4, §1.7.5, §1.7.7.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence

from unclouded.core.errors import CommandError
from unclouded.families.meross.wire.messages import WifiNetwork

LONGEST_SSID = 32  # bytes
SHORTEST_PASSWORD, LONGEST_PASSWORD, HEX_KEY = 8, 63, 64  # characters of WPA; a key of 64 hex digits is one, too
WEP_LENGTHS = (5, 10, 13, 26)  # characters, or twice as many hex digits
OPEN, WEP = (0,), (1, 2)  # values of ``encryption``
LIKELY_ENCRYPTION, LIKELY_CIPHER = 6, 3  # WPA2-PSK and AES: those of a network that no scan has shown
_ENCRYPTIONS = ("open", "WEP", "WEP", "WPA", "WPA", "WPA2", "WPA2", "WPA/WPA2", "WPA/WPA2")


def name_of(network: WifiNetwork) -> str:
    """The name of a network; a text that is not base64 counts as the name itself."""
    try:
        name = b64decode(network.ssid, validate=True).decode("utf-8", "replace")
    except ValueError:
        name = network.ssid
    return name.rstrip("\0")


def encryption_of(network: WifiNetwork) -> str:
    """Its encryption as text; that of a value without a name is its number."""
    known = 0 <= network.encryption < len(_ENCRYPTIONS)
    return _ENCRYPTIONS[network.encryption] if known else f"encryption {network.encryption}"


def is_open(network: WifiNetwork) -> bool:
    """Whether it needs no password."""
    return network.encryption in OPEN


def by_name(networks: Sequence[WifiNetwork]) -> list[WifiNetwork]:
    """One for each name, the strongest; the strongest first. Networks that hide their name are left out."""
    strongest: dict[str, WifiNetwork] = {}
    for network in sorted(networks, key=lambda one: -one.signal):
        strongest.setdefault(name_of(network), network)
    return [network for name, network in strongest.items() if name]


def find(networks: Sequence[WifiNetwork], ssid: str) -> WifiNetwork | None:
    """The strongest of that name."""
    return next((one for one in by_name(networks) if name_of(one) == ssid), None)


def unseen(ssid: str, password: str) -> WifiNetwork:
    """A network that no scan has shown: one that hides its name."""
    encoded = b64encode(ssid.encode("utf-8", "surrogateescape")).decode()
    secured = (LIKELY_ENCRYPTION, LIKELY_CIPHER) if password else (0, 0)
    return WifiNetwork(ssid=encoded, encryption=secured[0], cipher=secured[1])


def check_ssid(ssid: str) -> None:
    """Raises CommandError for a name that no network can have."""
    size = len(ssid.encode("utf-8", "surrogateescape"))
    if not size:
        raise CommandError("Name the Wi-Fi that the plug is to join.")
    if size > LONGEST_SSID:
        raise CommandError(
            f"The name of a Wi-Fi has at most {LONGEST_SSID} bytes; this one has {size}. Compare it with your router."
        )


def check_password(password: str, network: WifiNetwork) -> None:
    """Raises CommandError for a password that this network cannot have."""
    size = len(password.encode("utf-8", "surrogateescape"))
    if is_open(network):
        if size:
            raise CommandError("This Wi-Fi is open: it has no password. Leave it empty, or choose another network.")
    elif network.encryption in WEP:
        if size not in WEP_LENGTHS:
            raise CommandError(f"A WEP key has 5 or 13 characters, or 10 or 26 hex digits; this one has {size}.")
    elif not SHORTEST_PASSWORD <= size <= LONGEST_PASSWORD and not _is_hex_key(password):
        raise CommandError(
            f"A Wi-Fi password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; this one has {size}."
            " It is that of the Wi-Fi, not that of the router's settings page."
        )


def _is_hex_key(password: str) -> bool:
    return len(password) == HEX_KEY and all(one in "0123456789abcdefABCDEF" for one in password)
