"""The Emporia Vue Utility Connect: a Zigbee radio (MGM111) that reads the building's meter, on a UART.

commands.py, fields.py, frame.py, zcl.py, reading.py, install_code.py    what is on the wire
host.py      the controller's end, made of request_queue, listener, reading_filter, radio_info, pending_reset,
             shown_code, states
radio.py     the simulated radio, made of simulated_meter, radio_faults
decoder.py, layout.py   frames for people and tools
"""

from unclouded.core.family import Family, SimKind
from unclouded.core.model import ActionSpec
from unclouded.families.emporia.commands import COMMANDS
from unclouded.families.emporia.decoder import EmporiaDecoder, redact
from unclouded.families.emporia.host import HostSession, HostSettings
from unclouded.families.emporia.layout import layout
from unclouded.families.emporia.pending_reset import RESET
from unclouded.families.emporia.radio import RadioSession
from unclouded.families.emporia.radio_faults import FAULTS
from unclouded.families.emporia.shown_code import SHOW_CODE

GENERIC = "emporia/vue_utility"

FAMILY = Family(
    name="emporia",
    words="Emporia Vue Utility Connect: the radio that reads the building's meter",
    settings=HostSettings,
    controller=HostSession,
    decoder=EmporiaDecoder,
    commands=COMMANDS,
    generic=GENERIC,
    redact=redact,
    layout=layout,
    actions=(
        ActionSpec(
            name=SHOW_CODE,
            words="show the MAC and the install code, which the utility asks for to provision the radio",
            danger="The install code is a secret between you and the utility: whoever reads it here has it too.",
        ),
        ActionSpec(
            name=RESET,
            words="reset the radio to its factory state",
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
