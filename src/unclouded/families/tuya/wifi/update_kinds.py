"""How firmware and files go to the MCU of the ordinary line. Source: docs/protocols/tuya_wifi.md §2.4.12, §2.4.23."""

from collections.abc import Mapping

from unclouded.families.tuya.update.transfer_kind import TransferKind, bare_question
from unclouded.families.tuya.wifi import codes

ALIVE = bare_question(codes.HEARTBEAT, least=1)

FIRMWARE = TransferKind(
    start=codes.UPDATE_START,
    block=codes.UPDATE_BLOCK,
    version=bare_question(codes.PRODUCT),
    liveness=ALIVE,
    has_channels=True,
)
FILE = TransferKind(start=codes.FILE_START, block=codes.FILE_BLOCK, liveness=ALIVE)

WIFI_KINDS: Mapping[str, TransferKind] = {"firmware": FIRMWARE, "file": FILE}
