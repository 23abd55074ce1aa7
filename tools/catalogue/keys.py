"""The key of a data point: the vocabulary's word for what the raw facts call it.

``ALIASES``: the word, then what the facts call it without its unit; ``#`` is a number that tells which of several it
is. What no line names keeps its maker's name, with the commonest abbreviations written out.
"""

import re
from collections.abc import Mapping

from tools.catalogue.facts import RawRow, RawTable

from unclouded.core.model import UNITS
from unclouded.profiles.vocabulary import word_of

_ALIASES = """
on: on# on_# on_l# on_usb# on_off power_switch master_switch switch switch_# switch# switch_led switch_led_# usb_switch_#
    swtich
on_all: switch_all total_switch
countdown: countdown_l# countdown_usb# countdown_# countdown# coutdown count_down usb_countdown_#
countdown_left: countdown_left_# remaining_min remain_time remaining_time residual_delaytime
after_power_cut: relay_status relay_status_l# relay_status_# power_on_behavior power_on_behavior_l# power_on_behavior_#
    after_power_cut_# power_outage_memory restart_status_# power_on_state
indicator: indicator_mode led_indicator basic_indicator
backlight: backlight_switch switch_backlight
schedule: week_program week_program# week_program_# week# weekly_schedule schedule_slot_# week_prog program_week#
schedule_cycle: cycle_timer cycle_time cycle_schedule cycle_timing#
schedule_random: random_time random_timer random_timing
schedule_on: switch_schedule timer_sw schedule_enable
inching: inching_l# inching_#
switch_type: switch_type_l# switch_type_# light_type_sw
interlock: switch_interlock
name: name_l# sw#_name switch_name_l# led_switch_name_l# cover_name_l# dimmer_name_l# curtain_name_l# zone_#_name
standby_time: standby_time
runtime: run_time
runtime_total: total_runtime total_time work_total_time
use_time: time_use use_time_# use_time_one
beep: fan_beep buzzer beep_switch
factory_reset: reset_setting reset factor_reset restore_factory factory
restart: device_restart reboot
restart: restart
timer: timer# timer_#
locate: device_locating finddev seek
light: light_switch
power: cur_power# power_current power_# power_l# power_total# power_circuit_# cur_power cur_power_# total_power
power_a: a_power power_l1_
voltage: voltage_current cur_voltage# voltage_# voltage_l# l#_voltage cur_voltage voltage_phase_#
current: current_current cur_current# current_# current_l# l#_current cur_current current_circuit_#
power_factor: power_factor_l# pf pf_circuit_# powerfactor
power_factor_a: a_power_factor
power_factor_b: b_power_factor
power_factor_c: c_power_factor
frequency: supply_frequency freq ac_frequency grid_frequency
reactive_power: power_reactive reactive
apparent_power: power_apparent
report_interval: report_period report_rate report_rate_control data_report_duration
live_updates: real_time_updates
energy_import: forward_energy energy_import_# energy_import_l# energy_l# forward_energy_# energy_import_line_# energy_sub#
    energy_total total_energy total_electricity energy_import_total energy_import_#_total energy_consumed
    total_energy_consumed energy_consumed_total consumption_total total_comsumption total_power_consumption all_energy
    active_energy accumulated_electricity energy_line_# forward_energy_circuit_# total_energy# electricity_statistics
    add_ele electricity_consumption power_consumption kwh act_ele_quantity consumption forward_electricity
energy_import_a: a_energy_total forward_energy_a engery_a energy_import_a_total forward_energy_a_total
energy_import_b: b_energy_total forward_energy_b engery_b energy_import_b_total forward_energy_b_total
energy_import_c: c_energy_total forward_energy_c engery_c energy_import_c_total
energy_export: reverse_energy backward_energy energy_produced energy_export_# energy_export_l# reverse_energy_#
    energy_generate_total rkwh reserve_energy_circuit_# reverse_energy_t
energy_export_a: reverse_energy_a energy_export_a_total reverse_energy_a_total
energy_export_b: reverse_energy_b energy_export_b_total reverse_energy_b_total
energy_export_c: reverse_energy_c
energy_hour_import: forward_energy_total_hour
energy_today: day_energy daily_energy daily_energy_l# energy_today_# today_acc_energy#
energy_last_session: last_charge latest_charge
energy_session: transaction_energy charging_session_energy charge_electric_quantity
energy_session_limit: preset_electricity
energy_charged: batt_char_total chg_electricity chg_electrity cumulative_energy_charged
energy_discharged: batt_dischar_total cumulative_energy_discharged
energy_pv: pv_electricity pv_electrity pv_total cumulative_pv_energy_generated
reactive_energy: energy_reactive
energy: engery energy_value energy_wh
balance: balance_energy remaining_energy energy_remaining energy_balance remaining_balance credit
charge: charge_energy recharge_energy energy_balance_add fixed_charge
cost: add_cost money total_cost
price: electricity_price tariff_price single_rate
fault: faults fault# fault_# fault_code error_status error_code fault_alarm faultcode fault_info motor_fault_
alarms: alarm_set_# alarms_#
leakage_limit: leakage_set leak_thresh leakage_current_limit
over_current_limit: over_current_threshold overcurrent_limit oc_limit
over_voltage_limit: overvoltage_limit over_voltage_threshold over_vol_set
under_voltage_limit: undervoltage_limit under_voltage_threshold under_vol_set undervol_value
overload_limit: over_power_threshold over_power_limit power_alarm_limit overload_threshold
over_temperature_limit: temperature_threshold temperature_limit over_temperature_threshold trip_temperature
    alarm_temperature temp_limit
trip_action: breaker_trigger_action breaker_trigger_action_#
auto_reclosing: fuc_auto_close
serial_number: sn device_sn sn_number
meter_number: meter_id
clear_events: clear_event clear_fault
clear_energy: clear_energy_# energy_reset runtime_clear_
charge_current_limit: charge_current_limit cur_set
connector_state: connection_state
charge_state: charging_status charging_state
charge_duration: charging_time charging_duration charge_time
delay_start: delay_dis
session_time: charge_session_time
battery: battery_percent battery_percentage battery_percentage# residual_electricity batt_percent battery_level bat_percent
battery_state: battery_status
battery_low: low_battery
pv_voltage: pv_volt pv#_voltage pv_#_voltage pv_voltage_#
pv_current: pv#_current pv_#_current pv_curr
pv_power: pv_power_port_# pv#_power pv_#_power
pv_dc_data: pv#_dc_data
voltage_cell: voltage_cell_#
temperature: temp_current temp temper tem temperature_# temp# temp_value temperature_current current_temp
    current_temperature temp_current_# cur_temp ch#_temp ch#temp sub#_temp t# temp_current_sub# temp_zone_#
    ambient_temp temperature_current_# temp_current_f temperature_f tempf cur_temp_f f_temp
temperature_a: temp_a
temperature_b: temp_b
temperature_c: temp_c
temperature_n: temp_n
temperature_probe: probe_temperature temperature_probe_# probe_temp probe#_temp
temperature_floor: floor_temp floor_temperature floortemp temp_floor
temperature_external: ext_temperature external_temperature temp_current_external temp_current_external_# out_temp_sensor
    temp_external
temperature_indoor: temp_indoor indoor_temperature indoor_temp room_temperature
temperature_outdoor: temp_outdoor outdoor_temperature outdoor_temp
temperature_inlet: inlet_temperature inlet_temp temp_inlet water_inlet_temperature
temperature_outlet: outlet_temperature outlet_temp effluent_temp temp_effluent water_outlet_temperature effluent_temp_f
temperature_return: return_temperature return_temp return_water_temperature backwater
temperature_coil: coil_temperature coiler_temp coil_temp coiler_temp_f
temperature_exhaust: exhaust_temperature venting_temp exhaust_temp venting_temp_f
temperature_suction: suction_temperature suction_temp
temperature_discharge: discharge_temperature discharge_temp
temperature_evaporator: evaporator_temperature
temperature_ambient: ambient_temperature around_temp temp_around around_temp_f
temperature_water: water_temperature water_temp
temperature_heat_sink: heat_sink_temperature
temperature_tank: tank_temperature
temperature_top: temp_top top_temp_f top_temp
temperature_bottom: temp_bottom bottom_temp_f bottom_temp
setpoint: temp_set set_temp settemp temperature_set target_temperature temp_target temp_set_f temp_set_# set_temperature
    setpoint_# temp_set_f_# cooking_temperature cook_temperature
setpoint_min: lower_temp set_temp_min min_temperature_limit temperature_min_set min_temperature temp_min low_temp_limit
    min_set_temp
setpoint_max: upper_temp set_temp_max max_temperature_limit temperature_max_set max_temperature temp_max max_settemp
    high_temp_limit
comfort: comfort_temp comfort_temperature
eco: eco_temp eco_mode eco_temperature
holiday: holiday_temp_set holiday_temp holiday_temperature settemp_holiday holiday_days_set days_holiday holiday_days
frost_protection: anti_frost frost_set anti_frost_temperature frost_protection_temperature antifrost
away: away_mode
mode: work_mode work_mode_# device_mode run_mode set_mode mode_set mode_# mode# mode_l# system_mode control_mode
    program_mode programming_mode
state: work_state work_status working_status run_state device_status device_state status state_# status_# work_state_#
    running_state machine_state status_a
state_b: status_b
state_c: status_c
manual: manual_mode
temperature_correction: temp_calibration temp_correction temperature_calibration temp_calib room_temp_compensate
    temperature_correction_f temp_calibration_f compensation_error_#
humidity_correction: humidity_calibration hum_calibration soil_calibration
hysteresis: temperature_hysteresis temp_hysteresis deadzonetemp deadzone_temperature switch_diff temperature_delta
temperature_unit: c_f temp_unit temp_unit_convert temperature_unit_convert temperature_scale unit_set
temperature_alarm: temp_alarm temperature_warning
temperature_alarm_max: maxtemp_set max_temperature_alarm alarm_temperature_max temp_warn_max max_temp_alarm
temperature_alarm_min: minitemp_set min_temperature_alarm alarm_temperature_min temp_warn_min
temperature_sensitivity: temp_sensitivity
temperature_sampling: temp_sampling
temperature_sensor: sensor_choose sensor_mode sensor_select
humidity: humidity_value humidity_current humidity_# humidity_value_sub# ch#_humi ch#hum sub#_hum ch#_humidity hum
    cur_humidity rh_current
humidity_outdoor: humidity_outdoor_#
humidity_target: humidity_set dehumidify_set_value dehumidity_set humidity_set_#
humidity_alarm: hum_alarm humidity_warning
humidity_alarm_max: maxhum_set max_humidity_alarm rh_warn_max
humidity_alarm_min: minihum_set min_humidity_alarm rh_warn_min
humidity_sensitivity: hum_sensitivity
window_detection: window_check open_window window_function
window_open: window window_state
window_open_time: open_window_time window_time
window_open_temperature: open_window_temperature window_temp
boost: boost_heating auto_boost
boost_time: boost_timeset_countdown rapid_countdown
fan_speed: windspeed fan_speed_enum wind_speed_enum fan_level fan_#_speed fan_speed_# speed_fan fan_speed_percent
fan_mode: mode_fan
fan_countdown: fan_countdown_left
swing: swing_mode
swing_horizontal: switch_horizontal fan_horizontal swing_horizontal_mode
sleep: sleep_switch
defrost: defrost_status defrost_state
ion: anion
filter_life: filter_life_left
compressor_speed: compressor_strength
compressor_frequency: compressor_freq
compressor_state: compressor_status
expansion_valve: eev_opening main_valve
workdays: work_days working_day
open: contact doorcontact_state closed door_open garage_door_open
water: watersensor_state water_leak dry water_warning rainwater
smoke: smoke_sensor_state smoke_sensor_status
gas: gas_sensor_state gas_sensor_status
co_alarm: co_state carbon_monoxide co_status
co: co_value
co2: co2_value
voc: voc_value tvoc tvoc_value
formaldehyde: ch2o_value ch2o hcho formaldehyde_value hcho_value
pm25: pm25_value pm2_5
pm10: pm10_value
pm1: pm1_value
gas_value: gas_sensor_value con
smoke_value: smoke_sensor_value
air_quality: airquality air_quality_level
motion: pir pir_state motion_state_
presence: presence_1
presence_state: human_motion_state motion_state
occupied_time: presence_time
vacant_time: none_delay_time
tampered: temper_alarm tamper_alarm tamper
vibration: shock_state shake
illuminance: illuminance_value bright_value_lux brightness_lux ilum_value light_intensity illuminance_#
illuminance_correction: illuminance_calibration
motion_sensitivity: move_sensitivity motion_detection_sensitivity movesensitivity
presence_sensitivity: static_detection_sensitivity motionless_sensitivity breathsensitivity
detection_min: near_detection minimum_range detection_distance_min detection_near detection_range_min
detection_max: far_detection maximum_range detection_distance_max detection_distance detection_range set_detection_distance
    detection_far
distance: target_dis_closest target_distance dis_current distance_current
mute: muffling silence
self_test: self_checking
self_test_result: checking_result test_bit_
test_result: test_bit
soil_moisture: moisture humidity_soil
wind_speed: windspeed_avg
wind_gust: windspeed_gust
pressure: atmospheric_pressture air_pressure air_pressure_index atmospheric_pressure
conductivity: ec ec_current ec_value conductivity_value
ph: ph_current ph_value
orp: orp_current orp_value
tds: tds_current tds_in
salinity: salinity_current salt_value
water_total: water_consumed total_water
water_session: water_once
liquid_level: liquid_level_percent
signal: signal_strength rssi
action: action_# action_l# switch#_value control state_button scene_#_
position: position_# position_c# cover_position_l# percent_state position_state
position_target: percent_control percent_control_#
position_best: favorite_position best_position
motor_direction: control_back control_back_# control_back_mode motor_steering reverse_direction direction_control
limit: cover_limit border set_upper_limit
travel_time: time_total tr_timecon quick_calibration_#
calibration: cur_calibration
brightness: bright_value brightness_# bright_value_# brightness_l#
brightness_min: min_brightness brightness_min_# min_brightness_l# brightness_min_l#
brightness_max: max_brightness brightness_max_# max_brightness_l#
light_type: led_type led_type_# light_type_l#
scene: scene_data scene_#
colour: colour_data color
music: music_data mic_music_data
gradient: switch_gradient
pixels: light_pixel lightpixel_number_set
volume: volume_set basic_device_volume doorbell_volume beep_volume
siren: siren_switch ipc_auto_siren
alarm_enabled: alarm_switch
alarm_message: alarm_msg
alarm_delay: alarm_delay_time
alarm: alarm_status alarm_state alarmtype
lock: blelock_switch
opened_by_fingerprint: unlock_fingerprint
opened_by_password: unlock_password
opened_by_card: unlock_card
opened_by_app: unlock_phone_remote unlock_app
opened_by_key: unlock_key
opened_by_bluetooth: unlock_ble
opened_by_temporary_password: unlock_temporary
opened_by_dynamic_password: unlock_dynamic
duress: hijack
irrigation_time: irrigation_time_# valve_#_irrigation_time
weather_delay: weather_delay# weather_delay_#
weather: smart_weather
error: error_data
firmware: system_version soft_version software_version firmware_version version device_version mcu_version
screen_brightness: display_brightness backlight_brightness backlight_lightness lightness
screen_orientation: screen_rotation
zone: zone_#
delay: delay_time delay_set delays_time
sampling_interval: interval_time
sd_storage: sd_storge
valve: valve_# valve_l#
power_limit: power_set
charging: switch_charge
image_flip: basic_flip
night_vision: basic_nightvision
watermark: basic_osd
privacy: basic_private
recording: record_switch
motion_detection: motion_switch
motion_image: movement_detect_pic
sound_detection: decibel_switch
sound_sensitivity: decibel_sensitivity
message: initiative_message
pan_tilt: ptz_control
pan_tilt_stop: ptz_stop
fan_on: fan_switch
radar_on: radar_switch
screen_on: display
led: led_switch
brush_life: edge_brush_life roll_brush_life
brush_reset: edge_brush_life_reset roll_brush_life_reset
schedule_workdays: prog_workday# workday_prog
over_current_limit: over_current_setting oc_set
over_voltage_limit: over_voltage_setting ov_set
under_voltage_limit: under_voltage_setting uv_set
overload_limit: over_power_setting op_set
sleep_mode: sleep_mode
filter_reset: filter_clean
temperature_board: ntc_temperature charger_temperature
current_a_calibration: coef_a
"""

