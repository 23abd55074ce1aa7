"""The Tuya devices that can be simulated: what is special about each MCU.

    plug        reports by itself, energy as increments              clamp    reports only when it is asked
    breaker     three phases in raw records, its total by 22         door     sleeps
                trips at its limits
    thermostat  asks for time, signal and network all the time, reports all its values once the cloud is reached
    tuya        any product that has a profile

Source: docs/protocols/tuya_wifi.md §2.6, §2.8; docs/protocols/tuya_low_power.md §3.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from unclouded.core.family import PlayedProduct, SimKind, SimOptions
from unclouded.core.sessions.session import Ambient, Session
from unclouded.families.tuya.low_power.mcu import FAULTS as LOW_FAULTS
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.values.decoders import DECODERS, ENCODERS
from unclouded.families.tuya.wifi.mcu.mcu import FAULTS, QUESTIONS, McuOptions, ScheduledQuestion, wifi_mcu

PLUG = McuOptions(increments=frozenset({"17"}))  # energy since the last report; docs/protocols/tuya_wifi.md §2.8.1

BREAKER = McuOptions(
    product="uncloudedbreaker",
    pins=b"\x0c\x0d",  # it leaves LED and button to the module
    synced=frozenset({"1"}),
    features={"mcu_ota": 0, "abv": 8, "buf": 1024},
    habits=(ScheduledQuestion("mac"), ScheduledQuestion("signal", every_s=60.0)),
)

# A wall clock: it asks for all three after every heartbeat, as the TH06 does. docs/protocols/tuya_wifi.md §2.6 item 9
THERMOSTAT = McuOptions(
    product="uncloudedthermos",
    pairing=2,
    fields={"mt": 5, "n": 0, "low": 0},
    syncs=True,
    habits=(
        ScheduledQuestion("time"),
        ScheduledQuestion("reset-notices"),
        ScheduledQuestion("weather"),
        *(ScheduledQuestion(ask, "heartbeat") for ask in ("time", "signal", "network")),
    ),
)

CLAMP = McuOptions(product="uncloudedclampsm", polled=True)

# Six times for Monday to Friday, then Saturday, then Sunday: minute, hour, twice the temperature.
SCHEDULE = "000628" + "000820" + "1e0b24" + "1e0d20" + "001128" + "001620"
# The sets of alarms of docs/protocols/tuya_wifi.md §2.8.4.
ALARMS = {"alarms_1": "0101000003010014", "alarms_2": "0101003c030100f5040100b40800001e"}


def _mcu(options: McuOptions) -> Callable[[SimOptions, Ambient], Session]:
    """Makes MCUs of this kind."""

    def make(sim: SimOptions, ambient: Ambient) -> Session:
        return wifi_mcu(msgspec.structs.replace(options, faults=sim.faults))

    return make


def _door_sensor(options: SimOptions, ambient: Ambient) -> Session:
    return low_mcu(LowOptions(faults=options.faults))


_ASKS: Mapping[str, str] = {name: question.text for name, question in QUESTIONS.items()}


def _plays(products: Sequence[PlayedProduct]) -> SimKind:
    """Such a product. It has one id, so there is one of them."""
    (product,) = products
    options = McuOptions(product=product.id, increments=product.increments, repeated=product.directions)
    return msgspec.structs.replace(
        PRODUCT, words=product.title, profile=product.profile, make=_mcu(options), settings=product.settings
    )


PRODUCT = SimKind(
    name="tuya",
    words="Any product of the catalogue, with a Tuya MCU: name it with --product",
    subject="product",
    profile="tuya/generic",
    make=_mcu(McuOptions()),
    faults=FAULTS,
    asks=_ASKS,
    encoders=ENCODERS,
    decoders=DECODERS,
    plays=_plays,
)

_ALL = (
    PRODUCT,
    SimKind(
        name="tuya-plug",
        words="A metering plug with a Tuya MCU",
        subject="plug",
        profile="tuya/plug_metering",
        make=_mcu(PLUG),
        faults=FAULTS,
        asks=_ASKS,
    ),
    SimKind(
        name="tuya-breaker",
        words="A breaker of three phases with a meter and a Tuya MCU",
        subject="phases",
        profile="tuya/breaker_three_phase",
        make=_mcu(BREAKER),
        faults=FAULTS,
        asks=_ASKS,
        settings=ALARMS,
        encoders=ENCODERS,
        decoders=DECODERS,
    ),
    SimKind(
        name="tuya-thermostat",
        words="A thermostat with a Tuya MCU, and the room that it heats",
        subject="room",
        profile="tuya/thermostat_bht002",
        make=_mcu(THERMOSTAT),
        faults=FAULTS,
        asks=_ASKS,
        settings={"setpoint_C": 21, "mode": "manual", "schedule": SCHEDULE * 3},
    ),
    SimKind(
        name="tuya-clamp",
        words="A current clamp with a Tuya MCU that reports only when it is asked",
        subject="plug",
        profile="tuya/clamp_pj_mgw1103",
        make=_mcu(CLAMP),
        faults=FAULTS,
        asks=_ASKS,
        baud=115200,
    ),
    SimKind(
        name="tuya-door-sensor",
        words="A battery sensor on the front door, with a Tuya MCU that sleeps",
        subject="meter",
        profile="tuya/door_sensor",
        make=_door_sensor,
        faults=LOW_FAULTS,
    ),
)

SIM_KINDS: Mapping[str, SimKind] = {kind.name: kind for kind in _ALL}
