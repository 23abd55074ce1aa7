"""The commands of the radio, one row per letter: names, lengths, secrets and the fields of the answers derive from it.

    request  24 | letter | 0D            response  24 01 | letter | length | payload | 0D

Source: docs/protocols/emporia.md §1.2.
"""

from collections.abc import Callable

import msgspec

from unclouded.core.family import CommandRow, Sender, section_of
from unclouded.families.emporia.fields import Fields, alert, firmware, install_code, joined, mac, meter_reading

READING, JOIN, MAC, INSTALL_CODE, FIRMWARE, RESET, ALERT = "r", "j", "m", "i", "f", "d", "e"
ANY_LENGTH = -1
PAGE = "docs/protocols/emporia.md"


class EmporiaCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One letter. ``length``: bytes in the payload of a response; None = no response of this letter is known.

    ``answered``: False = a request that the radio never answers. ``fields``: a response's payload as named fields, and
    what is odd about it. ``section``: of PAGE.
    """

    letter: str
    name: str
    section: str
    request: str
    response: str
    initiator: Sender = "controller"
    length: int | None = None
    answered: bool = True
    secret: bool = False
    fields: Callable[[bytes], Fields] | None = None


TABLE = (
    EmporiaCommand(
        letter=READING,
        name="meter reading",
        section="1.2.1",
        request="nothing",
        response="firmware 7 and later: a ZCL frame; before: 152 bytes; none when the radio has no meter",
        length=ANY_LENGTH,
        fields=meter_reading,
    ),
    EmporiaCommand(
        letter=JOIN,
        name="join",
        section="1.2.2",
        request="nothing",
        response="1 byte: 1 = provisioned at least once, 0 = never",
        length=1,
        fields=joined,
    ),
    EmporiaCommand(
        letter=MAC,
        name="mac address",
        section="1.2.3",
        request="nothing",
        response="8 bytes EUI-64, last byte first",
        length=8,
        fields=mac,
    ),
    EmporiaCommand(
        letter=INSTALL_CODE,
        name="install code",
        section="1.2.4",
        request="nothing",
        response="8 bytes: 6 of code, CRC-16/X-25 with its low byte first; a secret",
        length=8,
        secret=True,
        fields=install_code,
    ),
    EmporiaCommand(
        letter=FIRMWARE,
        name="firmware version",
        section="1.2.5",
        request="nothing",
        response="1 byte: version number",
        length=1,
        fields=firmware,
    ),
    EmporiaCommand(
        letter=RESET,
        name="reset radio",
        section="1.2.6",
        request="nothing; wipes the credentials, the utility must provision the radio again",
        response="none",
        answered=False,
    ),
    EmporiaCommand(
        letter=ALERT,
        name="link alert",
        section="1.2.7",
        request="1 byte 0 to 2, meaning unknown",
        response="none",
        initiator="device",
        length=1,
        fields=alert,
    ),
    EmporiaCommand(
        letter="s",
        name="unknown s",
        section="1.2.8",
        request="unknown; never sent by us",
        response="unknown",
    ),
)
BY_LETTER = {command.letter: command for command in TABLE}
COMMANDS = tuple(
    CommandRow(
        code=command.letter,
        name=command.name,
        initiator=command.initiator,
        request=command.request,
        response=command.response,
        answer=command.letter if command.answered and command.initiator == "controller" else None,
        section=section_of(PAGE, command.section),
    )
    for command in TABLE
)
