"""The serial console of a Meross MSS310 of hardware version 2: a shell with log lines in between, 115200 8N1.

wire/         lines, the log, the commands and their answers, the report of a start
controller/   the controller's end
plug/         the simulated console: the shell of the simulated plug
"""

from unclouded.core.family import Family
from unclouded.families.meross.console.controller.actions import ACTIONS
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.families.meross.console.wire.decoder import ROWS, ConsoleDecoder
from unclouded.families.meross.console.wire.layout import layout
from unclouded.families.meross.console.wire.redact import redact
from unclouded.families.meross.console.wire.start_report import StartReport

GENERIC = "meross/mss310_console"

FAMILY = Family(
    name="meross_console",
    words="Meross MSS310 of hardware version 2: the serial console of its board",
    settings=ConsoleSettings,
    controller=ConsoleSession,
    decoder=ConsoleDecoder,
    commands=ROWS,
    generic=GENERIC,
    actions=ACTIONS,
    redact=redact,
    layout=layout,
    baud=115200,
    capture_as="text",
    ends=("client", "console"),
    report=StartReport,
    identity_of="meross",
)
