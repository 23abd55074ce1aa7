"""Product info (01) that is not as the protocol has it: what can be read of it, and whether a gateway sent it.

Source: docs/protocols/tuya_gateway.md §1.8, §2.1.1.
"""

from collections.abc import Mapping
from typing import Any

from unclouded.core.errors import WireError
from unclouded.families.tuya.gateway.wire.lenient_json import read_object
from unclouded.families.tuya.gateway.wire.start_messages import ProductInfo

NO_GATEWAY = (
    "Its product info has no `cap`, as that of a Tuya device that is not a gateway:"
    ' is the `family` of this device right? Others are "tuya_wifi".'
)


def readable_product(payload: bytes) -> ProductInfo:
    """What can be read; the gateway is usable with it."""
    members = _members(payload)
    texts = {name: members[name] for name in ("v", "p") if isinstance(members.get(name), str) and members[name]}
    numbers = {
        name: value
        for name in ("m", "cap", "n", "s", "a")
        if isinstance(value := members.get(name), int) and not isinstance(value, bool) and value >= 0
    }
    return ProductInfo(**{"v": "", "m": 0, "cap": 0, **texts, **numbers})


def may_be_no_gateway(payload: bytes) -> bool:
    """It is JSON, and lacks what only gateways report."""
    members = _members(payload)
    return bool(members) and "cap" not in members


def _members(payload: bytes) -> Mapping[str, Any]:  # Any: JSON types
    try:
        return read_object(payload)
    except WireError:
        return {}
