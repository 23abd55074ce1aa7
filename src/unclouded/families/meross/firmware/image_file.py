"""What a firmware file is, and why a plug must not be sent it: by its content first, then by its name.

mss310-us-v2-rc0107.bin   model, region, hardware version, release candidate

Source: docs/protocols/meross.md §1.11.
"""

import re

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.meross.firmware.mediatek import MAGIC as MEDIATEK
from unclouded.families.meross.firmware.mediatek import read_fota
from unclouded.families.meross.firmware.uimage import MAGIC as UIMAGE
from unclouded.families.meross.firmware.uimage import read_uimage

_NAME = re.compile(
    r"(?P<model>[a-z]{2,4}[0-9]{3}[a-z]?)-(?P<region>[a-z]{2})-v(?P<hardware>[0-9]{1,2})-.*", re.IGNORECASE
)
FORCE = "Write force=yes to send it all the same."


class FirmwareFile(msgspec.Struct, frozen=True, kw_only=True):
    """``hardware``: the hardware version that the content is for, 0 = not known. ``faults``: what is damaged.

    ``model``, ``region``, ``named_hardware``: what the name says; "" and 0 where it says nothing.
    """

    kind: str
    hardware: int = 0
    faults: tuple[str, ...] = ()
    model: str = ""
    region: str = ""
    named_hardware: int = 0


def read_firmware(name: str, data: bytes) -> FirmwareFile:
    """Any file: it never raises."""
    kind, hardware, faults = _content(data)
    found = _NAME.fullmatch(name)
    if found is None:
        return FirmwareFile(kind=kind, hardware=hardware, faults=faults)
    return FirmwareFile(
        kind=kind,
        hardware=hardware,
        faults=faults,
        model=found["model"].lower(),
        region=found["region"].lower(),
        named_hardware=int(found["hardware"]),
    )


def why_not(file: FirmwareFile, product: str, hardware: str) -> str:
    """Why a plug must not be sent this file, as a sentence with what to do; "" where nothing speaks against it.

    ``product``, ``hardware``: type and hardware version as the plug reports them, as ``mss310`` and ``2.0.0``.
    """
    version = _first_number(hardware)
    if file.faults:
        return f"The file is damaged: {file.faults[0]}. Get it again."
    if not file.hardware:
        return f"It is not known what this file is: neither a U-Boot image nor a MediaTek package. {FORCE}"
    for other in (file.hardware, file.named_hardware):
        if other and version and other != version:
            return f"The file is for hardware {other}; the plug has hardware {version}. {FORCE}"
    if file.model and product and file.model != product.lower():
        return f"The file is for the model {file.model}; the plug is a {product}. {FORCE}"
    return ""


def _content(data: bytes) -> tuple[str, int, tuple[str, ...]]:
    """Kind, hardware version and faults."""
    try:
        if data.startswith(UIMAGE):
            return "U-Boot image", 1, read_uimage(data).faults
        if data.startswith(MEDIATEK):
            return "MediaTek FOTA package", 2, read_fota(data).faults
    except WireError as error:
        return "unknown", 0, (str(error),)
    return "unknown", 0, ()


def _first_number(version: str) -> int:
    number = version.split(".", maxsplit=1)[0]
    return int(number) if number.isdecimal() and number.isascii() else 0
