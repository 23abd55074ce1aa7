"""What the checks of a fleet look at."""

import datetime

import msgspec

from unclouded.fleet.configuration import FleetConfiguration
from unclouded.fleet.folder.key_files import KeyFiles


class FleetDoctorContext(msgspec.Struct, frozen=True):
    """``now``: by the clock of this computer."""

    fleet: FleetConfiguration
    keys: KeyFiles
    now: datetime.datetime
