"""What a firmware file is, and why a plug must not be sent it: by its content first, then by its name.

mss310-us-v2-rc0107.bin   model, region, hardware version, build

Source: docs/protocols/meross.md §1.11.
"""

import re
from collections.abc import Sequence

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.meross.firmware.checksums import ChecksumResult, RunningChecksums
from unclouded.families.meross.firmware.container import ByteSource, BytesSource, FirmwareContainer
from unclouded.families.meross.firmware.mediatek import MAGIC as MEDIATEK
from unclouded.families.meross.firmware.mediatek import read_fota
from unclouded.families.meross.firmware.realtek import has_amebaz2_header, read_amebaz2
from unclouded.families.meross.firmware.uimage import MAGIC as UIMAGE
from unclouded.families.meross.firmware.uimage import read_uimage

_NAME = re.compile(
    r"(?:[0-9a-f]{8}-)?(?P<model>[a-z]{2,4}[0-9]{3}[a-z]?)-(?P<region>[a-z]{2})-v(?P<hardware>[0-9]{1,2})"
    r"-(?P<build>[0-9a-z_]{1,40})(?:\..*)?",
    re.IGNORECASE | re.DOTALL,
)
PIECE = 1024 * 1024  # bytes read at once
FORCE = "Write force=yes to send it all the same."
UNKNOWN = "neither a U-Boot image nor a MediaTek FOTA package nor a Realtek AmebaZ2 image"


class FirmwareName(msgspec.Struct, frozen=True):
    """What the name of a file says; "" and 0 where it says nothing."""

    model: str = ""
    region: str = ""
    hardware: int = 0
    build: str = ""


class FirmwareFile(msgspec.Struct, frozen=True, kw_only=True):
    """``container``: None = of unknown kind. ``results``: all checksums. ``faults``: what is damaged, as text."""

    name: FirmwareName
    container: FirmwareContainer | None = None
    results: tuple[ChecksumResult, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return self.container.kind if self.container is not None else "unknown"

    @property
    def hardware(self) -> tuple[int, ...]:
        """The hardware versions that the content is for; () = not known."""
        return self.container.hardware if self.container is not None else ()


def read_name(name: str) -> FirmwareName:
    """The hub puts eight digits of the MD5 before a name that it has twice."""
    found = _NAME.fullmatch(name)
    if found is None:
        return FirmwareName()
    return FirmwareName(found["model"].lower(), found["region"].lower(), int(found["hardware"]), found["build"].lower())


def read_container(source: ByteSource) -> FirmwareContainer | None:
    """The header of any file; None = of unknown kind. It never raises."""
    try:
        start = source.read(0, 4)
        if start.startswith(UIMAGE):
            return read_uimage(source)
        if start.startswith(MEDIATEK):
            return read_fota(source)
        return read_amebaz2(source) if has_amebaz2_header(source) else None
    except WireError:
        return None


def checked_file(name: str, container: FirmwareContainer | None, results: tuple[ChecksumResult, ...]) -> FirmwareFile:
    """``results``: of the checksums that the container left to be computed."""
    if container is None:
        return FirmwareFile(name=read_name(name))
    checked = (*container.results, *results)
    wrong = tuple(result.fault for result in checked if result.fault)
    return FirmwareFile(name=read_name(name), container=container, results=checked, faults=(*wrong, *container.faults))


def read_firmware(name: str, source: ByteSource | bytes) -> FirmwareFile:
    """Any file, all checksums computed: it never raises."""
    content = BytesSource(source) if isinstance(source, bytes) else source
    container = read_container(content)
    running = RunningChecksums(container.checksums if container is not None else ())
    if container is not None and container.checksums:
        for offset in range(0, content.size, PIECE):
            running.feed(offset, content.read(offset, PIECE))
    return checked_file(name, container, running.results())


def target_of(file: FirmwareFile) -> str:
    """What it is for, as text: ``a Meross plug of hardware 6 or 8``; "" where it is not known."""
    return f"a Meross plug of hardware {_either(file.hardware)}" if file.hardware else ""


def why_not(file: FirmwareFile, product: str, hardware: str, region: str = "") -> str:
    """Why a plug must not be sent this file, as a sentence with what to do; "" where nothing speaks against it.

    ``product``, ``hardware``, ``region``: as the plug reports them: ``mss310``, ``2.0.0``, ``us``; "" = not known.
    """
    return why_not_of(file.faults, file.hardware, file.name, product, hardware, region)


def why_not_of(
    faults: Sequence[str],
    versions: tuple[int, ...],
    named: FirmwareName,
    product: str,
    hardware: str,
    region: str = "",
) -> str:
    """The same of a file of which these are known: what is damaged, and the hardware versions that it is for."""
    version = _first_number(hardware)
    if faults:
        return f"The file is damaged: {faults[0]}. Get it again."
    if not versions:
        return f"It is not known what this file is: {UNKNOWN}. {FORCE}"
    for others in (versions, (named.hardware,) if named.hardware else ()):
        if others and version and version not in others:
            return f"The file is for hardware {_either(others)}; the plug has hardware {version}. {FORCE}"
    if named.model and product and named.model != product.lower():
        return f"The file is for the model {named.model}; the plug is a {product}. {FORCE}"
    if named.region and region and named.region != region.lower():
        return f"The file is for the region {named.region}; the plug has the region {region}. {FORCE}"
    return ""


def _either(versions: tuple[int, ...]) -> str:
    return " or ".join(map(str, versions))


def _first_number(version: str) -> int:
    number = version.split(".", maxsplit=1)[0]
    return int(number) if number.isdecimal() and number.isascii() else 0