# Maker's identifiers that say what a data point is, whatever else the facts call it.
_CODES = """
temperature: temp_current_f va_temperature
humidity: va_humidity
position: percent_state
position_target: percent_control
setpoint_min: lower_temp
setpoint_max: upper_temp
energy_session: device_kwh
energy_import: ele electric electric_total add_ele forward_energy_total active_energy_total total_ele add_ele_1 add_ele_2
    total_energy1 add_ele1 add_ele2
energy_export: reverse_energy_total
clear_energy: clr_all_energy clear_total_energy
"""

_WORDS: Mapping[str, str] = {
    "temp": "temperature",
    "hum": "humidity",
    "humi": "humidity",
    "batt": "battery",
    "bat": "battery",
    "volt": "voltage",
    "curr": "current",
    "pwr": "power",
    "pow": "power",
    "color": "colour",
    "bright": "brightness",
    "calib": "calibration",
    "cali": "calibration",
    "calibretion": "calibration",
    "engery": "energy",
    "swtich": "switch",
    "storge": "storage",
    "creat": "create",
    "dispaly": "display",
    "baut": "baud",
    "moisure": "moisture",
    "overchare": "overcharge",
    "repeate": "repeat",
    "sigle": "single",
    "electricity": "energy",
    "poewr": "power",
    "voltag": "voltage",
    "circult": "circuit",
    "pressture": "pressure",
}

