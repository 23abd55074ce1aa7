"""The vocabulary of keys: what a point is called, whatever its maker calls it. docs/points.md is made from it.

A key is a name and, where it has a unit, that as its last part: ``power_W``. Between them may stand which of several
it is: a channel (``on_2``, ``on_usb1``), a phase (``power_a_W``, and ``_n`` the neutral), a tariff
(``energy_import_t2_Wh``). ``dp_19`` is a data point of which nothing is known. A name that is not listed here is that
of the maker, with the unit in the same place.

The table has a line for each name: the units that it comes with ("-": none), and its meaning.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

from unclouded.core.model import UNITS, unit_of


class Word(msgspec.Struct, frozen=True):
    """A name of the vocabulary. ``units``: of keys that it makes; "" is a key without one."""

    group: str
    name: str
    units: tuple[str, ...]
    meaning: str

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"{self.name}_{unit}" if unit else self.name for unit in self.units)


_TABLE = """
# Switches
on | - | It is on: relay, heater, light, or the device itself
on_all | - | All channels together
countdown | s min h - | Time until it switches, or stops; 0 is off
countdown_left | s min h - | What is left of a countdown
after_power_cut | - | What a relay does when power returns: off, on, or last
indicator | - | What the light of a switch shows: the relay, its position, off or on
backlight | - percent | The light behind a panel
child_lock | - | Buttons are locked
overcharge_cutoff | - | Switches off when a battery is charged
inching | - s | Switches off by itself after a short time
inching_duration | s min - | How long a pulse lasts
schedule | - | A schedule in the maker's own form
schedule_cycle | - | Switching in cycles, in the maker's own form
schedule_random | - | Random switching, in the maker's own form
schedule_monday | - | The schedule of Monday, in the maker's own form
schedule_tuesday | - | The schedule of Tuesday, in the maker's own form
schedule_wednesday | - | The schedule of Wednesday, in the maker's own form
schedule_thursday | - | The schedule of Thursday, in the maker's own form
schedule_friday | - | The schedule of Friday, in the maker's own form
schedule_saturday | - | The schedule of Saturday, in the maker's own form
schedule_sunday | - | The schedule of Sunday, in the maker's own form
schedule_workdays | - | The schedule of working days, in the maker's own form
schedule_on | - | Whether the schedule is followed
switch_type | - | What kind of switch is wired to the input
interlock | - | Only one channel may be on
name | - | What the owner calls a channel
delay | s min - | Time before it acts
delay_off | s - | Time before it switches off
beep | - | Beeps at keys
factory_reset | - | Resets it to the maker's settings
restart | - | Starts the device again
do_not_disturb | - | Quiet: no light, or no sound
remote_switch | - | Whether it may be switched remotely
light | - | A light that is part of another device
standby_time | s min - | Time until it goes to standby
timer | - s min h | A timer, in the maker's own form
use_time | s min h - | How long it was used
runtime | s min h - | How long it has run
runtime_total | s min h - | How long it has run in all

# Mains
power | W - | Active power; negative where it goes out
power_single_phase | W | Power, as it is where only one phase is connected
voltage | V | Voltage
current | A | Current
frequency | Hz | Frequency of the mains
power_factor | - percent | Power factor
reactive_power | var - | Reactive power
apparent_power | VA | Apparent power
direction | - | Which way energy flows: forward (in), reverse (out), or as its options say
phases | - | How many phases, or which, are connected
current_unbalance | percent | How much the currents of the phases differ
voltage_unbalance | percent | How much the voltages of the phases differ
power_limit | W percent | Power that it does not exceed
power_max | W | Highest power that it takes or gives
current_max | A | Highest current that it takes or gives
rated_current | - A | Rated current
voltage_calibration | - V | Factor of the voltage, by the maker
current_calibration | - A | Factor of the current, by the maker
power_calibration | - W | Factor of the power, by the maker
energy_calibration | - | Factor of the energy, by the maker
energy_import_calibration | - | Factor of the energy taken in, by the maker
energy_export_calibration | - | Factor of the energy given out, by the maker
frequency_calibration | - | Factor of the frequency, by the maker
test_result | - | Result of the maker's own test
report_interval | s min h - | How often it reports
live_updates | - | Reports each second while the app shows it

