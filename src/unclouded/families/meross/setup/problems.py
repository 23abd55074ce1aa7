"""What can fail in set-up, as sentences for people: what happened, and what to do."""

from collections.abc import Sequence

from unclouded.core.sessions.session import Failure
from unclouded.families.meross.setup.networks import by_name, name_of
from unclouded.families.meross.wire.messages import SIGN_ERROR, Failed, Trace, WifiNetwork

HOLD_BUTTON = "hold its button for 5 seconds until its LED alternates between amber and green"
NOT_IN_SET_UP_MODE = (
    "The plug at {place} is bound to a server, so it is not in set-up mode. To set it up again, {button}. To move it "
    "without a reset: --rehost, and --plug-key-file with a file of the key that it has now, where that is not the key "
    "of this hub."
)
OTHER_KEY = (
    "The plug at {place} is bound to a server with another key. Name a file with the key that it has now, "
    "--plug-key-file; or {button}, and set it up again."
)
FAILURES = {
    Failure.REFUSED: "{place} refuses the connection. Is that the address of the plug, and is it in this network?",
    Failure.CLOSED: "{place} closed the connection without an answer. Is another application connected to the plug, or "
    "is it bound with another key?",
    Failure.TIMEOUT: "{place} does not answer. Take the plug out of its socket for ten seconds, and try again.",
    Failure.GARBLED: "What answers at {place} is not a Meross plug. Compare the address with that of the plug.",
    Failure.GONE: "The host name in {place} is unknown. Check the spelling, or use the IP address of the plug.",
    Failure.FULL: "Too many requests wait for {place}. Try again.",
}
CLOCK_UNKNOWN = "The clock of this computer is not set, so the plug gets no time yet. The hub sets it later."
CLOCK_REFUSED = "The plug did not take the time. The hub sets it when the plug is connected."
STILL_THERE = (
    "The plug acknowledges nothing and still answers at {place}. To reset it by hand, " + HOLD_BUTTON + "."
)  # fmt: skip
LOST_PATH = "The connection to the plug was closed."
TOO_LONG = "The plug took too long. Take it out of its socket for ten seconds, and try again."
NO_NETWORK = "The plug sees no Wi-Fi at all. It uses 2.4 GHz only: is that band on, is the plug near enough?"
BAD_EXCHANGE = "The plug answered the key exchange with something that is not a key. Try again without --encrypted."


def wrong_key(place: str, key: str) -> str:
    """``key``: the one that was used; "" = none, as in set-up mode."""
    return (OTHER_KEY if key else NOT_IN_SET_UP_MODE).format(place=place, button=HOLD_BUTTON)


def failure(why: Failure, place: str) -> str:
    """The sentence for a request that failed. ``place``: the address of the plug."""
    return FAILURES[why].format(place=place)


def refused(failed: Failed, what: str, place: str, key: str = "") -> str:
    """The plug answered with an error. ``key``: the one that was used."""
    if failed.code == SIGN_ERROR:
        return wrong_key(place, key)
    detail = f" ({failed.detail[:80]})" if failed.detail else ""
    return f"The plug answered error {failed.code}{detail} where set-up {what}."


def foreign(uuid: str, expected: str, place: str) -> str:
    """Another plug than before, or than was named, answers."""
    return f"Another plug answers at {place}: {uuid}, not {expected}. Set up one plug at a time, or name the right one."


def lacks(what: str) -> str:
    """The sentence for a device that does not have what set-up needs."""
    return f"This device has no {what}: it cannot be set up here. Its firmware may offer set-up by Bluetooth only."


# --- why a plug did not join ----------------------------------------------------------------------------

WRONG_PASSWORD = (
    "the password of the Wi-Fi is wrong. Type it again; it is that of the Wi-Fi, not that of the router's settings page"
)
NOT_FOUND = (
    "it does not find the Wi-Fi. The plug uses 2.4 GHz only: switch that band on in the router, under a name of its own"
    " if need be, and bring the plug nearer to it"
)
NO_ADDRESS = "it got no address from the router. Switch DHCP on there, or restart the router"
NO_SERVER = (
    "it joined the Wi-Fi, but did not reach the broker of this hub. Let the firewall of this computer accept the port,"
    " and check that [broker] host is an address that the plug can reach"
)
NO_CERTIFICATE = (
    "it reached the broker, but did not accept its certificate. [broker] host must be the address or name that the plug"
    " was given, and the certificate must be an RSA one, as the hub makes it"
)
NO_CLOCK = "its clock is not set. Let it reach a time server (pool.ntp.org), or leave it connected for a minute"

# Words in the plug's own text -> what they mean. The first that fits counts.
_CAUSES = (
    (("psk", "password", "passwd", "4-way", "handshake time", "mic", "auth"), WRONG_PASSWORD),
    (("ssid", "not found", "no ap", "no network", "beacon", "scan"), NOT_FOUND),
    (("dhcp", "no ip", "ip address"), NO_ADDRESS),
    (("tls", "ssl", "cert", "cipher"), NO_CERTIFICATE),
    (("ntp", "clock", "time sync"), NO_CLOCK),
    (("mqtt", "server", "connect", "dns", "host", "refused", "unreachable"), NO_SERVER),
)


def explain_trace(trace: Trace) -> str:
    """What the plug recorded of its last attempt, as part of a sentence; "" where it recorded no failure."""
    info = trace.info.strip()
    if not trace.code and info.lower() in ("", "no error"):
        return ""
    text = info.lower()
    cause = next((cause for words, cause in _CAUSES if any(word in text for word in words)), "")
    own = f'its own record says "{info[:80]}"' if info else f"its own record is code {trace.code}"
    return f"{cause} ({own})" if cause else own


def not_seen(ssid: str, networks: Sequence[WifiNetwork]) -> str:
    """The network that was named is not in the scan."""
    others = ", ".join(name_of(one) for one in by_name(networks)[:8]) or "none"
    return (
        f"The plug does not see the Wi-Fi {ssid}. It sees: {others}. It uses 2.4 GHz only: is that band on, is the name"
        " spelt exactly so, is the plug near enough? Add --hidden where the network hides its name."
    )
