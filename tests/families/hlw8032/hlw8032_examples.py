"""Frames of real chips: docs/protocols/hlw8032.md §5."""

from unclouded.core.sessions.session import Reported, WireCommand
from unclouded.families.hlw8032.frame import Hlw8032Frame

LOADED = bytes.fromhex("555A02DCD00005FF003CD70020514DE56800624371023C24")
NO_LOAD = bytes.fromhex("F25A02E180000652003EA803A6C84F9AE85E790B61000127")
LOW_VOLTAGE = bytes.fromhex("F25A02E0B807342D003E670722DC4DED38DFEC336100007D")
LOW_VOLTAGE_2 = bytes.fromhex("F25A02DCD004C820003E4E037CA64E2BB8B98ABB610001DC")
NO_MAINS = bytes.fromhex("FA5A02EEC8FEFF01003F66000000512188FADB2901000054")
NO_MAINS_NEXT = [
    bytes.fromhex(f"FA5A02EEC8FEFF01003F66000000512188{register}01000054")
    for register in ("FC758D", "FE0EF2", "FEFF01")
]
REAL = [LOADED, NO_LOAD, LOW_VOLTAGE, LOW_VOLTAGE_2, NO_MAINS, *NO_MAINS_NEXT]

# CSE7766 at 420 W, one frame each 0.1053 s: power register, pulses, sum
RUNNING = [
    bytes.fromhex(f"555A02FB4800032B00404C001FBB5265C00032{register}7102{pulses}{total}")
    for register, pulses, total in (
        *(("52", "3D", "84"), ("5D", "45", "97"), ("5D", "4D", "9F"), ("5D", "55", "A7"), ("50", "5D", "A2")),
        *(("50", "65", "AA"), ("50", "6D", "B2"), ("55", "76", "C0")),
    )
]
RUNNING_S = 0.740  # from the first to the last of them

# CSE7759B without load: the power register counts the microseconds since the last pulse, and overflows
IDLE_OVERFLOWED = bytes.fromhex("F25A02B7500002FF003D36036B374C7250F04E9C61006FDA")
IDLE_PULSE = bytes.fromhex("555A02B7500002FF003D36036B374C7250F1A4AA71007050")
IDLE_COUNTING = [
    bytes.fromhex(f"555A02B7500002FD003D3606B6094C7250{register}6100701{digit}")
    for register, digit in (("483681", "E"), ("49CFE6", "D"), ("4B6A4A", "E"))
]
SIBLINGS = [*RUNNING, IDLE_OVERFLOWED, IDLE_PULSE, *IDLE_COUNTING]

# CSE7766: a damaged frame that the next one cuts off, between two whole ones
BEFORE_CUT = bytes.fromhex("555A02EC7000035E0040B5006C4E520FD000A3C7F26F2A94")
CUT_BY_NEXT = bytes.fromhex("555A02EC7000035E0040B5006CFE53D1FE")
AFTER_CUT = bytes.fromhex("555A02EC7000035E0040B5006C4E520FD000A3C7F26F2F99")


def frame(data: bytes) -> Hlw8032Frame:
    return Hlw8032Frame(data)


def measures(volts: float = 230, amperes: float = 2, watts: float = 400, mWh: int = 0) -> WireCommand:
    """What the simulated chip measures."""
    return WireCommand({"voltage": volts, "current": amperes, "power": watts, "energy": mWh})


def rounded(reported: Reported) -> dict[str, float]:
    """The values, as the profile rounds them."""
    return {key: round(float(value), 3) for key, value in reported.values.items()}
