"""Which update files of the hub are newer firmware for which devices: by what their names say.

    pump-1.0.2.bin               for the device pump
    keyjup78v54myhan-1.0.2.bin   for the product that a device reports
    mss310-us-v2-2.1.18.bin      for the model of a plug; region and hardware are compared too

A file without a version in its name is offered to no device: whether it is newer is not known. One that the device
would refuse is not offered either.
"""

import re
from collections.abc import Mapping, Sequence

from unclouded.app.files.update_files import UpdateFiles
from unclouded.core.model import Device, UpdateFile
from unclouded.publish.mqtt.updates import UpdateOffer, installed_version, takes_updates

# The hub puts eight digits of the MD5 before a name that it has twice.
_NAME = re.compile(r"(?:[0-9a-f]{8}-)?(?P<subject>.+?)[-_](?P<version>\d{1,5}(?:\.\d{1,5}){1,3})(?:\.[A-Za-z]\w{0,9})?")
_VERSION = re.compile(r"\d{1,5}(?:\.\d{1,5}){0,3}")
Version = tuple[int, ...]


def find_offers(files: UpdateFiles, devices: Sequence[Device]) -> Mapping[str, UpdateOffer]:
    """The newest file for each device that has a newer one."""
    updatable = [one for one in devices if takes_updates(one)]
    kept = files.files() if updatable else []
    found = {one.id: _newest(files, kept, one) for one in updatable}
    return {id: offer for id, offer in found.items() if offer is not None}


def _newest(files: UpdateFiles, kept: Sequence[UpdateFile], device: Device) -> UpdateOffer | None:
    best, offer = _version(installed_version(device)), None
    if not best:
        return None
    for file, named in ((one, _NAME.fullmatch(one.name)) for one in kept):
        if named is None or _version(named["version"]) <= best or not _is_for(named["subject"], file, device):
            continue
        if not files.why_refused(file, device):
            best, offer = _version(named["version"]), UpdateOffer(file.name, named["version"])
    return offer


def _is_for(subject: str, file: UpdateFile, device: Device) -> bool:
    names = {device.id, device.info.get("product", ""), device.info.get("model", "")}
    model = file.firmware.model
    return subject in names or (bool(model) and model == device.info.get("product", "").lower())


def _version(text: str) -> Version:
    """Its numbers; () where it is not a version that can be compared."""
    return tuple(map(int, text.split("."))) if _VERSION.fullmatch(text) else ()