# Energy
energy_import | Wh | Energy taken in, a counter
energy_export | Wh | Energy given out, a counter
energy | Wh - | Energy of which no direction is known, not added up
energy_today | Wh | Energy of the current day
energy_yesterday | Wh | Energy of the day before
energy_hour | Wh | Energy of the last full hour
energy_export_hour | Wh | Energy given out in the last full hour
energy_month | Wh | Energy of the current month
energy_session | Wh kWh | Energy of the current or last charge
energy_session_limit | Wh | Energy at which a charge ends
energy_last_session | Wh | Energy of the charge before
energy_charged | Wh | Energy that went into the battery, a counter
energy_discharged | Wh | Energy that came from the battery, a counter
energy_pv | Wh | Energy of the solar modules, a counter
reactive_energy | varh | Reactive energy, a counter
apparent_energy | kVAh | Apparent energy
energy_by_day | - | Energy of each day, in the maker's own form
energy_by_month | - | Energy of each month, in the maker's own form
clear_energy | - | Sets the energy registers to 0
balance | kWh Wh - | Energy left that was paid for
charge | kWh Wh - | Energy to add to the balance
prepaid | - | Switches off when the balance is used up
cost | - | Cost of the energy that was used
price | - | Price of energy

# Breakers
fault | - | Faults, one bit or state each
alarms | - | Alarms with their limits, in records of four bytes
alarm | - | There is an alarm, or which
phase | - | Voltage, current and power of a phase in one record
leakage_current | A | Residual current
leakage_limit | A | Residual current at which it trips
leakage_delay | s ms | How long a residual current may last
leakage_test | - | Trips once, to test the residual current device
over_current_limit | A | Current at which it warns or trips
over_voltage_limit | V | Voltage at which it warns or trips
under_voltage_limit | V | Voltage below which it warns or trips
overload_limit | W A | Power at which it warns or trips
high_power_limit | W | Power at which it warns or trips, the second limit
over_temperature_limit | C | Temperature at which it warns or trips
over_energy_limit | Wh | Energy at which it warns or trips
low_balance_limit | kWh | Balance below which it warns or trips
under_current_limit | A | Current below which it warns or trips
under_power_limit | W | Power below which it warns or trips
over_current_setting | - | Limit of current with what it does there, in the maker's own form
over_voltage_setting | - | Limit of voltage with what it does there, in the maker's own form
under_voltage_setting | - | Low limit of voltage with what it does there, in the maker's own form
overload_setting | - | Limit of power with what it does there, in the maker's own form
trips_on_over_current | - | Whether it trips at the limit, or only warns
trips_on_over_voltage | - | Whether it trips at the limit, or only warns
trips_on_under_voltage | - | Whether it trips at the limit, or only warns
trips_on_overload | - | Whether it trips at the limit, or only warns
trips_on_high_power | - | Whether it trips at the limit, or only warns
trips_on_over_temperature | - | Whether it trips at the limit, or only warns
trips_on_low_balance | - | Whether it trips at the limit, or only warns
trips_on_short_circuit | - | Whether it trips at a short circuit, or only warns
trip | - | It tripped
trip_action | - | Whether it trips, warns or does nothing at a limit
auto_reclosing | - | Switches on again after it tripped
reclose_delay | s min | Time before it switches on again
reclose_attempts | - | How often it tries
breaker_number | - | Number of the breaker
meter_number | - | Number of the meter
serial_number | - | Serial number
clear_events | - | Clears the list of events
event | - | What happened last
locate | - | Blinks or beeps, to be found