_UNIT: Mapping[str, str] = {
    "km_h": "kmh", "kph": "kmh", "ug_m3": "ugm3", "ugm": "ugm3", "mg_m3": "mgm3", "mgm": "mgm3", "us": "uScm",
    "uS_cm": "uScm", "Scm": "uScm", "mscm": "mScm", "d": "days", "Hrs": "h", "hor": "h", "VAC": "V", "VDC": "V",
    "Volt": "V", "DegC": "C", "c": "C", "01V": "V", "01A": "A", "01kW": "W", "001kWh": "Wh", "01L": "L", "KVAH": "kVAh",
    "PSI": "psi", "lbs": "lb", "Ibs": "lb", "gpm": "galmin", "gm": "mgm3", "gm3": "ugm3", "ml": "mL", "01Lmin": "Lmin",
    "klux": "klux", "Klux": "klux",
}  # fmt: skip

# Units that are labels in the maker's app and no unit: levels, steps, counts.
_NO_UNIT = frozenset(
    [
        "x",
        "X",
        "times",
        "P",
        "step",
        "SG",
        "CF",
        "Lv",
        "rs",
        "gg",
        "g30ml",
        "mth",
        "001",
        "0199999",
        "pH",
        "ph",
        "pcs",
        "pulse",
        "r",
        "cycles",
        "DLI",
        "perkWh",
        "m3hlminlmpgpmusgpm",
        "m3hlminimpgpmusgpm",
        "mlday",
        "mLday",
        "mg",
        "mh",
        "galh",
    ]
)


