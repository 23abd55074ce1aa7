"""Rows of the base as the API shows them: Wh in place of mWh, times as text."""

from collections.abc import Iterable
from typing import Literal

from msgspec.structs import replace

from unclouded.core.model import unit_of
from unclouded.core.times import iso
from unclouded.core.views.facts import EventView
from unclouded.fleet.api.views import (
    AuditRowView,
    FleetCommandView,
    FleetEvent,
    FleetHomeView,
    HomeDevice,
    HomePoint,
    HomeRowView,
    HomesFilter,
    HomesSummary,
    LetOutView,
    NewestWindowView,
    StoredLevelView,
)
from unclouded.fleet.base.views import (
    AuditEntry,
    CatalogueDevice,
    GivenCommand,
    HomeDetail,
    HomeEventRow,
    HomeFilter,
    HomeLine,
    HomeSums,
    NewestWindow,
    Role,
)
from unclouded.web.said import translated
from unclouded.web.said_views import said_event


def wh(mwh: int | None) -> float | None:
    """mWh -> Wh."""
    return None if mwh is None else mwh / 1000


def when(at: float | None) -> str | None:
    """Unix s -> ISO 8601."""
    return None if at is None else iso(at)


def base_filter(filter: HomesFilter) -> HomeFilter:
    """The filter as the base takes it; its organisation is in the scope."""
    return HomeFilter(search=filter.q.strip(), state=filter.state or None, flag=filter.flag, version=filter.version)


def home_row(line: HomeLine) -> HomeRowView:
    """A home in the list of homes: power in W, energy in Wh, its time as ISO text in UTC."""
    return HomeRowView(
        id=line.hub,
        organisation=line.organisation,
        name=line.name,
        place=line.place,
        state=line.state,
        seen=when(line.seen),
        power_W=line.power_W,
        import_Wh=wh(line.import_mWh),
        export_Wh=wh(line.export_mWh),
        solar_Wh=wh(line.solar_mWh),
        devices=line.devices,
        devices_offline=line.devices_offline,
        alerts=list(line.alerts),
        behind=line.behind,
        version=line.version,
        levels=list(line.levels),
    )


def summary(sums: HomeSums) -> HomesSummary:
    """The sums of a list of homes: how many by state, flag and version, power in W, energy in Wh."""
    return HomesSummary(
        homes=sums.homes,
        states=sums.states,
        flags=sums.flags,
        versions=sums.versions,
        power_W=sums.power_W,
        import_Wh=wh(sums.import_mWh),
        export_Wh=wh(sums.export_mWh),
        solar_Wh=wh(sums.solar_mWh),
    )


def home_view(detail: HomeDetail, role: Role) -> FleetHomeView:
    """All about one home: its catalogue of devices, what it lets out, and what the fleet has stored of it."""
    return FleetHomeView(
        row=home_row(detail.home),
        role=role,
        timezone=detail.catalogue.zone,
        joined=iso(detail.joined),
        revoked=when(detail.revoked),
        hello=when(detail.hello),
        let_out=LetOutView(
            levels=list(detail.home.levels),
            names="names" in detail.let_out,
            events="events" in detail.let_out,
            questions="questions" in detail.let_out,
            control="control" in detail.let_out,
        ),
        devices=[home_device(one) for one in detail.catalogue.devices],
        stored=[
            StoredLevelView(
                level=one.level, first=iso(one.first), last=iso(one.last), windows=one.windows, bytes=one.size
            )
            for one in detail.stored
        ],
        newest=_newest(detail.newest),
    )


def _newest(window: NewestWindow | None) -> NewestWindowView | None:
    if window is None:
        return None
    return NewestWindowView(level=window.level, start=iso(window.start), bytes=window.size)


def home_device(device: CatalogueDevice) -> HomeDevice:
    """A device of a home's catalogue, with its points."""
    return HomeDevice(
        id=device.id,
        name=device.name,
        room=device.room,
        parent=device.parent,
        kind=device.kind,
        product=device.product,
        main=device.main,
        produces=device.produces,
        points=_points(device),
    )


def _points(device: CatalogueDevice) -> list[HomePoint]:
    """Series first, then what can be set and has none. A point with several scales is there once, by the newest."""
    controls = {one.point: one for one in device.controls or ()}
    series = {one.point: one for one in device.series}
    readable: Literal["", "r"] = "" if device.controls is None else "r"
    found = [
        HomePoint(
            key=one.point,
            kind=one.kind,
            unit=unit_of(one.point),
            exponent=one.exponent,
            label=one.label,
            access=readable,
        )
        for one in series.values()
        if one.point not in controls
    ]
    return [
        *found,
        *(
            HomePoint(
                key=one.point,
                kind=one.kind,
                unit=unit_of(one.point),
                exponent=one.exponent,
                label=one.label,
                access="w" if one.access == "w" else "rw",
                options=list(one.options),
                minimum=one.minimum,
                maximum=one.maximum,
            )
            for one in controls.values()
        ),
    ]


def event_view(row: HomeEventRow) -> FleetEvent:
    """An event of a home; its time as ISO text in UTC."""
    return FleetEvent(
        number=row.number,
        home=row.hub,
        name=row.home,
        at=iso(row.at),
        device=row.device,
        kind=row.kind,
        text=row.text,
        data=row.data,
    )


def command_view(row: GivenCommand) -> FleetCommandView:
    """A command that was given to a home, with its state; times as ISO text in UTC."""
    return FleetCommandView(
        id=row.id,
        batch=row.batch,
        home=row.hub,
        name=row.home,
        device=row.device,
        point=row.point,
        value=row.value,
        who=row.who,
        at=iso(row.created),
        until=iso(row.until),
        state=row.fate,
        reason=translated(row.reason),
        changed=when(row.changed),
    )


def audit_view(row: AuditEntry) -> AuditRowView:
    """An entry of the audit log. The address stands in its own field, not in ``detail``."""
    detail = {key: value for key, value in row.detail.items() if key != "address"}
    return AuditRowView(
        number=row.number,
        at=iso(row.at),
        organisation=row.organisation,
        who=row.who,
        what=row.action,
        subject=row.subject,
        detail=detail,
        address=str(row.detail.get("address", "")),
    )


def event_views(rows: Iterable[HomeEventRow]) -> list[FleetEvent]:
    """Events of homes, in the order of the rows, in the language of the request: hubs send them in English."""
    return [_said(event_view(one)) for one in rows]


def _said(event: FleetEvent) -> FleetEvent:
    said = said_event(EventView(at=event.at, device=event.device, kind=event.kind, words=event.text, data=event.data))
    return replace(event, text=said.words, data=said.data)