# Charging electric vehicles
charge_current_limit | A - | Current that the vehicle may take
connector_state | - | What is plugged in, by the pilot line
pilot_voltage | V | Voltage of the pilot line
charge_state | - | State of the charge, or of a battery
charge_duration | s min h - | How long it charges
charge_settings | - | Settings of the charger, in the maker's own form
charge_record | - | The record of a charge, in the maker's own form
delay_start | s min h - | Time until the charge begins
session_time | s min h - | How long the current charge has lasted
card_enabled | - | Starts with a card
card_needed | - | Starts only with a card

# Batteries and inverters
battery | percent - | Charge of the battery
battery_state | - | Charge of the battery as a word
battery_low | - | The battery is nearly empty
battery_voltage | V - | Voltage of the battery
battery_current | A | Current of the battery
battery_power | W | Power of the battery
battery_temperature | C F | Temperature of the battery
battery_capacity | - Wh Ah mAh | Capacity of the battery
charging | - | It charges
power_source | - | Battery or mains
voltage_cell | V | Voltage of a cell
pv_voltage | V | Voltage of the solar modules
pv_current | A | Current of the solar modules
pv_power | W | Power of the solar modules
pv_dc_data | - | Voltage, current and power of the solar modules in one record
inverter_type | - | Type of inverter
inverter_id | - | Number of the inverter

# Climate
preheat | - | Starts to heat before the time of the schedule
energy_saving | - | Saves energy
water_flow_limit | - | Limit of the water flow
scale_protection | - | Moves the valve regularly, against lime scale
power_mode | - | Mode of the power
temperature | C F - | Temperature
temperature_probe | C F | Temperature of the probe
temperature_floor | C F - | Temperature of the floor
temperature_external | C F - | Temperature of an external sensor
temperature_indoor | C F | Temperature inside
temperature_outdoor | C F | Temperature outside
temperature_board | C F | Temperature of the device itself
temperature_inlet | C F - | Temperature at the inlet
temperature_outlet | C F - | Temperature at the outlet
temperature_return | C F - | Temperature of the return flow
temperature_coil | C F - | Temperature of the coil
temperature_exhaust | C F - | Temperature of the exhaust gas
temperature_suction | C F - | Temperature of the suction gas
temperature_discharge | C F - | Temperature of the discharged gas
temperature_evaporator | C F | Temperature of the evaporator
temperature_ambient | C F - | Temperature around the device
temperature_water | C F | Temperature of the water
temperature_heat_sink | C F | Temperature of the heat sink
temperature_tank | C F | Temperature of the tank
temperature_top | C F - | Temperature at the top of the tank
temperature_bottom | C F - | Temperature at the bottom of the tank
setpoint | C F - | Target temperature
setpoint_min | C F | Lowest setpoint
setpoint_lowest | - | Lowest setpoint, without a unit
setpoint_max | C F - | Highest setpoint
comfort | C F | Setpoint: comfort
eco | C F - | Setpoint: saving; without a unit, whether it saves
holiday | C F days - | Setpoint, or length, of a holiday
frost_protection | - C F | Heats against frost
away | - C F | No one is at home
preset | - | Which set of settings is followed
mode | - | Mode of operation
state | - | State of operation
activity | - | What it does now: heating, idle …
manual | - | Does not follow the schedule
program | - | Which programme runs
temperature_correction | C F - | Added to the measured temperature
humidity_correction | percent - | Added to the measured humidity
hysteresis | C F - | Difference between switching on and off
temperature_unit | - | °C or °F
temperature_alarm | - | Too cold, too hot, or neither
temperature_alarm_max | C F - | Alarm above this temperature
temperature_alarm_min | C F | Alarm below this temperature
temperature_alarm_lowest | - | Alarm below this temperature, without a unit
temperature_sensitivity | C F | Smallest change that it reports
temperature_sampling | s min | How often it measures
temperature_sensor | - | Which sensor is used
humidity | percent - | Relative humidity
humidity_indoor | percent | Relative humidity inside
humidity_outdoor | percent | Relative humidity outside
humidity_target | percent - | Target humidity
humidity_alarm | - | Too dry, too damp, or neither
humidity_alarm_max | percent | Alarm above this humidity
humidity_alarm_min | percent | Alarm below this humidity
humidity_sensitivity | percent | Smallest change that it reports
window_detection | - | Reacts to an open window
window_open | - | The window is open
window_open_time | s min - | How long the setpoint of an open window holds
window_open_temperature | C F | Setpoint while the window is open
valve | - percent | The valve is open, or how far
valve_state | - | State of the valve
boost | - | Heats with full power for a while
boost_time | s min h - | How long it heats with full power
fan_on | - | The fan runs
fan_speed | - percent rpm | Speed of the fan
fan_mode | - | Mode of the fan
fan_direction | - | Which way the fan turns
fan_countdown | s min h - | Time until the fan stops
swing | - | The louvre swings
swing_horizontal | - | The louvre swings to the sides
sleep | - | Night operation
turbo | - | Full power
defrost | - | It defrosts
heat | - | It heats
cool | - | It cools
dry | - | It dries
ion | - | Ioniser
filter_reset | - | The filter was changed
filter_life | percent h min days s - | What is left of the filter
filter | - percent days | State of the filter
compressor_frequency | Hz | Frequency of the compressor
compressor_current | A - | Current of the compressor
compressor_state | - | State of the compressor
compressor_speed | - percent Hz rpm | Speed of the compressor
expansion_valve | - percent | Steps of the expansion valve
four_way_valve | - | The four-way valve
pump | - | The pump runs
tank_full | - | The water tank is full
workdays | - | Which days are working days