def _table(text: str) -> dict[str, tuple[str, bool]]:
    """Pattern of a name → (its word, whether it is numbered)."""
    found: dict[str, tuple[str, bool]] = {}
    word = ""
    for token in text.split():
        if token.endswith(":"):
            word = token[:-1]
        else:
            found[token] = (word, "#" in token)
    return found


ALIASES = _table(_ALIASES)
CODES = _table(_CODES)


# Groups of the vocabulary whose second of a kind is numbered: power_2_W, on_2.
COUNTED = frozenset({"Switches", "Mains", "Energy"})


def key_of(table: RawTable, raw: RawRow, taken: set[str]) -> str:
    """The key, other than those that are taken."""
    raw_name, unit = split(raw)
    name, number = raw_name, ""
    code = snake(raw.code)
    if CODES.get(code):
        name = CODES[code][0]
    elif word_of(joined(name, unit)) is None or ALIASES.get(name):
        name, number = renamed(name)
    name = special(table, raw, name)
    if name == "energy_import" and not unit:
        name = "energy"
    if name.startswith("unknown") or re.fullmatch(r"dp_?\d*", name):
        return f"dp_{raw.dp}"
    if (first := joined(name + number, unit)) not in taken:
        return first
    own, own_number = renamed(code)
    if own and word_of(second := joined(own + own_number, unit)) and second not in taken:
        return second
    group = word_of(first)
    for one in () if group and group.group in COUNTED else (code, raw_name):
        if one and (third := joined(one, unit)) not in taken:
            return third
    count = 2
    while joined(f"{name}_{count}", unit) in taken:
        count += 1
    return joined(f"{name}_{count}", unit)


