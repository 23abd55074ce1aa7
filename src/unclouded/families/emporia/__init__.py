"""The Emporia Vue Utility Connect: a Zigbee radio (MGM111) that reads the house's meter, on a UART.

frame.py  $ … \\r framing       zcl.py  what firmware 7 and later sends    reading.py  counts, Wh and W
host.py   the controller's end (asker, ear, meter, states)                radio.py    the simulated radio (faults)
decode.py frames for people    install_code.py  its check, and hiding it
"""

from unclouded.core.family import Family, SimKind
from unclouded.core.model import ActionSpec
from unclouded.families.emporia.decoder import COMMANDS, EmporiaDecoder, redact
from unclouded.families.emporia.faults import FAULTS
from unclouded.families.emporia.host import RESET, HostSession, HostSettings
from unclouded.families.emporia.radio import RadioSession

GENERIC = "emporia/vue_utility"

FAMILY = Family(
    name="emporia",
    words="Emporia Vue Utility Connect: the radio that reads the house's meter",
    settings=HostSettings,
    controller=HostSession,
    decoder=EmporiaDecoder,
    commands=COMMANDS,
    generic=GENERIC,
    redact=redact,
    actions=(
        ActionSpec(
            name=RESET,
            words="reset the radio to how it left the factory",
            danger="This wipes the radio's HAN credentials: no readings until the utility has provisioned it again.",
        ),
    ),
    sim_kinds={
        "mgm111": SimKind(
            name="mgm111",
            words="the radio of a Vue Utility Connect and the meter it reads",
            subject="meter",
            profile=GENERIC,
            make=RadioSession,
            faults=FAULTS,
        )
    },
    baud=115200,
)
