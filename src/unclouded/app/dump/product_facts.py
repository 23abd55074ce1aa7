"""The facts of a product for a report, without anything personal.

What goes in is listed here, not what stays out: the product id, versions, wire keys with types and counts, lengths of
texts, keys and scales. No text that the device or its owner wrote, no id, key, address or name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from unclouded import VERSION
from unclouded.app.dump.facts_text import as_markdown
from unclouded.app.dump.seen_values import SeenValues, SeenWire
from unclouded.core.confidence import sources_text
from unclouded.core.model import Confidence, Kind
from unclouded.core.profile import Profile
from unclouded.core.views.facts import ProductFacts, SeenPointView
from unclouded.profiles.catalogue import FAMILIES, Catalogue
from unclouded.profiles.catalogue.matching import MatchedRow, ProductMatch, ProductMatcher

# What a device reports of itself that says something about its product.
INFO = (
    *("version", "protocol", "dialect", "features", "capabilities", "kind", "mode", "power", "hardware", "firmware"),
    *("chip", "sub_type"),
)
MCU_VERSION = re.compile(r"version_\d{1,3}")  # of an appliance's further MCUs
INFO_TEXT = re.compile(r"[\w.,:;+()/ -]{1,120}")
ADDRESS = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|[0-9a-f]{9,}|\d{1,3}(?:\.\d{1,3}){3}", re.IGNORECASE)
PRODUCT = re.compile(r"[\w-]{1,40}")

# Keys whose numbers are of a person, or of one device alone.
PERSONAL = re.compile(r"device_id|number|opened_by_.*|.*password.*|.*serial.*|.*_code")

OWN_PROFILE = "a profile of its owner"


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a device: by the hub, or by a probe. ``profile`` "": it has none.

    ``rated``: key, kind and confidence of its points. ``readings``: the newest numbers and switches, by key, for what
    its frames do not show. ``private``: texts that must not be in the facts.
    """

    family: str
    info: Mapping[str, str]
    seen: SeenValues
    profile: str = ""
    rated: Sequence[tuple[str, Kind, Confidence]] = ()
    readings: Mapping[str, float] = {}
    remarks: Sequence[str] = ()
    private: Sequence[str] = ()


def product_facts(report: DeviceReport, profile: Profile | None, catalogue: Catalogue) -> ProductFacts:
    """``profile``: that of today, where it is public. Takes some tenths of a second: it reads the whole catalogue."""
    if profile is not None:
        _add_readings(report, profile)
    match = _match(report, catalogue)
    scales = {row.point.key: f"{float(row.scale):g}" for row in profile.points} if profile else {}
    matched = {(one.row.dp, one.row.type): one for one in match.rows}
    product = report.info.get("product", "")
    facts = ProductFacts(
        product=product if PRODUCT.fullmatch(product) and not ADDRESS.fullmatch(product) else "",
        family=report.family,
        profile="" if not report.profile else report.profile if profile else OWN_PROFILE,
        sources=sources_text(report.rated),
        info=public_info(report.info),
        points=tuple(_point(one, scales.get(one.key, ""), _matched(one, matched)) for one in report.seen.all()),
        nearest=match.nearest,
        likeness=round(match.likeness, 2),
        remarks=tuple(without(text, report.private) for text in report.remarks),
        program=VERSION,
        markdown=(),
    )
    return replace(facts, markdown=as_markdown(facts))


def public_info(info: Mapping[str, str]) -> dict[str, str]:
    """What a device reports of itself, where it is about the product and looks like it."""
    return {
        name: text
        for name, text in info.items()
        if (name in INFO or MCU_VERSION.fullmatch(name))
        and INFO_TEXT.fullmatch(text)
        and (name == "capabilities" or not ADDRESS.search(text))
    }


def without(text: str, private: Iterable[str]) -> str:
    """A sentence of the hub without names and ids; longer ones go first, as they may contain others."""
    for one in sorted({word for word in private if len(word) > 1}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", "…", text)
    return text


def _add_readings(report: DeviceReport, profile: Profile) -> None:
    """Of points whose frames are not kept, or do not name values: the count that makes the newest reading.

    Not of counters: the hub's totals are not those of the device.
    """
    shown = {one.wire.partition(".")[0] for one in report.seen.all()}
    for row in profile.points:
        value = report.readings.get(row.point.key)
        if value is None or row.counter != "none" or row.reported_as in shown:
            continue
        if row.point.kind == "switch" and row.true_is is None:
            report.seen.add(row.wire, row.type, bool(value) != row.inverted, row.point.key)
        elif row.point.kind == "number":
            report.seen.add(row.wire, row.type, round(value * row.div / row.mul), row.point.key)


def _match(report: DeviceReport, catalogue: Catalogue) -> ProductMatch:
    seen = report.seen.for_matching()
    if not seen or report.family not in FAMILIES:
        return ProductMatch()
    return ProductMatcher(catalogue.tables(report.family)).match(seen)


def _matched(one: SeenWire, matched: Mapping[tuple[int, str], MatchedRow]) -> MatchedRow | None:
    return matched.get((int(one.wire), one.type)) if one.wire.isdecimal() else None


def _point(one: SeenWire, scale: str, match: MatchedRow | None) -> SeenPointView:
    is_personal = PERSONAL.fullmatch(one.key) is not None
    return SeenPointView(
        wire=one.wire,
        type=one.type,
        reports=one.reports,
        low=None if is_personal else one.low,
        high=None if is_personal else one.high,
        values=() if is_personal else one.few_values,
        length=one.length,
        key=one.key,
        scale=scale if one.key else "",
        match_key=match.row.key if match else "",
        match_scale=f"{float(match.row.scale):g}" if match and match.row.type == "value" else "",
        match_is_sure=match.is_sure if match else False,
    )
