"""How a device that answers would be called, where it is and what it counts inside of. Pure."""

from collections import Counter
from collections.abc import Sequence

from unclouded.app.configuration.names import id_for
from unclouded.app.onboarding.kind_guess import guess_kind, guessed_names
from unclouded.core.model import Device
from unclouded.core.views.onboarding import DeviceProposal, ParentChoice

NAMES = {  # by family, where the product says no more
    "emporia": "Meter",
    "meross": "Plug",
    "meross_console": "Plug",
    "hlw8032": "Plug",
    "tuya_gateway": "Gateway",
    "tuya_wifi": "Appliance",
}
METERS = frozenset({"emporia"})  # families whose devices measure the whole building
UNMEASURED = METERS | {"tuya_gateway"}  # devices that count inside no other by themselves
MOST_NAMES = 5


def propose(
    found: Device, title: str, present: Sequence[Device], drawn: Sequence[tuple[float, float]] = ()
) -> DeviceProposal:
    """``found``: as it answers in the test; ``title``: of its profile, "" = its product is not known.

    ``present``: the devices of the hub. ``drawn``: pairs of seconds and W, while it is switched on.
    """
    usual = NAMES.get(found.family, "Device")
    guess = guess_kind(drawn) if found.family not in UNMEASURED else None
    known = [found.info.get("name", ""), title.partition(" (")[0], *guessed_names(guess), usual]
    names = tuple(dict.fromkeys(_unused(one.strip(), present) for one in known if one.strip()))[:MOST_NAMES]
    ids = [one.id for one in present]
    return DeviceProposal(
        name=names[0],
        id=id_for(names[0], ids),
        parent="" if found.family in UNMEASURED else _parent(present),
        names=names,
        rooms=tuple(dict.fromkeys(one.room for one in present if one.room)),
        parents=tuple(ParentChoice(one.id, one.name) for one in present if one.points),
        guess=guess,
    )


def _unused(name: str, present: Sequence[Device]) -> str:
    """The name with a number where a device has it already."""
    taken = {one.name.casefold() for one in present}
    number, found = 1, name
    while found.casefold() in taken:
        number += 1
        found = f"{name} {number}"
    return found


def _parent(present: Sequence[Device]) -> str:
    """The device that others count inside already, else the only meter; "" where neither is clear."""
    counts = Counter(one.parent for one in present if one.parent)
    ids = {one.id for one in present}
    inside = [id for id, _ in counts.most_common() if id in ids and id in _outermost(present)]
    meters = [one.id for one in present if one.family in METERS]
    return inside[0] if inside else meters[0] if len(meters) == 1 else ""


def _outermost(present: Sequence[Device]) -> set[str]:
    return {one.id for one in present if not one.parent and one.family != "tuya_gateway"}
