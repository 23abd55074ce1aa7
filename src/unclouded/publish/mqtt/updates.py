"""Firmware that the hub can offer to a device, and how far its installation is. Pure.

    <base>/<device>/update    {"installed_version": "1.0.0", "latest_version": "1.0.2", "in_progress": false, …}

The keys are those of Home Assistant's update entity. Where the hub has no newer file, the latest version is the
installed one. Source: docs/mqtt.md.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from unclouded.core.model import Device

UPDATE = "update"  # the action


class UpdateOffer(msgspec.Struct, frozen=True):
    """A file of the hub that is newer than what a device has. ``version``: as the device will report it."""

    file: str
    version: str


# Finds what the hub can offer these devices, by their ids. It may read files: call it in a thread.
FindOffers = Callable[[Sequence[Device]], Mapping[str, UpdateOffer]]


def installed_version(device: Device) -> str:
    """The version that the device reports, "" = none."""
    return device.info.get("version") or device.info.get("firmware", "")


def takes_updates(device: Device) -> bool:
    """Whether it can be sent firmware, and reports which it has."""
    return bool(installed_version(device)) and any(one.name == UPDATE and "file" in one.files for one in device.actions)


def update_payload(device: Device, offer: UpdateOffer | None, percent: int | None) -> bytes:
    """``percent``: of a running installation; None = there is none."""
    installed = installed_version(device)
    newer = offer is not None and offer.version != installed
    summary = f"From the file {offer.file} of the hub." if offer is not None and newer else ""
    return msgspec.json.encode(
        {
            "installed_version": installed,
            "latest_version": offer.version if offer is not None and newer else installed,
            "release_summary": summary,
            "in_progress": percent is not None,
            "update_percentage": percent,
        }
    )
