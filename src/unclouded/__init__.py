"""A local hub and protocol toolbox for smart plugs, Tuya-based appliances and smart meters.

``__all__`` names what other programs may use; it is described in docs/python.md. All else is private and may change
with any version. Names are imported when they are used, so that ``import unclouded`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unclouded.app.access.hub_client import HubClient
    from unclouded.app.python_api.decoded import RecordedPiece, decode
    from unclouded.app.python_api.opened_device import OpenedDevice, open_device
    from unclouded.app.python_api.simulated_device import SimulatedDevice, simulate
    from unclouded.core.errors import (
        CommandError,
        ConfigError,
        LinkError,
        LinkRefused,
        StoreError,
        UncloudedError,
        WireError,
    )
    from unclouded.core.family import Decoder, Family, Piece, SimOptions
    from unclouded.core.model import Device, Outcome, Point, Reading, Status
    from unclouded.core.sessions.session import (
        Ambient,
        Asked,
        LinkPath,
        Offline,
        Online,
        Out,
        Refusal,
        Rejected,
        Replaced,
        Reported,
        Session,
        Settled,
        WireAction,
        WireCommand,
    )
    from unclouded.families import NAMES as FAMILY_NAMES
    from unclouded.families import family

VERSION = "0.1.0"

__all__ = [
    "FAMILY_NAMES",
    "VERSION",
    "Ambient",
    "Asked",
    "CommandError",
    "ConfigError",
    "Decoder",
    "Device",
    "Family",
    "HubClient",
    "LinkError",
    "LinkPath",
    "LinkRefused",
    "Offline",
    "Online",
    "OpenedDevice",
    "Out",
    "Outcome",
    "Piece",
    "Point",
    "Reading",
    "RecordedPiece",
    "Refusal",
    "Rejected",
    "Replaced",
    "Reported",
    "Session",
    "Settled",
    "SimOptions",
    "SimulatedDevice",
    "Status",
    "StoreError",
    "UncloudedError",
    "WireAction",
    "WireCommand",
    "WireError",
    "decode",
    "family",
    "open_device",
    "simulate",
]

_WHERE = {
    "unclouded.app.access.hub_client": ("HubClient",),
    "unclouded.app.python_api.decoded": ("RecordedPiece", "decode"),
    "unclouded.app.python_api.opened_device": ("OpenedDevice", "open_device"),
    "unclouded.app.python_api.simulated_device": ("SimulatedDevice", "simulate"),
    "unclouded.core.errors": (
        *("CommandError", "ConfigError", "LinkError", "LinkRefused", "StoreError", "UncloudedError", "WireError"),
    ),
    "unclouded.core.family": ("Decoder", "Family", "Piece", "SimOptions"),
    "unclouded.core.model": ("Device", "Outcome", "Point", "Reading", "Status"),
    "unclouded.core.sessions.session": (
        *("Ambient", "LinkPath", "Out", "Session", "WireAction", "WireCommand"),
        *("Asked", "Offline", "Online", "Refusal", "Rejected", "Replaced", "Reported", "Settled"),
    ),
    "unclouded.families": ("family",),
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:  # Any: whatever is public
    if name == "FAMILY_NAMES":
        return import_module("unclouded.families").NAMES
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
