"""What a hub answers about products: a search, and the facts of one of its devices. Long work is done in a thread."""

import asyncio
from collections.abc import Callable, Sequence

from unclouded.app.dump.product_facts import DeviceReport, product_facts
from unclouded.app.dump.seen_values import seen_in
from unclouded.app.products.search import ProductSearch
from unclouded.core.errors import ConfigError
from unclouded.core.model import Device, PublicHub, Reading
from unclouded.core.profile import Profile
from unclouded.core.views.facts import ProductFacts, ProductsView
from unclouded.profiles import ProfileLibrary

KEPT_S = 120.0  # s after the last search in which the profiles stay in memory
MOST_ENTRIES = 1_000  # of the recent frames of a wire
SUSPECT = "scale"  # the flag of readings that do not agree


class ProductService:
    """Satisfies web's ProductLookup. ``new_library``: the profiles of this hub; called in a thread.

    One request is worked on at a time; the others wait.
    """

    def __init__(self, hub: PublicHub, new_library: Callable[[], ProfileLibrary]) -> None:
        self._hub = hub
        self._new_library = new_library
        self._lock = asyncio.Lock()
        self._search: ProductSearch | None = None
        self._forget: asyncio.TimerHandle | None = None

    async def find(self, text: str, kind: str, limit: int) -> ProductsView:
        async with self._lock:
            if self._forget is not None:
                self._forget.cancel()
            self._forget = asyncio.get_running_loop().call_later(KEPT_S, self._drop)
            return await asyncio.to_thread(self._found, text, kind, limit)

    async def facts(self, device: Device, problems: Sequence[str]) -> ProductFacts:
        async with self._lock:
            report = self._report(device, problems)
            return await asyncio.to_thread(self._facts, report)

    # --- inside --------------------------------------------------------------------------------

    def _found(self, text: str, kind: str, limit: int) -> ProductsView:
        if self._search is None:
            self._search = ProductSearch(self._new_library())
        return self._search.find(text, kind, limit)

    def _drop(self) -> None:
        self._search = self._forget = None

    def _report(self, device: Device, problems: Sequence[str]) -> DeviceReport:
        entries = self._hub.frames(device.id, MOST_ENTRIES)
        readings = [one for one in self._hub.snapshot() if isinstance(one, Reading) and one.device == device.id]
        suspect = [one.point for one in readings if SUSPECT in one.flags]
        remarks = [f"{', '.join(suspect)}: power, voltage and current cannot be together."] if suspect else []
        return DeviceReport(
            family=device.family,
            info=device.info,
            seen=seen_in(entries, device.info.get("sub_id", "")),
            profile=device.profile,
            rated=[(point.key, point.kind, point.confidence) for point in device.points],
            readings={one.point: one.value for one in readings if isinstance(one.value, int | float)},
            remarks=[*remarks, *problems],
            private=_private(device),
        )

    def _facts(self, report: DeviceReport) -> ProductFacts:
        library = self._new_library()
        return product_facts(report, shipped_profile(library, report), library.catalogue)


def shipped_profile(library: ProfileLibrary, report: DeviceReport) -> Profile | None:
    """The profile of that name, if it is one of this program or its catalogue, not one of the device's owner."""
    try:
        profile = library.get(report.profile)
    except ConfigError:
        return None
    return None if library.is_own(report.profile) else profile


def _private(device: Device) -> list[str]:
    """What names this device alone, or its owner's things."""
    known = [device.id, device.identity, device.name, device.parent, device.link]
    return [*known, *(text for name, text in device.info.items() if name not in ("product", "version"))]
