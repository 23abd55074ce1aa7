"""The faults of a simulated MGM111, and other unusual behaviour, by the names of ``--fault``.

Source: the versions of docs/protocols/emporia.md §1.2.5, the shapes of §1.1 and the defects of §3.
"""

from collections.abc import Container, Mapping

FIRMWARE: Mapping[str, int] = {"firmware_2": 2, "firmware_8": 8}  # else 7
TRUNCATED: Mapping[str, int] = {"truncated_20": 20, "truncated_1": 1, "truncated_0": 0}  # bytes of payload left

FAULTS: Mapping[str, str] = {
    "firmware_2": "the radio has firmware 2: 152-byte readings, no export register of its own",
    "firmware_8": "the radio has firmware 8 and, now and then, sends an unasked e frame",
    "no_export": "the meter does not support the export register: 37-byte readings",
    "shift_37": "44-byte and 37-byte readings in turn",
    "never_provisioned": "the utility never provisioned the radio: join is answered by 0, and there are no readings",
    "silent": "provisioned, but the meter is out of reach: there are no readings",
    "refused": "the meter refuses readings with a Default Response",
    "mute": "the radio answers nothing at all",
    "slow": "answers take half a second",
    "chatter": "the radio's log text stands between the frames",
    "duplicates": "every reading comes twice",
    "false_header": "log text that looks like the start of a reading comes right before each one",
    "truncated_20": "readings have 20 bytes",
    "truncated_1": "readings have 1 byte",
    "truncated_0": "readings are empty",
    "cut_frames": "the last bytes of each reading's frame are lost",
    "invalid_demand": "the meter reports that it has no demand value: int24 0x800000",
    "scale_change": "multiplier and divisor change with every reading",
}
USUAL_FIRMWARE = 7


def firmware_of(faults: Container[str]) -> int:
    """The firmware number that a radio with these faults reports; 7 unless a fault names another."""
    return next((version for name, version in FIRMWARE.items() if name in faults), USUAL_FIRMWARE)


def truncated(payload: bytes, faults: Container[str]) -> bytes:
    """A payload as a radio with these faults sends it: the first 20, 1 or 0 bytes, or whole."""
    kept = [length for name, length in TRUNCATED.items() if name in faults]
    return payload[: min(kept, default=len(payload))]
