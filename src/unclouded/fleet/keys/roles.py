"""What hubs and the fleet's own processes may do at NATS. Source: docs/protocols/fleet.md §1"""

import re
from typing import Literal

Role = Literal["hub", "fleet"]

ROLES: tuple[Role, ...] = ("hub", "fleet")
HUB_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
HUB_ID_LENGTH = 20
HUB_ID = re.compile(rf"[{HUB_ALPHABET}]{{{HUB_ID_LENGTH}}}")
NAME = "{{name()}}"  # NATS puts the name of the user there, which is the id of the hub
ANSWER_WITHIN_S = 120
HUB_SUBSCRIPTIONS = 16  # a hub needs three
LARGEST_PAYLOAD = 1 << 20  # bytes, of NATS; messages have at most a quarter of it, answers nearly all
UNLIMITED = -1

_HUB = {
    "pub": {"allow": [f"up.*.{NAME}", f"hello.{NAME}", f"live.{NAME}"]},
    "sub": {"allow": [f"down.{NAME}.>", f"_INBOX.{NAME}.>"]},
    "resp": {"max": 1, "ttl": ANSWER_WITHIN_S * 1_000_000_000},
    "subs": HUB_SUBSCRIPTIONS,
}
_FLEET = {
    "pub": {"allow": ["down.>", "_INBOX.>"]},
    "sub": {"allow": ["up.>", "hello.>", "live.>", "_INBOX.>"]},
    "subs": UNLIMITED,
}
_PERMISSIONS: dict[Role, dict[str, object]] = {"hub": {**_HUB}, "fleet": {**_FLEET}}


def template(role: Role) -> dict[str, object]:
    """The permissions of a role, as they stand in the account's token."""
    limits = {
        "data": UNLIMITED,
        "payload": LARGEST_PAYLOAD,
        "allowed_connection_types": ["STANDARD", "WEBSOCKET"],
    }
    return {**_PERMISSIONS[role], **limits}


def is_hub_id(text: str) -> bool:
    """Whether this is the id of a hub: 20 characters a-z and 2-7, so that it is one token of a subject."""
    return HUB_ID.fullmatch(text) is not None


def is_own_inbox(hub: str, reply: str) -> bool:
    """Whether an answer to ``reply`` reaches this hub only.

    NATS does not check which subject a client names for the answer. A hub that names another's ``down.…`` would have
    the fleet, which may publish there, send it something: whoever answers a hub asks this first.
    """
    start = f"_INBOX.{hub}."
    return reply.startswith(start) and len(reply) > len(start) and not set(reply) & set(" *>\t\r\n")
