"""What a security gateway reports of its alarm, by names that do not depend on the numbers of its product.

    2  bool    alarm_reported    false after an alarm was cancelled
    26 text    alarm_text        what the alarm is
    32 enum    siren             on or off

The numbers are settings. No report of these begins or ends an alarm: one that was on its way when the state changed
would undo the change. Source: docs/protocols/tuya_gateway.md §2.12.1, §6.
"""

from collections.abc import Iterable

from unclouded.core.sessions.session import WireValue
from unclouded.families.tuya.gateway.security.security_settings import SecuritySettings
from unclouded.families.tuya.line.datapoint import DataPoint, PointValue

REPORTED, TEXT, SIREN = "alarm_reported", "alarm_text", "siren"  # wire keys of the gateway itself
NORMAL = "normal"  # of a siren that is described by a text


def named_points(settings: SecuritySettings, points: Iterable[DataPoint]) -> dict[str, WireValue]:
    """The values of these points that are about the alarm, by name; of the last where one stands twice."""
    found: dict[str, WireValue] = {}
    for point in points:
        if point.id == settings.alarm_point and isinstance(point.value, bool):
            found[REPORTED] = point.value
        elif point.id == settings.text_point:
            found[TEXT] = point.value.hex() if isinstance(point.value, bytes) else str(point.value)
        elif point.id == settings.state_point:
            found[SIREN] = _is_on(point.value)
    return found


def _is_on(value: PointValue) -> bool:
    return value not in ("", NORMAL) if isinstance(value, str) else bool(value)
