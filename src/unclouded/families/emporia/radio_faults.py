"""The faults of a simulated MGM111, and other unusual behaviour, by the names of ``--fault``.

Source: the versions of docs/protocols/emporia.md §1.2.5, the shapes of §1.1 and the defects of §3.
"""

from collections.abc import Container, Mapping

FIRMWARE: Mapping[str, int] = {"has-firmware-2": 2, "has-firmware-8": 8}  # else 7
TRUNCATED: Mapping[str, int] = {
    "truncates-to-20": 20,
    "truncates-to-1": 1,
    "truncates-to-0": 0,
}  # bytes of payload left

FAULTS: Mapping[str, str] = {
    "has-firmware-2": "the radio has firmware 2: 152-byte readings, no export register of its own",
    "has-firmware-8": "the radio has firmware 8 and, now and then, sends an unasked e frame",
    "has-no-export": "the meter does not support the export register: 37-byte readings",
    "alternates-lengths": "44-byte and 37-byte readings in turn",
    "is-not-provisioned": "the utility never provisioned the radio: join is answered by 0, and there are no readings",
    "receives-no-readings": "provisioned, but the meter is out of reach: there are no readings",
    "refuses-readings": "the meter refuses readings with a Default Response",
    "answers-nothing": "the radio answers nothing at all",
    "answers-slowly": "answers take half a second",
    "sends-log-text": "the radio's log text stands between the frames",
    "sends-twice": "every reading comes twice",
    "sends-false-headers": "log text that looks like the start of a reading comes right before each one",
    "truncates-to-20": "readings have 20 bytes",
    "truncates-to-1": "readings have 1 byte",
    "truncates-to-0": "readings are empty",
    "cuts-frames": "the last bytes of each reading's frame are lost",
    "reports-no-demand": "the meter reports that it has no demand value: int24 0x800000",
    "changes-scale": "multiplier and divisor change with every reading",
}
USUAL_FIRMWARE = 7


def firmware_of(faults: Container[str]) -> int:
    """The firmware number that a radio with these faults reports; 7 unless a fault names another."""
    return next((version for name, version in FIRMWARE.items() if name in faults), USUAL_FIRMWARE)


def truncated(payload: bytes, faults: Container[str]) -> bytes:
    """A payload as a radio with these faults sends it: the first 20, 1 or 0 bytes, or whole."""
    kept = [length for name, length in TRUNCATED.items() if name in faults]
    return payload[: min(kept, default=len(payload))]