# Sensors
radar_on | - | Whether the radar is on
sound | - | Whether it makes sounds
open | - | A door or window is open
water | - | There is water
smoke | - | There is smoke
gas | - percent ppm LEL | There is gas, or how much
co_alarm | - | There is carbon monoxide
co | ppm - | Carbon monoxide
co2 | ppm - | Carbon dioxide
voc | ppm ppb mgm3 ugm3 - | Volatile organic compounds
formaldehyde | mgm3 ugm3 ppm - | Formaldehyde
pm25 | ugm3 ppm - | Dust up to 2.5 µm
pm10 | ugm3 ppm - | Dust up to 10 µm
pm1 | ugm3 - | Dust up to 1 µm
air_quality | - | Quality of the air, as a word
air_quality_index | - | Quality of the air, as a number
motion | - | Something moves
presence | - | A person is there
presence_state | - | What the person does: moves, sits …
occupied_time | s min - | How long a person has been there
vacant_time | s min - | How long no person has been there
tampered | - | The case was opened
vibration | - | It was shaken
illuminance | lux - | Illuminance
illuminance_correction | lux - | Added to the measured illuminance
illuminance_alarm | - | Too dark, too bright, or neither
illuminance_interval | s min | How often the illuminance is reported
sensitivity | - percent | Sensitivity of a sensor
motion_sensitivity | - percent | Sensitivity to motion
presence_sensitivity | - percent | Sensitivity to a person at rest
radar_sensitivity | - percent | Sensitivity of the radar
pir_sensitivity | - | Sensitivity of the infrared sensor
detection_min | m cm | From this distance on it detects
detection_lowest | - | From this distance on it detects, without a unit
detection_max | m cm - | Up to this distance it detects
detection_delay | s - | How long something must be there
distance | m cm mm - | Distance of what is there
fading_time | s min - | How long it still reports a person who left
presence_delay | s min | How long a person must be there
presence_timeout | s min | How long it still reports a person who left
installation_height | m cm - | Mounting height
self_test | - | Starts a self-test
self_test_result | - | Result of the self-test
mute | - | Sound is off
smoke_value | - ppm percent | How much smoke
gas_value | - LEL ppm percent | How much gas
soil_moisture | percent - | Moisture of the soil
soil_fertility | uScm - | Fertility of the soil
soil_warning | percent | Warns below this moisture
rain | - mm | It rains, or how much it rained
wind_speed | kmh mps - | Speed of the wind
wind_gust | kmh mps - | Speed of gusts
wind_direction | - deg | Where the wind comes from
pressure | hPa kPa psi - | Pressure
uv_index | - | Index of ultra-violet light
conductivity | uScm mScm - | Conductivity
ph | - | pH
orp | V | Redox potential
tds | ppm ppt - | Dissolved solids
salinity | ppm gL - | Salt
water_total | m3 L gal - | Water that flowed, a counter
water_session | L gal - | Water of the current or last time
water_flow | Lmin m3h galmin - | Flow of water
liquid_level | percent - | Level of a liquid
liquid_depth | m mm cm | Depth of a liquid
liquid_state | - | Level of a liquid, as a word
sampling_interval | s min h | How often it measures
signal | percent dBm - | Signal strength of the radio
noise | - | Loudness
pulse | - | Pulses that were counted

