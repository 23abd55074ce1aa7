"""The gateways that can be simulated, and their sub-devices.

    tuya-gateway           thermometer, metering plug, metering breaker, lock, motion sensor, siren, infrared light
    tuya-gateway-small     the first two, lock and motion sensor
    tuya-gateway-security  motion sensor and siren, and an alarm system

Each of them also has the products that it is to play, as further sub-devices. They wait to join until joining is
permitted. Ids have 16 hexadecimal digits, or 12 as those of a field MCU.
Source: docs/protocols/tuya_gateway.md §5, §6.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import msgspec

from unclouded.core.family import PlayedProduct, SimKind, SimOptions, SimPart
from unclouded.core.sessions.session import Ambient, Session
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import FAULTS, GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.mcu.questions import GATEWAY_QUESTIONS
from unclouded.families.tuya.values.decoders import DECODERS, ENCODERS

THERMOMETER, PLUG, BREAKER = "00124b00a1b2c301", "00124b00a1b2c302", "02a1b2c30303"
LOCK, MOTION, SIREN, INFRARED = "03a1b2c30404", "00124b00a1b2c305", "00124b00a1b2c306", "00124b00a1b2c307"

SUB_DEVICES = (
    SimulatedSubDevice(id=THERMOMETER, product="uncloudedthermoh", low_power=True),
    SimulatedSubDevice(id=PLUG, product="uncloudedplugsub", updatable=True),
    SimulatedSubDevice(id=BREAKER, product="uncloudedbreaksb"),
    SimulatedSubDevice(id=LOCK, product="uncloudedlocksub", low_power=True),
    SimulatedSubDevice(id=MOTION, product="uncloudedmotions", low_power=True),
    SimulatedSubDevice(id=SIREN, product="uncloudedsirensb"),
    SimulatedSubDevice(id=INFRARED, product="uncloudedirsubdv"),
)
PARTS = (
    SimPart(id=THERMOMETER, profile="tuya_gateway/thermo_hygrometer", subject="air"),
    SimPart(id=PLUG, profile="tuya_gateway/plug_metering", subject="plug", load="gateway_plug"),
    SimPart(id=BREAKER, profile="tuya_gateway/breaker", subject="plug", load="gateway_breaker"),
    SimPart(id=LOCK, profile="tuya_gateway/lock_a", subject="lock"),
    SimPart(id=MOTION, profile="tuya_gateway/motion_sensor", subject="motion"),
    SimPart(id=SIREN, profile="tuya_gateway/siren", subject="siren"),
)


SMALL = (THERMOMETER, PLUG, LOCK, MOTION)


PRODUCTS = "00124b00a1b2c3{:02x}"  # the ids of the products that a gateway plays …
FIRST_PRODUCT = 0x80  # … from this number on


def _plays(kind: SimKind, ids: Collection[str], security: bool, products: Sequence[PlayedProduct]) -> SimKind:
    """The gateway with these products as further sub-devices; they want to join before the others."""
    played = {PRODUCTS.format(FIRST_PRODUCT + number): product for number, product in enumerate(products)}
    added = tuple(
        SimulatedSubDevice(id=id, product=one.id, repeated=one.directions | one.increments)
        for id, one in played.items()
    )
    parts = tuple(
        SimPart(id=id, profile=one.profile, subject="product", settings=one.settings) for id, one in played.items()
    )
    names = " and ".join(one.title for one in products)
    return msgspec.structs.replace(
        kind,
        words=f"{kind.words}; also {names}",
        make=_gateway((*added, *(one for one in SUB_DEVICES if one.id in ids)), security),
        parts=(*parts, *kind.parts),
    )


def _gateway(devices: tuple[SimulatedSubDevice, ...], security: bool) -> Callable[[SimOptions, Ambient], Session]:
    """Makes gateways with these sub-devices."""

    def make(options: SimOptions, ambient: Ambient) -> Session:
        return gateway_mcu(GatewayOptions(sub_devices=devices, security=security, faults=options.faults), ambient)

    return make


def _kind(name: str, words: str, ids: Collection[str], *, security: bool = False) -> SimKind:
    devices = tuple(one for one in SUB_DEVICES if one.id in ids)
    kind = SimKind(
        name=name,
        words=words,
        subject="gateway",
        profile="tuya_gateway/gateway",
        make=_gateway(devices, security),
        faults=FAULTS,
        asks={question: kind.text for question, kind in GATEWAY_QUESTIONS.items()},
        encoders=ENCODERS,
        decoders=DECODERS,
        parts=tuple(part for part in PARTS if part.id in ids),
    )
    return msgspec.structs.replace(kind, plays=partial(_plays, kind, ids, security))


_ALL = (
    _kind(
        "tuya-gateway",
        "A Tuya gateway's MCU with seven sub-devices, which join when that is permitted",
        [one.id for one in SUB_DEVICES],
    ),
    _kind("tuya-gateway-small", "The same with four sub-devices", SMALL),
    _kind("tuya-gateway-security", "A security gateway with motion sensor and siren", (MOTION, SIREN), security=True),
)

GATEWAY_SIM_KINDS: Mapping[str, SimKind] = {kind.name: kind for kind in _ALL}
