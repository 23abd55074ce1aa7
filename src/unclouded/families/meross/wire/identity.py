"""The identity of a plug at an MQTT server: client id, user name, password, topics.

    client id  fmware:<uuid>_<16 characters>      user  34:29:8f:…  (the MAC, lower case, with colons)
    password   <user id>_<md5 in hex of MAC + key>
    a plug subscribes /appliance/<uuid>/subscribe and publishes to /appliance/<uuid>/publish,
    its answers to the topic in the request's ``from``

The last 12 characters of a UUID are the MAC. UUIDs are no plain hex: early ones carry an ``h`` in the
middle. Source: docs/protocols/meross.md §1.0.2, §1.6.1, §1.6.2; vectors in §3.2.
"""

import hmac
import re
from hashlib import md5

from unclouded.core.sessions.session import Refusal

UUID = re.compile(r"[0-9a-z]{20}[0-9a-f]{12}")
MAC = re.compile(r"[0-9a-f]{12}")
CLIENT_ID = re.compile(r"fmware:([0-9A-Za-z]{32})_.*", re.DOTALL)
TOPIC = re.compile(r"/appliance/([^/+#]+)/(publish|subscribe)")
LONGEST_TOPIC = 256


def password_for(mac: str, key: str, user_id: str = "0") -> str:
    """The password that a plug derives from its MAC and the key it was given."""
    return f"{user_id}_{_secret(_with_colons(mac) or mac.lower(), key)}"


def client_id_for(uuid: str, token: bytes) -> str:
    """The client id of a plug; 8 random bytes make the 16 characters at its end."""
    return f"fmware:{uuid}_{token[:8].hex()}"


def mac_of(uuid: str) -> str:
    """The MAC at the end of a UUID, with colons."""
    return _with_colons(uuid[-12:])


def publish_topic(uuid: str) -> str:
    """The MQTT topic on which the plug publishes; docs/protocols/meross.md §1.6.1."""
    return f"/appliance/{uuid}/publish"


def subscribe_topic(uuid: str) -> str:
    """The MQTT topic that the plug subscribes, for requests to it; docs/protocols/meross.md §1.6.1."""
    return f"/appliance/{uuid}/subscribe"


def is_topic(text: str) -> bool:
    """Can this be published to?"""
    return text.startswith("/") and len(text) <= LONGEST_TOPIC and not re.search(r"[+#\0]|\A\$", text)


def uuid_in(topic: str) -> str:
    """The plug that a topic belongs to, lower case; "" where it is no plug's."""
    found = TOPIC.fullmatch(topic)
    return found[1].lower() if found else ""


def identify_client(client_id: str, user: str, password: str, key: str) -> str | Refusal:
    """The UUID of the plug that connects with these, or the reason why it is refused.

    The user id before the ``_`` of the password is not checked: it is whatever the plug was bound with.
    """
    found = CLIENT_ID.fullmatch(client_id)
    if found is None:
        return Refusal("Its client id is not that of a Meross plug (fmware:UUID_…).")
    uuid, mac = found[1].lower(), _with_colons(user)
    if UUID.fullmatch(uuid) is None or not mac:
        return Refusal("Its client id holds no UUID, or its user name is not a MAC address.")
    if mac_of(uuid) != mac:
        return Refusal("The MAC of its user name is not the one in its UUID.")
    _, _, secret = password.rpartition("_")
    if not hmac.compare_digest(secret.lower().encode("utf-8", "replace"), _secret(mac, key).encode()):
        return Refusal(
            "Its password was made with another key. Bind the plug again with the key of this hub,"
            " or enter the key that it was bound with (page: Settings, Meross plugs; file: `key` in [meross])."
        )
    return uuid


def _secret(mac: str, key: str) -> str:
    return md5(f"{mac}{key}".encode(), usedforsecurity=False).hexdigest()


def _with_colons(mac: str) -> str:
    """``34298FFFFFFF`` or ``34:29:8f:…`` as 34:29:8f:ff:ff:ff; "" where it is no MAC."""
    bare = re.sub(r"[:-]", "", mac.lower())
    return ":".join(bare[at : at + 2] for at in range(0, 12, 2)) if MAC.fullmatch(bare) else ""