# Covers
action | - | The command of a cover: open, stop, close; of a button, how it was pressed
position | percent - | Position; most makers count from closed, some from open
position_target | percent - | Target position, counted the same way
position_best | percent - | A favourite position
motor_direction | - | Which way the motor turns
motor_state | - | State of the motor
motor_fault | - | The motor has a fault
calibration | - | Learns its end positions
limit | - | Sets or clears the end positions
travel_time | s ms - | How long it takes from end to end
opening | - | It is opening

# Light
brightness | - percent | Brightness
brightness_lowest | - | Lowest brightness
brightness_min | percent | Lowest brightness
brightness_max | - percent | Highest brightness
colour | - | Colour, in the maker's own form
colour_temperature | - percent | Colour temperature, from warm to cold
light_mode | - | White, colour, scene …
light_type | - | Kind of lamp
scene | - | Scene, in the maker's own form
music | - | Follows music
light_control | - | Sets the light without storing it, in the maker's own form
rhythm_mode | - | Follows the time of day, in the maker's own form
sleep_mode | - | Dims slowly in the evening, in the maker's own form
wakeup_mode | - | Brightens slowly in the morning, in the maker's own form
after_power_cut_raw | - | What a lamp does when power returns, in the maker's own form
gradient | - | How fast it changes
pixels | - | How many lights the chain has

# Sirens, locks and alarms
volume | - percent | Loudness of a sound
ringtone | - | Which sound
alarm_volume | - percent | Loudness of the alarm
alarm_ringtone | - | Sound of the alarm
alarm_time | s min - | How long it sounds
alarm_on | - | Sounds an alarm
alarm_enabled | - | Alarms are on
alarm_message | - | Text of the alarm
alarm_delay | s min - | Time before it sounds
siren | - | The siren sounds
doorbell | - | A person rings
lock | - | It is locked
opened_by_fingerprint | - | User whose fingerprint opened it
opened_by_password | - | User whose password opened it
opened_by_card | - | User whose card opened it
opened_by_app | - | User whose app opened it
opened_by_key | - | Key that opened it
opened_by_bluetooth | - | User whose phone opened it
opened_by_temporary_password | - | Temporary password that opened it
opened_by_dynamic_password | - | Dynamic password that opened it
duress | - | It was opened under duress
remote_request | s | How long a remote request to open the door lasts
approve | - | Opens the door for a remote request
language | - | Language
security | - | State of an alarm system
security_left | s | Time left to leave or to disarm
alarm_text | - | Why there is an alarm
alarm_reported | - | The gateway reports an alarm
joining | - | Sub-devices may join
joining_left | s | Time left for joining

