"""Which accessories a bridge has: those of the devices of now, and those of devices that are only late. Pure.

A device that has not answered since the start has no points yet, a sub-device is not even listed; both stay accessories
with what was known of them. An accessory goes when its device was removed, or when its gateway has been online for
GONE_S without listing it.
"""

from collections.abc import Collection, Mapping, Sequence

from unclouded.core.model import Device, Status
from unclouded.publish.homekit.accessories import AccessorySpec, accessory_of

GONE_S = 600.0  # s


def roster(
    devices: Sequence[Device],
    states: Mapping[str, Status],
    before: Mapping[str, AccessorySpec],
    only: Collection[str],
    hidden: Collection[str],
    wall: float,
) -> dict[str, AccessorySpec]:
    """The accessories by identity. ``before``: those of before. ``only``: ids of devices, none = all."""
    shown = [one for one in devices if (not only or one.id in only) and one.id not in hidden]
    shown = [one for one in shown if one.identity and not _is_only_seen(states.get(one.id))]
    by_id = {one.id: one for one in devices}
    found: dict[str, AccessorySpec] = {}
    for one in shown:
        spec = accessory_of(one, _owner(one, by_id))
        if spec is None and not one.points:
            spec = before.get(one.identity)
        if spec is not None:
            found[one.identity] = spec
    identities = {one.identity for one in devices}
    for identity, spec in before.items():
        is_shown = (not only or spec.device in only) and spec.device not in hidden
        if identity not in identities and is_shown and _is_late(spec, by_id, states, wall):
            found[identity] = spec
    return found


def _owner(device: Device, by_id: Mapping[str, Device]) -> str:
    gateway = by_id.get(device.parent)
    return gateway.id if gateway is not None and gateway.link == device.link else device.id


def _is_late(spec: AccessorySpec, by_id: Mapping[str, Device], states: Mapping[str, Status], wall: float) -> bool:
    if spec.owner == spec.device:
        device = by_id.get(spec.device)
        return device is not None and not device.identity  # it has not said yet who it is
    state = states.get(spec.owner)
    if spec.owner not in by_id:
        return False
    return state is None or state.state != "online" or wall - state.since < GONE_S


def _is_only_seen(status: Status | None) -> bool:
    return status is not None and status.state == "seen"
