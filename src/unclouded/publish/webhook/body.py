"""The body of a webhook and its signature. Pure.

    POST, Content-Type: application/json, X-Unclouded-Delivery: 5f0c…, X-Unclouded-Signature: sha256=…
    {"hub": "Home", "delivery": "5f0c…", "sent": "2026-11-30T12:00:00.000Z",
     "readings": [{"at": …, "device": "kettle", "point": "power_W", "value": 67.3, "quality": "good", "flags": []}],
     "states": [{"device": "kettle", "state": "online", "since": …, "reason": ""}],
     "events": [{"at": …, "device": "kettle", "kind": "command", "words": …, "data": {}}],
     "alerts": [{"device": "meter", "kind": "offline", "since": …, "active": true, "text": …}]}

The forms are those of /api/watch (core/views/json_lines.py). The signature is the HMAC-SHA256 of the whole body
(RFC 2104).
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from unclouded.core.model import Alert, Fact, Notice, Reading, Status
from unclouded.core.times import iso
from unclouded.core.views.json_lines import encode, event_json, reading_json, status_json

KINDS: Mapping[str, type] = {"readings": Reading, "states": Status, "events": Notice, "alerts": Alert}
DELIVERY, SIGNATURE = "X-Unclouded-Delivery", "X-Unclouded-Signature"


def chosen(facts: Sequence[Fact], content: Collection[str], devices: Collection[str]) -> list[Fact]:
    """The facts of these kinds and of these devices (none = all, and what concerns the hub itself)."""
    types = tuple(KINDS[one] for one in content)
    return [one for one in facts if isinstance(one, types) and (not devices or _device(one) in devices)]


def webhook_body(facts: Sequence[Fact], content: Collection[str], hub: str, delivery: str, sent: float) -> bytes:
    """The body of one request; only the lists that were asked for."""
    lists: dict[str, list[Any]] = {one: [] for one in KINDS if one in content}  # Any: JSON
    for fact in facts:
        for name, kind in KINDS.items():
            if isinstance(fact, kind) and name in lists:
                lists[name].append(_json(fact))
    return encode({"hub": hub, "delivery": delivery, "sent": iso(sent), **lists})


def signature(secret: bytes, body: bytes) -> str:
    """The value of the header X-Unclouded-Signature."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def _device(fact: Fact) -> str:
    return fact.device if isinstance(fact, Reading | Status | Notice | Alert) else ""


def _json(fact: Fact) -> Any:  # Any: JSON
    match fact:
        case Reading():
            return reading_json(fact)
        case Status():
            return status_json(fact)
        case Notice():
            return event_json(fact)
        case Alert():
            return {**{name: getattr(fact, name) for name in fact.__struct_fields__}, "since": iso(fact.since)}
    return None
