"""What a hub knows of a device, in a bundle: its parts, points, values, events and log lines."""

from collections.abc import Iterator, Mapping

from unclouded.app.dump.bundle_cleaner import HIDDEN, BundleCleaner, is_personal
from unclouded.app.dump.frame_cleaning import KeptPoints
from unclouded.app.dump.private_words import public_products
from unclouded.app.dump.product_facts import public_info
from unclouded.app.dump.source import BundleSource, View

TEXT_KINDS = ("text", "raw")
OF_POINT = ("kind", "unit", "access", "exponent", "minimum", "maximum", "confidence")


class BundleDevice:
    """``with_raw``: raw values of data points that no profile names are kept."""

    def __init__(self, cleaner: BundleCleaner, source: BundleSource, with_raw: bool) -> None:
        self._cleaner = cleaner
        self._source = source
        self._with_raw = with_raw

    def devices(self) -> Iterator[Mapping[str, object]]:
        """The device and its parts."""
        clean = self._cleaner
        for view in self._source.devices:
            is_shipped = clean.is_shipped(view["profile"])
            yield {
                "id": clean.text.plain(view["id"]),
                "family": view["family"],
                "state": view["state"],
                "since": view["since"],
                "reason": clean.text.text(view["reason"]),
                "profile": clean.profile(view["profile"]),
                "parent": clean.text.plain(view["parent"]),
                "produces": view["produces"],
                "product": next(public_products([str(view["info"].get("product", ""))]), ""),
                "info": public_info(view["info"]),
                "points": [self._point(point, is_shipped) for point in view["points"]],
                "actions": [one["name"] for one in view["actions"]],
                "schedule": len(view.get("schedule") or ()),
            }

    def readings(self) -> Iterator[Mapping[str, object]]:
        """The newest values."""
        clean = self._cleaner
        points = {(view["id"], one["key"]): one for view in self._source.devices for one in view["points"]}
        shipped = {view["id"] for view in self._source.devices if clean.is_shipped(view["profile"])}
        for one in self._source.readings:
            point = points.get((one["device"], one["point"])) if one["device"] in shipped else None
            yield {
                "at": one["at"],
                "device": clean.text.plain(one["device"]),
                "point": one["point"] if one["device"] in shipped else clean.text.plain(one["point"]),
                "value": self._value(one, point),
                "quality": one["quality"],
                "flags": [clean.text.plain(flag) for flag in one["flags"]],
            }

    def events(self) -> Iterator[Mapping[str, object]]:
        """States, outcomes of commands, warnings; oldest first."""
        clean = self._cleaner
        for one in self._source.events:
            yield {
                "at": one["at"],
                "device": clean.text.plain(one["device"]),
                "kind": clean.text.plain(one["kind"]),
                "text": clean.text.text(one["words"]),
                "data": clean.settings(one.get("data") or {}),
            }

    def log(self) -> Iterator[Mapping[str, object]]:
        """Lines of the hub's log."""
        for one in self._source.log:
            yield {"at": one["at"], "level": one["level"], "text": self._cleaner.text.text(one["text"])}

    def kept_points(self) -> Mapping[str, KeptPoints]:
        """What of its frames is kept, by part, as the profiles of the parts have it."""
        return {str(view["info"].get("sub_id", "")): self._kept_of(view["profile"]) for view in self._source.devices}

    # --- inside --------------------------------------------------------------------------------

    def _point(self, point: View, is_shipped: bool) -> Mapping[str, object]:
        """Its options and limits; keys and options of an owner's profile are the owner's."""
        clean = self._cleaner
        options = [clean.option(one) for one in point["options"]] if is_shipped else len(point["options"])
        key = point["key"] if is_shipped else clean.text.plain(point["key"])
        return {"key": key, **{name: point[name] for name in OF_POINT if name in point}, "options": options}

    def _value(self, reading: View, point: View | None) -> object:
        """Numbers and switches; options of a shipped profile; of everything else its length."""
        value = reading["value"]
        if is_personal(reading["point"]):
            return HIDDEN
        if not isinstance(value, str):
            return value
        if point is not None and point["kind"] not in TEXT_KINDS and value in point["options"]:
            return self._cleaner.option(value)
        return f"{HIDDEN} ({len(value)} characters)"

    def _kept_of(self, profile: str) -> KeptPoints:
        if not self._cleaner.is_shipped(profile):
            return KeptPoints(with_raw=self._with_raw)
        rows = self._cleaner.library.get(profile).points
        personal = {row.wire.partition(".")[0] for row in rows if is_personal(row.point.key)}
        decoded = {row.wire.partition(".")[0] for row in rows if "." in row.wire}
        return KeptPoints(frozenset(decoded - personal), frozenset(personal), self._with_raw)
