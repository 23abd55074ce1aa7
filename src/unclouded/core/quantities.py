"""Power, voltage, current and power factor: the points that carry them, and how closely they must agree. Pure.

The quantities of one phase are recognised by the names of their points; a suffix names the phase:

    power_W voltage_V current_A power_factor · power_a_W voltage_a_V current_a_A power_factor_a

Source: docs/protocols/tuya_wifi.md §2.8.5.
"""

import re

POWER, VOLTAGE, CURRENT, POWER_FACTOR = range(4)
MAINS_V = (90.0, 260.0)  # V; lowest and highest voltage of a mains socket
TOLERANCE = 1.02  # of V · I, for what meters round and sample differently
SLACK_W = 3.0  # W by which the power may exceed V · I
TOGETHER_S = 2.0  # s between the oldest and the newest of the quantities that are compared
_NAMES = re.compile(r"(?:(power)(_.+)?_W|(voltage)(_.+)?_V|(current)(_.+)?_A|(power_factor)(_.+)?)")


def quantity_of(key: str) -> tuple[int, str] | None:
    """The quantity of a point and its phase: ``power_a_W`` -> (POWER, "_a"); None = no quantity of a phase."""
    names = _NAMES.fullmatch(key)
    if names is None:
        return None
    which = next(which for which in range(4) if names[2 * which + 1])
    return which, names[2 * which + 2] or ""
