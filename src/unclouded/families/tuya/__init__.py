"""Tuya's serial lines (55 AA): the ordinary one between a Wi-Fi module and its MCU, and that of a gateway.

Both families read every dialect of the line; they differ in the one that they expect, and in their sessions.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from unclouded.core.family import Dialect, Family, UnlistedValues
from unclouded.families.tuya.analysis.conversation import gateway_conversation, low_conversation, wifi_conversation
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.dialect_detector import GATEWAY_LINE, LOW, NORMAL, ZIGBEE, DialectDetector
from unclouded.families.tuya.gateway.actions import GATEWAY_ACTIONS, PART_ACTIONS
from unclouded.families.tuya.gateway.decoder import GATEWAY_READING, gateway_decoder
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire.commands import GATEWAY, gateway_hidden, gateway_redact
from unclouded.families.tuya.line.decoder import LineTally
from unclouded.families.tuya.line.layout import LineLayout
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.low_power.decoder import LOW_READING, low_decoder
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.simulated import SIM_KINDS
from unclouded.families.tuya.simulated_gateways import GATEWAY_SIM_KINDS
from unclouded.families.tuya.update.action import UPDATE_ACTIONS
from unclouded.families.tuya.values.decoders import DECODERS
from unclouded.families.tuya.wifi.commands import WIFI, wifi_hidden, wifi_redact
from unclouded.families.tuya.wifi.decoder import WIFI_READING, wifi_decoder
from unclouded.families.tuya.zigbee_module.commands import ZIGBEE_MODULE
from unclouded.families.tuya.zigbee_module.decoder import ZIGBEE_READING, zigbee_decoder, zigbee_hidden, zigbee_redact

if TYPE_CHECKING:
    from unclouded.core.profile import Profile

WIFI_LAYOUT, GATEWAY_LAYOUT = LineLayout(WIFI, WIFI_READING), LineLayout(GATEWAY, GATEWAY_READING)

DIALECTS = {
    NORMAL: Dialect(
        words="Appliances on the mains",
        decoder=wifi_decoder,
        commands=WIFI.rows,
        redact=wifi_redact,
        spoken_by="tuya_wifi",
        hidden=wifi_hidden,
        conversation=wifi_conversation,
        tally=partial(LineTally, WIFI_READING),
        layout=WIFI_LAYOUT,
    ),
    LOW: Dialect(
        words="Battery devices",
        decoder=low_decoder,
        commands=LOW_POWER.rows,
        redact=wifi_redact,
        spoken_by="tuya_wifi",
        hidden=wifi_hidden,
        conversation=low_conversation,
        tally=partial(LineTally, LOW_READING),
        layout=LineLayout(LOW_POWER, LOW_READING),
    ),
    GATEWAY_LINE: Dialect(
        words="Gateways with sub-devices",
        decoder=gateway_decoder,
        commands=GATEWAY.rows,
        redact=gateway_redact,
        spoken_by="tuya_gateway",
        hidden=gateway_hidden,
        conversation=gateway_conversation,
        tally=partial(LineTally, GATEWAY_READING),
        layout=GATEWAY_LAYOUT,
    ),
    ZIGBEE: Dialect(
        words="Devices with a Zigbee module",
        decoder=zigbee_decoder,
        commands=ZIGBEE_MODULE.rows,
        redact=zigbee_redact,
        hidden=zigbee_hidden,
        layout=LineLayout(ZIGBEE_MODULE, ZIGBEE_READING),
    ),
}


def _guess(
    values: Sequence[UnlistedValues], listed: frozenset[str], profiles: Sequence["Profile"]
) -> Mapping[str, str]:
    from unclouded.families.tuya.probe.unlisted import guess_unlisted  # here, because only this needs it

    return guess_unlisted(values, listed, profiles, DECODERS)


FAMILY_WIFI = Family(
    name="tuya_wifi",
    words="Appliances with a Tuya Wi-Fi module: the line between the module and its MCU",
    settings=LineSettings,
    controller=controller,
    decoder=wifi_decoder,
    commands=WIFI.rows,
    generic="tuya/generic",
    redact=wifi_redact,
    hidden=wifi_hidden,
    decoders=DECODERS,
    actions=UPDATE_ACTIONS,
    sim_kinds=SIM_KINDS,
    baud=9600,
    tally=partial(LineTally, WIFI_READING),
    layout=WIFI_LAYOUT,
    guess=_guess,
    ends=("module", "MCU"),
    conversation=wifi_conversation,
    dialects=DIALECTS,
    detector=DialectDetector,
)

FAMILY_GATEWAY = Family(
    name="tuya_gateway",
    words="Tuya gateways with sub-devices: the line between the Wi-Fi module and the gateway's MCU",
    settings=GatewaySettings,
    controller=gateway_module,
    decoder=gateway_decoder,
    commands=GATEWAY.rows,
    generic="tuya_gateway/gateway",
    generic_part="tuya_gateway/sub_device",
    redact=gateway_redact,
    hidden=gateway_hidden,
    decoders=DECODERS,
    actions=GATEWAY_ACTIONS,
    part_actions=PART_ACTIONS,
    sim_kinds=GATEWAY_SIM_KINDS,
    baud=115200,
    tally=partial(LineTally, GATEWAY_READING),
    layout=GATEWAY_LAYOUT,
    guess=_guess,
    ends=("module", "MCU"),
    conversation=gateway_conversation,
    dialects={GATEWAY_LINE: DIALECTS[GATEWAY_LINE], **DIALECTS},
    detector=partial(DialectDetector, GATEWAY_LINE),
)