# Garden and pets
weather | - | Weather, as it was set
weather_delay | - h | Watering waits because of the weather
irrigation_time | s min - | How long it waters
irrigation_mode | - | By time or by volume
manual_feed | - | Portions to give now
meal_plan | - | When it feeds, in the maker's own form
feed_state | - | State of the feeder
feed_report | - | Portions that were given
food_weight | g | Weight of the food

# Cameras and cleaning robots
image_flip | - | The image is turned over
night_vision | - | Night vision
watermark | - | Shows the time in the image
privacy | - | The camera is covered
recording | - | It records
record_mode | - | Records always, or when something happens
motion_detection | - | Whether it detects motion
motion_image | - | A picture of what moved
motion_tracking | - | Follows what moves
sd_storage | - | Capacity and free space of the memory card
sd_status | - | State of the memory card
sd_format | - | Formats the memory card
sd_format_state | - | Progress of the formatting
sound_detection | - | Whether it reports sounds
sound_sensitivity | - | Sensitivity to sound
message | - | A message of the device, in the maker's own form
pan_tilt | - | Turns the camera
pan_tilt_stop | - | Stops turning
suction | - | Strength of suction
clean_time | s min h - | How long it cleaned
clean_area | - | What it cleaned
pause | - | It pauses
brush_life | percent h min - | What is left of the brush
brush_reset | - | The brush was changed
path_data | - | Map or path, in the maker's own form

# About the device
firmware | - | Version of its firmware
hardware_version | - | Version of its hardware
model | - | Model
device_id | - | Number of the device
device_info | - | Facts of the device, in the maker's own form
time | s min h - | The clock of the device
time_format | - | 12 or 24 hours
screen_brightness | - percent | Brightness of the screen
screen_on | - | The screen is on
screen_orientation | - | How the screen is turned
level | - percent | A level
speed | - percent kmh rpm | A speed
duration | s min h - | How long something takes
data_reset | - | Clears what it has stored
wifi_reset | - | Forgets its network
debug_data | - | Data for the maker
refresh | - | Sends everything again
menu | - | Which menu is shown
record | - s | A record, in the maker's own form
unit | - | Which units it shows
error | - | Error number or text
warning | - | Warnings, one bit or state each
zone | - | A zone
led | - | The light of the device
number | - | A number
wakes_every | min | Time between two wake-ups of a sleeping device
"""

_CHANNEL = re.compile(r"_(?:\d{1,2}|usb\d?|[abcdn]|t\d)(?:_\d)?$")
_NOTHING_KNOWN = re.compile(r"dp_\d+")


@cache
def words() -> tuple[Word, ...]:
    """The vocabulary, in its groups."""
    found = []
    group = ""
    for line in _TABLE.strip().splitlines():
        if line.startswith("# "):
            group = line[2:]
        elif line:
            name, units, meaning = (part.strip() for part in line.split("|"))
            found.append(Word(group, name, tuple("" if unit == "-" else unit for unit in units.split()), meaning))
    return tuple(found)


@cache
def _by_key() -> Mapping[str, Word]:
    return {key: word for word in words() for key in word.keys}


def word_of(key: str) -> Word | None:
    """The word of the vocabulary that a key is made of; None where the name is the maker's own."""
    if key in _by_key():
        return _by_key()[key]
    return _by_key().get(without_channel(key))


def without_channel(key: str) -> str:
    """``power_a_W`` → ``power_W``, ``on_2`` → ``on``: the key without which of several it is."""
    unit = key.rpartition("_")[2] if unit_of(key) else ""
    name = key[: -len(unit) - 1] if unit else key
    name = _CHANNEL.sub("", name)
    return f"{name}_{unit}" if unit else name


def is_unknown(key: str) -> bool:
    """Whether nothing is known of the data point: ``dp_19``."""
    return _NOTHING_KNOWN.fullmatch(key) is not None


def units() -> Iterator[tuple[str, str]]:
    """The last parts of keys that are units, and how they are written."""
    yield from UNITS.items()
