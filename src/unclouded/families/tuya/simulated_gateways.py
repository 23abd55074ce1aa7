"""The gateways that can be simulated, and their sub-devices.

    tuya-gateway           thermometer, metering plug, metering breaker, lock, motion sensor, siren, infrared light
    tuya-gateway-small     the first two, lock and motion sensor
    tuya-gateway-security  motion sensor and siren, and an alarm system

They wait to join until joining is permitted. Ids have 16 hexadecimal digits, or 12 as those of a field MCU.
Source: docs/protocols/tuya_gateway.md §5, §6.
"""

from collections.abc import Callable, Collection, Mapping

from unclouded.core.family import SimKind, SimOptions, SimPart
from unclouded.core.session import Ambient, Session
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


def _gateway(ids: Collection[str], security: bool) -> Callable[[SimOptions, Ambient], Session]:
    """Makes gateways with these sub-devices."""
    devices = tuple(one for one in SUB_DEVICES if one.id in ids)

    def make(options: SimOptions, ambient: Ambient) -> Session:
        return gateway_mcu(GatewayOptions(sub_devices=devices, security=security, faults=options.faults), ambient)

    return make


def _kind(name: str, words: str, ids: Collection[str], *, security: bool = False) -> SimKind:
    return SimKind(
        name=name,
        words=words,
        subject="gateway",
        profile="tuya_gateway/gateway",
        make=_gateway(ids, security),
        faults=FAULTS,
        asks={question: kind.text for question, kind in GATEWAY_QUESTIONS.items()},
        encoders=ENCODERS,
        decoders=DECODERS,
        parts=tuple(part for part in PARTS if part.id in ids),
    )


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
