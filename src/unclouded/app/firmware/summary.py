"""What an update file is, in short: for the list of update files, and for sessions that refuse unusable ones."""

from unclouded.core.model import FirmwareSummary
from unclouded.families.meross.firmware.container import ByteSource
from unclouded.families.meross.firmware.image_file import FirmwareFile, read_firmware, target_of


def summary_of(name: str, source: ByteSource | bytes) -> FirmwareSummary:
    """Header and checksums only; the content is not searched. Raises CommandError where it cannot be read."""
    return summarised(read_firmware(name, source))


def summarised(file: FirmwareFile) -> FirmwareSummary:
    """What a firmware file is, as the API and reports have it: kind, target, names, faults, fields of its container."""
    return FirmwareSummary(
        text=summary_text(file),
        kind=file.kind,
        target=target_of(file),
        hardware=file.hardware,
        model=file.name.model,
        region=file.name.region,
        named_hardware=file.name.hardware,
        build=file.name.build,
        faults=file.faults,
        fields=file.container.fields if file.container is not None else {},
    )


def summary_text(file: FirmwareFile) -> str:
    """A sentence: ``MediaTek FOTA package for a Meross plug of hardware 2: all checksums are right.``"""
    if file.container is None:
        return "Of unknown kind: whether it is whole cannot be checked."
    state = f"damaged: {'; '.join(file.faults)}" if file.faults else checksums_text(file)
    return f"{file.kind} for {target_of(file)}: {state}."


def checksums_text(file: FirmwareFile) -> str:
    """How many checksums of a firmware file are right or unknown, as a part of a sentence."""
    unknown = sum(result.verdict == "unknown" for result in file.results)
    right = sum(result.verdict == "right" for result in file.results)
    if not unknown:
        return "all checksums are right" if right else "it carries no checksum"
    rest = (
        "no other checksum"
        if not right
        else f"the other {right} checksums are right"
        if right > 1
        else "its sum is right"
    )
    return f"{unknown} hashes need a key that only the device has; {rest}"
