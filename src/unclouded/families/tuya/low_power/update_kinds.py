"""How firmware goes to a battery device. Source: docs/protocols/tuya_low_power.md §3.11."""

from collections.abc import Mapping

from unclouded.families.tuya.low_power import codes
from unclouded.families.tuya.update.transfer_kind import TransferKind, bare_question

STEP = 256  # bytes of a block: sizes are not negotiated here, and these are the smallest of the ordinary line

BATTERY = TransferKind(
    start=codes.UPDATE_SIZE, block=codes.UPDATE_BLOCK, step=STEP, version=bare_question(codes.PRODUCT)
)

LOW_KINDS: Mapping[str, TransferKind] = {"firmware": BATTERY}
