"""The catalogue of a home as stored, and what the numbers in its windows mean."""

from collections.abc import Mapping
from typing import NamedTuple

from unclouded.fleet.base.connections import Connection
from unclouded.fleet.base.views import CatalogueControl, CatalogueDevice, CatalogueSeries, HomeCatalogue
from unclouded.uplink.contents.catalogue import SentCatalogue, SentControl, SentDevice, decode_catalogue

CATALOGUE = "SELECT at, data FROM catalogue WHERE hub = %s"


class StoredCatalogue(NamedTuple):
    """``at``: when it came, Unix s; 0: there is none yet."""

    at: float
    sent: SentCatalogue

    def device(self, id: str) -> SentDevice | None:
        return next((device for device in self.sent.devices if device.id == id), None)

    def flags(self) -> Mapping[int, str]:
        """By bit."""
        return {flag.bit: flag.name for flag in self.sent.flags}


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
