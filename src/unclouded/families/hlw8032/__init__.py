"""HLW8032, the metering chip of smart plugs, read on its own UART. CSE7766 and CSE7759B send the same frames.

frame.py, measurement.py, pulse_counter.py    what is on the wire, the values, the energy
reader.py, states.py                          the controller's end
chip.py, chip_faults.py                       the simulated chip
decoder.py, layout.py                         frames for people and tools
"""

from unclouded.core.family import Family, SimKind
from unclouded.families.hlw8032.chip import Hlw8032Chip
from unclouded.families.hlw8032.chip_faults import FAULTS
from unclouded.families.hlw8032.decoder import COMMANDS, Hlw8032Decoder, redact
from unclouded.families.hlw8032.layout import layout
from unclouded.families.hlw8032.reader import PRODUCT, Hlw8032Reader, Hlw8032Settings

GENERIC = "hlw8032/chip"

FAMILY = Family(
    name="hlw8032",
    words="HLW8032 and CSE7766: the metering chip of a smart plug on its own UART",
    settings=Hlw8032Settings,
    controller=Hlw8032Reader,
    decoder=Hlw8032Decoder,
    commands=COMMANDS,
    generic=GENERIC,
    redact=redact,
    layout=layout,
    sim_kinds={
        PRODUCT: SimKind(
            name=PRODUCT,
            words="the metering chip of a plug, on its UART",
            subject="plug",
            profile=GENERIC,
            make=Hlw8032Chip,
            faults=FAULTS,
        )
    },
    baud=4800,
    parity="even",
    ends=("reader", "chip"),
)
