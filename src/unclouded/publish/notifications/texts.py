"""The sentences of messages, in the language that the owner chose. Pure."""

from collections.abc import Mapping

import msgspec

from unclouded.core.model import Alert, Device, Point, bits_text, value_text
from unclouded.core.text.rough_time import RoughTime


class NotificationTexts(msgspec.Struct, frozen=True, kw_only=True):
    """Templates of one language. {device}, {label}, {value}, {detail}, {limit}, {minutes}, {count}, {text},
    {forecast} are put in.

    ``began``, ``ended``: by the kind of an alert. ``full_in``: the forecast of a disk, by its unit. ``point``: what
    points are called, by key. ``mark``: of decimals.
    """

    began: Mapping[str, str]
    ended: Mapping[str, str]
    full_in: Mapping[str, str]
    again: str
    finished: str
    more: str
    test: str
    point: Mapping[str, str]
    mark: str = "."


def alert_text(texts: NotificationTexts, alert: Alert, device: Device | None) -> str:
    """An alert as a sentence: when it begins, or when it has ended."""
    name = device.name or device.id if device is not None else alert.device
    point = next((one for one in device.points if one.key == alert.point), None) if device is not None else None
    template = (texts.began if alert.active else texts.ended)[alert.kind]
    unit = "%" if alert.kind == "disk" else point.unit if point is not None else ""
    label, value = _label(texts, alert.point, point), _value(texts, alert, point, unit)
    return template.format(
        device=name,
        label=label,
        value=value,
        detail=f"{label}: {value}" if value else label,
        forecast=_forecast(texts, alert.full_in),
        limit=_with_unit(_number(texts, alert.limit) if alert.limit is not None else "", unit),
    )


def finished_text(texts: NotificationTexts, device: Device | None, id: str, worked_s: float) -> str:
    """The text of a device that has finished its work. ``worked_s`` is rounded to minutes, one at least."""
    name = device.name or device.id if device is not None else id
    return texts.finished.format(device=name, minutes=max(1, round(worked_s / 60)))


def _forecast(texts: NotificationTexts, full_in: RoughTime | None) -> str:
    return texts.full_in[full_in.unit].format(count=full_in.count) if full_in is not None else ""


def _label(texts: NotificationTexts, key: str, point: Point | None) -> str:
    return texts.point.get(key) or (point.label if point is not None and point.label else key.replace("_", " "))


def _value(texts: NotificationTexts, alert: Alert, point: Point | None, unit: str) -> str:
    value = alert.value
    if value is None or isinstance(value, bool):
        return ""
    if point is not None and point.kind == "bitmap" and type(value) is int:
        return bits_text(value, point.options)
    shown = _number(texts, value) if isinstance(value, float) else value_text(value)
    return _with_unit(shown, unit)


def _number(texts: NotificationTexts, value: float) -> str:
    """Six digits of it, never as a power of ten."""
    text = f"{value:.6g}"
    if "e" in text:
        text = f"{value:.0f}" if abs(value) >= 1 else f"{value:.6f}".rstrip("0").rstrip(".")
    return text.replace(".", texts.mark)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if text and unit else text
