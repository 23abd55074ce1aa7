"""The named decoders of raw data points, for `decode = "…"` in a profile.

phase                                 by length and first bytes
phase_6 … phase_15a phase_15b …       where only the product determines the layout
alarm_1 alarm_2                       alarm_set_1 and alarm_set_2
"""

from collections.abc import Callable, Mapping
from functools import partial

from unclouded.core.sessions.session import WireValue
from unclouded.families.tuya.values.alarm import SET_1, SET_2, decode_alarms
from unclouded.families.tuya.values.phase import LAYOUTS, decode_phase, encode_phase

DECODERS: Mapping[str, Callable[[bytes], Mapping[str, WireValue]]] = {
    "phase": decode_phase,
    **{f"phase_{name}": partial(decode_phase, layout=name) for name in LAYOUTS},
    "alarm_1": partial(decode_alarms, names=SET_1),
    "alarm_2": partial(decode_alarms, names=SET_2),
}

USUAL_LAYOUTS = ("8", "15b", "v01")  # in this order, the first with a place for what is measured


def _encode_usual(quantities: Mapping[str, int]) -> bytes:
    places = {name: {field.name for field in LAYOUTS[name].fields} for name in USUAL_LAYOUTS}
    layout = next((name for name in USUAL_LAYOUTS if quantities.keys() <= places[name]), USUAL_LAYOUTS[0])
    return encode_phase(quantities, layout)


ENCODERS: Mapping[str, Callable[[Mapping[str, int]], bytes]] = {
    "phase": _encode_usual,
    **{f"phase_{name}": partial(encode_phase, layout=name) for name in LAYOUTS},
}
"""The inverse, for what is simulated. A phase without a named layout has the commonest."""
