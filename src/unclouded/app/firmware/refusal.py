"""Why a device is not sent a file: what its session would answer, known before anything is asked of it."""

from unclouded.core.model import Device, FirmwareSummary
from unclouded.families.meross.firmware.image_file import FORCE, FirmwareName, why_not_of

MEROSS = "meross"


def why_refused(firmware: FirmwareSummary, device: Device) -> str:
    """A sentence with what to do; "" where nothing speaks against the file."""
    if device.family == MEROSS:
        name = FirmwareName(firmware.model, firmware.region, firmware.named_hardware, firmware.build)
        product, hardware, region = (device.info.get(one, "") for one in ("product", "hardware", "region"))
        return why_not_of(firmware.faults, firmware.hardware, name, product, hardware, region)
    if firmware.faults:
        return f"The file is damaged: {firmware.faults[0]}. Get it again."
    if firmware.target:
        return f"The file is for {firmware.target}. {FORCE}"
    return ""