def split(raw: RawRow) -> tuple[str, str]:
    """A raw key without its unit and without the number of its data point; and the unit as we write it."""
    name = raw.key
    if raw.unit and name.endswith(f"_{raw.unit}"):
        name = name[: -len(raw.unit) - 1]
    elif raw.unit and re.search(rf"_{raw.unit}_\d+$", name):
        name = name[: name.rindex(f"_{raw.unit}_")]
    if not re.search(rf"_{raw.dp}(_|$)", raw.code) and not re.search(rf"\D{raw.dp}(\D|$)", raw.code):
        name = re.sub(rf"_{raw.dp}(?=_|$)", "", name) or name
    unit = "" if raw.unit in _NO_UNIT else _UNIT.get(raw.unit, raw.unit)
    stem, _, last = name.rpartition("_")
    if not raw.unit and stem and last in UNITS and word_of(name):
        name, unit = stem, last
    return snake(name), unit if unit in UNITS else ""


def renamed(name: str) -> tuple[str, str]:
    """The vocabulary's word for a name, and which of several it is (``_2``)."""
    for one in (name, re.sub(r"\d+", "#", name, count=1)):
        if one in ALIASES:
            word, numbered = ALIASES[one]
            usb = "usb" if "usb" in one else ""
            found = re.search(r"\d+", name) if numbered else None
            return word, f"_{usb}{int(found[0])}" if found else ""
    words = [_WORDS.get(word, word) for word in name.split("_")]
    written = "_".join(words)
    if written != name:
        return renamed(written)
    moved = re.fullmatch(r"([a-z_]+)_temperature", name)
    if moved and word_of(f"temperature_{moved[1]}_C"):
        return f"temperature_{moved[1]}", ""
    state = re.fullmatch(r"(state_[a-z])(\d{1,2})", name)
    if state:
        return state[1], f"_{state[2]}"
    numbered_name = re.fullmatch(r"([a-z][a-z_]*?)_?l?(\d{1,2})", name)
    if numbered_name and (word_of(numbered_name[1]) or word_of(numbered_name[1] + "_C")):
        return numbered_name[1], f"_{int(numbered_name[2])}"
    return name, ""


def special(table: RawTable, raw: RawRow, name: str) -> str:
    """Names that the type decides."""
    if raw.type == "bool" and raw.enum in ("true:heat false:off", "true:ON false:OFF") and name in ("mode", "state"):
        return "on"
    if raw.table.startswith("Z") and re.fullmatch(r"state_?[a-z]?", name) and raw.type in ("bool", "enum"):
        return "on" if raw.type == "bool" else "action" if "OPEN" in raw.enum.upper() else name
    if name == "position" and "w" in ACCESS_OF[raw.access] and raw.dp in ("2", "8") and table.kind == "curtain":
        return "position_target"
    if name == "switch_mode":
        return "mode"
    return name


ACCESS_OF = {"rw": "rw", "ro": "r", "wo": "w"}


def snake(code: str) -> str:
    """``SetTemper C`` → ``set_temper_c``; a name that begins with a digit gets an underscore-free prefix."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", code)
    words = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").lower()
    return f"n{words}" if words[:1].isdigit() else words


def joined(name: str, unit: str) -> str:
    """Name and unit. A name whose last part would be read as a unit gets a neutral end."""
    if unit:
        return f"{name}_{unit}"
    return f"{name}_value" if name.rpartition("_")[2] in UNITS and "_" in name else name
