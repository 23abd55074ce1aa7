"""The catalogue of a home as stored, and what the numbers in its windows mean."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from unclouded.fleet.base.connections import Connection
from unclouded.fleet.base.views import CatalogueControl, CatalogueDevice, CatalogueSeries, HomeCatalogue
from unclouded.uplink.contents.catalogue import SentCatalogue, SentControl, SentDevice, decode_catalogue

CATALOGUE = "SELECT at, data FROM catalogue WHERE hub = %s"
SETTABLE = """SELECT h.id, p.hello IS NOT NULL, p.grants, c.data FROM hub h JOIN presence p ON p.hub = h.number
    LEFT JOIN catalogue c ON c.hub = h.number WHERE h.id = ANY(%s)"""


class StoredCatalogue(NamedTuple):
    """``at``: when it came, Unix s; 0: there is none yet."""

    at: float
    sent: SentCatalogue

    def device(self, id: str) -> SentDevice | None:
        """A device by its id in the home; None where the home sends none of that id."""
        return next((device for device in self.sent.devices if device.id == id), None)

    def flags(self) -> Mapping[int, str]:
        """The names of flags by their bit."""
        return {flag.bit: flag.name for flag in self.sent.flags}


class Settable(NamedTuple):
    """What a home is known to let the fleet set of one device. ``let_out``: None: it has not said yet.

    ``has_catalogue``: without one, it is not known whether it has the device.
    """

    let_out: tuple[str, ...] | None
    has_catalogue: bool
    device: SentDevice | None


async def settable(connection: Connection, hubs: Sequence[str], device: str) -> dict[str, Settable]:
    """Of these hubs, by id. A hub decides how large its catalogue is, so they are read in a thread."""
    rows = await (await connection.execute(SETTABLE, (list(hubs),))).fetchall()
    return await asyncio.to_thread(lambda: {hub: _settable(row, device) for hub, *row in rows})


def _settable(row: Sequence[Any], device: str) -> Settable:  # Any: columns
    has_said, grants, data = row
    stored = StoredCatalogue(0.0, SentCatalogue() if data is None else decode_catalogue(data))
    return Settable(tuple(grants) if has_said else None, data is not None, stored.device(device))


async def stored_catalogue(connection: Connection, hub: int) -> StoredCatalogue:
    """Of the hub with this number."""
    row = await (await connection.execute(CATALOGUE, (hub,))).fetchone()
    if row is None:
        return StoredCatalogue(0.0, SentCatalogue())
    return StoredCatalogue(row[0], decode_catalogue(row[1]))


async def home_catalogue(connection: Connection, hub: int) -> HomeCatalogue:
    """The same as it is shown."""
    at, sent = await stored_catalogue(connection, hub)
    ids = {device.number: device.id for device in sent.devices}
    series: dict[int, list[CatalogueSeries]] = {device.number: [] for device in sent.devices}
    for one in sent.series:
        if one.device in series:
            shown = CatalogueSeries(
                number=one.number, point=one.point, exponent=one.exponent, kind=one.kind, label=one.label
            )
            series[one.device].append(shown)
    devices = tuple(
        CatalogueDevice(
            number=device.number,
            id=device.id,
            name=device.name,
            room=device.room,
            parent=ids.get(device.parent, ""),
            kind=device.kind,
            product=device.product,
            main=device.main,
            produces=device.produces,
            series=tuple(series[device.number]),
            controls=None if device.controls is None else tuple(map(_control, device.controls)),
        )
        for device in sent.devices
    )
    return HomeCatalogue(at=at, zone=sent.zone, version=sent.version, devices=devices)


def _control(one: SentControl) -> CatalogueControl:
    return CatalogueControl(
        point=one.point,
        kind=one.kind,
        access=one.access,
        exponent=one.exponent,
        label=one.label,
        options=one.options,
        minimum=one.minimum,
        maximum=one.maximum,
    )
