"""The states of the way to the meter, as the words that people read.

no firmware ─► idle ─► reading ─► (30 s of silence, $j) ─► joined and silent | never provisioned
"""

ONLINE = "readings come in"
NO_FIRMWARE = "the radio does not answer: check its power and the wiring (115200 baud, TX to RX, RX to TX)"
GONE = "the radio no longer answers: check its power and the wiring, or power-cycle it"
FIRST_READING = "the radio answers; waiting for the first reading of the meter"
NEVER_PROVISIONED = (
    "the radio was never provisioned: give its MAC and install code to the utility and wait for their yes"
)
SILENT = (
    "the radio is provisioned but the meter gives no reading: move it closer to the meter, power-cycle it,"
    " or ask the utility to provision it again"
)
JOIN_UNANSWERED = "the meter gives no reading and the radio does not say whether it is provisioned: power-cycle it"
RESET_DONE = "the radio answers again; only the utility can tell whether it must be provisioned anew"
RESET_UNANSWERED = "the radio did not answer again after the reset"

MUTE_FIRMWARE = (4, 6)  # known to join and yet give no readings; docs/protocols/emporia.md §1.2.5


def silent(provisioned: bool, firmware: int | None, trouble: str) -> str:
    """Why there is no reading, from what ``$j`` said and what else is known."""
    words = SILENT if provisioned else NEVER_PROVISIONED
    if firmware in MUTE_FIRMWARE:
        words += f"; firmware {firmware} is known to give no readings"
    return f"{words} ({trouble})" if trouble else words
