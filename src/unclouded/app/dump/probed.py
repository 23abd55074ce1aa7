"""The facts of a product that is probed on its own wire, without a hub."""

from unclouded.app.dump.product_facts import DeviceReport, product_facts
from unclouded.app.dump.seen_values import SeenValues
from unclouded.app.protocols import profile_library
from unclouded.app.unknown.probing import FAMILY, ObservedMcu, Report, observe
from unclouded.core.profile import Profile
from unclouded.core.views.facts import ProductFacts


async def probed_facts(link: str, span: float, report: Report) -> ProductFacts:
    """Query the MCU for ``span`` seconds. Raises ConfigError, and LinkError where it reported no data point."""
    return facts_of(await observe(link, span, report))


def facts_of(mcu: ObservedMcu) -> ProductFacts:
    """The facts of what an MCU reported; its profile is the one that lists its product, if any does."""
    library = profile_library()
    profile = library.for_product(FAMILY, mcu.info.get("product", ""))
    seen = seen_by_probe(mcu, profile)
    return product_facts(
        DeviceReport(
            family=FAMILY,
            info=mcu.info,
            seen=seen,
            profile=profile.name if profile else "",
            rated=[(row.point.key, row.point.kind, row.point.confidence) for row in profile.points] if profile else (),
        ),
        profile,
        library.catalogue,
    )


def seen_by_probe(mcu: ObservedMcu, profile: Profile | None) -> SeenValues:
    """The data points of a probe, with their keys in a profile."""
    keys = {(row.wire, row.type): row.point.key for row in profile.points} if profile else {}
    seen = SeenValues()
    for point in mcu.observed.points.values():
        for _, value in point.values:
            seen.add(str(point.id), point.type, value, keys.get((str(point.id), point.type), ""))
    return seen
