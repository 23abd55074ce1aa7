"""The command table of the Tuya Wi-Fi dialect. The controller is the module, the device the MCU.

Source: docs/protocols/tuya_wifi.md §2.4, §2.5. Where only a name is known, the payload is "not known".
"""

from unclouded.core.family import Initiator, Sender
from unclouded.families.tuya.line.command import (
    ANSWER_TIMEOUT_S,
    BLOCK_TIMEOUT_S,
    BLOCK_TRIES,
    SCAN_TIMEOUT_S,
    SLOW_ANSWER_TIMEOUT_S,
    STORE_TIMEOUT_S,
    CommandSpec,
    CommandTable,
    Payload,
    bulk,
    json,
    none,
    short,
    units,
)
from unclouded.families.tuya.line.redact import Secret, hidden_in, redact
from unclouded.families.tuya.messages import (
    Unknown,
    read_bare,
    read_data_points,
    read_gmt,
    read_local_time,
    read_network,
    read_product,
    read_result,
)
from unclouded.families.tuya.update.messages import read_block, read_start
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.messages import read_heartbeat, read_mode, read_reset_mode, read_signal
from unclouded.families.tuya.wifi.service_reader import (
    exact,
    read_acknowledgement,
    read_bluetooth_test,
    read_credentials,
    read_features,
    read_file_info,
    read_file_ready,
    read_file_start,
    read_mac,
    read_map,
    read_maps,
    read_memory,
    read_module_info,
    read_module_query,
    read_record,
    read_sub,
    read_sub_byte,
    read_sub_result,
    read_time_notice,
    read_unix_record,
    read_weather,
    read_weather_answer,
    read_weather_names,
    read_wifi_test,
)

HEARTBEAT_TIMEOUT_S = 3.0  # then the MCU is offline; docs/protocols/tuya_wifi.md §2.3.2
HEARTBEAT_TRIES = 3  # one second apart; docs/protocols/tuya_wifi.md §2.3.2
START_TRIES = 5  # of a step of the start; docs/protocols/tuya_wifi.md §2.3.2

MODULE: Sender = "controller"
MCU: Sender = "device"
BOTH: Initiator = "both"

PUSHED_TIME = "modules may push the time"
PUSHED_MODE = "MCUs of version 1 use it as an event"

nothing = short("nothing", 0, read_bare)
reported = none("none of its own: 07 reports")
acknowledged = short("nothing", 1, read_acknowledgement)  # the sub-command alone
points = units("data points", read_data_points)
transfer = Payload("not known", read=read_sub)
contents = Payload("not known", read=read_sub, secret=Secret(head=1))  # files of the owner
SECRET = Payload("not known", secret=Secret())
CREDENTIALS = ("ssid", "password", "passwd", "pwd", "psk", "token", "key", "url")  # members of JSON
start = bulk("4 bytes: size; MD5, channel, version", exact(read_start))
start_of_file = Payload("as 0a", read=exact(read_start))
started = short("1 byte: 0 = 256, 1 = 512, 2 = 1024 bytes a block", 1, read_result)
block = bulk("4 bytes: offset (a channel before it); data", exact(read_block))

MAIN = (
    CommandSpec(
        codes.HEARTBEAT,
        "heartbeat",
        MODULE,
        nothing,
        short("1 byte: 0 = first answer after a restart, 1 = any other", 1, read_heartbeat),
        timeout_s=HEARTBEAT_TIMEOUT_S,
        tries=HEARTBEAT_TRIES,
        shortest_answer=1,
    ),
    CommandSpec(
        codes.PRODUCT,
        "product info",
        MODULE,
        nothing,
        json("JSON p, v, m …; old MCUs: 16 characters and x.y.z", read_product),
        timeout_s=ANSWER_TIMEOUT_S,
        tries=START_TRIES,
        shortest_answer=1,
    ),
    CommandSpec(
        codes.MODE,
        "working mode",
        MODULE,
        nothing,
        short("nothing, or 2 or 3 bytes: LED pin, key pin, BLE LED pin", 3, read_mode),
        timeout_s=ANSWER_TIMEOUT_S,
        tries=START_TRIES,
        pushed=PUSHED_MODE,
    ),
    CommandSpec(
        codes.NETWORK,
        "network status",
        MODULE,
        short("1 byte: 0 to 6", 1, read_network),
        nothing,
        timeout_s=ANSWER_TIMEOUT_S,
        tries=START_TRIES,
    ),
    CommandSpec(codes.RESET, "reset Wi-Fi", MCU, nothing, nothing, timeout_s=ANSWER_TIMEOUT_S),
    CommandSpec(
        codes.RESET_MODE,
        "reset Wi-Fi, choose pairing",
        MCU,
        short("1 byte: 0 EZ, 1 AP", 1, read_reset_mode),
        nothing,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.SET,
        "set data points",
        MODULE,
        points,
        reported,
        answered_by=codes.REPORT,
        timeout_s=ANSWER_TIMEOUT_S,
        by_points=True,
    ),
    CommandSpec(codes.REPORT, "report", MCU, points, none()),
    CommandSpec(
        codes.QUERY,
        "query all",
        MODULE,
        nothing,
        reported,
        answered_by=codes.REPORT,
        timeout_s=ANSWER_TIMEOUT_S,
        tries=START_TRIES,
        by_points=True,
    ),
    CommandSpec(
        codes.UPDATE_START, "update start", MODULE, start, started, timeout_s=BLOCK_TIMEOUT_S, tries=BLOCK_TRIES
    ),
    CommandSpec(
        codes.UPDATE_BLOCK, "update block", MODULE, block, nothing, timeout_s=BLOCK_TIMEOUT_S, tries=BLOCK_TRIES
    ),
    CommandSpec(
        codes.GMT,
        "time (GMT)",
        MCU,
        nothing,
        short("7 bytes: ok, year - 2000, month, day, hour, minute, second", 7, read_gmt),
        timeout_s=ANSWER_TIMEOUT_S,
        pushed=PUSHED_TIME,
    ),
    CommandSpec(codes.FACTORY_MODE, "factory mode", BOTH),
    CommandSpec(
        codes.WIFI_TEST,
        "Wi-Fi test",
        MCU,
        nothing,
        short("2 bytes: 1 and signal in percent, or 0 and why not", 2, read_wifi_test),
        timeout_s=SCAN_TIMEOUT_S,
    ),
    CommandSpec(
        codes.MEMORY, "free memory", MCU, nothing, short("4 bytes", 4, read_memory), timeout_s=ANSWER_TIMEOUT_S
    ),
    CommandSpec(
        codes.LOCAL_TIME,
        "time (local)",
        MCU,
        nothing,
        short("8 bytes: as 0c, and the weekday, 1 = Monday", 8, read_local_time),
        timeout_s=ANSWER_TIMEOUT_S,
        pushed=PUSHED_TIME,
    ),
    CommandSpec(codes.NB_FILE_START, "file download start (NB-IoT)", MODULE),
    CommandSpec(codes.NB_FILE_BLOCK, "file download block (NB-IoT)", MODULE),
    CommandSpec(
        codes.WEATHER_ON,
        "weather on",
        MCU,
        Payload("names, each with its length", read=read_weather_names),
        short("2 bytes: 1 0, or 0 and why not", 2, read_weather_answer),
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.WEATHER,
        "weather data",
        MODULE,
        Payload("1 byte: 1; names, types and values", read=read_weather),
        nothing,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.SYNC_REPORT,
        "synchronous report",
        MCU,
        points,
        none("none of its own: 23 answers"),
        answered_by=codes.SYNC_RESULT,
        timeout_s=STORE_TIMEOUT_S,
    ),
    CommandSpec(
        codes.SYNC_RESULT,
        "synchronous report's answer",
        MODULE,
        short("1 byte: 0 failed, 1 done", 1, read_result),
        none(),
    ),
    CommandSpec(
        codes.SIGNAL,
        "signal strength",
        MCU,
        nothing,
        short("1 byte: dBm, signed; 0 = failed", 1, read_signal),
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(codes.STOP_HEARTBEATS, "stop heartbeats", MCU, nothing, nothing, timeout_s=ANSWER_TIMEOUT_S),
    CommandSpec(
        codes.MAP,
        "map stream",
        MCU,
        bulk("2 bytes: id; 4 bytes: offset; data", read_map),
        short("1 byte: 0 = done", 1, read_result),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.PAIRING,
        "pairing over the line",
        MCU,
        json("JSON s, p, t", read_credentials, Secret()),
        short("1 byte: 0 to 3", 1, read_result),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.NETWORK_QUERY,
        "network status asked for",
        MCU,
        nothing,
        short("1 byte, as 03", 1, read_network),
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.CONNECTION_TEST,
        "connection test",
        MCU,
        json("JSON ssid, password", read_credentials, Secret()),
        short("1 byte: 0 bad JSON, 1 accepted", 1, read_result),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.MAC, "module's MAC", MCU, nothing, short("7 bytes: 0 = ok; MAC", 7, read_mac), timeout_s=ANSWER_TIMEOUT_S
    ),
    CommandSpec(
        codes.INFRARED,
        "infrared status",
        MODULE,
        short("1 byte: 0 to 3", 1, read_result),
        nothing,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.INFRARED_TEST,
        "infrared test",
        MCU,
        nothing,
        short("1 byte: 0 done, 1 failed", 1, read_result),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.MAPS,
        "several maps' stream",
        MCU,
        bulk("version, id, sub-id, mode, offset, data", read_maps),
        short("1 byte: 0 or 1", 1, read_result),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.FILE_START,
        "file download start (old)",
        MODULE,
        start_of_file,
        short("as 0a", 1, read_result),
        timeout_s=BLOCK_TIMEOUT_S,
        tries=BLOCK_TRIES,
    ),
    CommandSpec(
        codes.FILE_BLOCK,
        "file download block (old)",
        MODULE,
        bulk("as 0b", exact(read_block)),
        short("as 0b", 0, read_bare),
        timeout_s=BLOCK_TIMEOUT_S,
        tries=BLOCK_TRIES,
    ),
    CommandSpec(codes.RADIO_REMOTE, "radio remote", BOTH, SECRET, SECRET),  # codes of remote controls
)

EXTENDED = (
    CommandSpec(
        codes.EXTENDED,
        "time notices on",
        MCU,
        short("1 byte: 0 GMT, 1 local", 2, read_sub_byte),
        short("1 byte: 0 = done", 2, read_sub_result),
        codes.TIME_NOTICES_ON,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.EXTENDED,
        "time notice",
        MODULE,
        short("type and time, 8 bytes", 9, read_time_notice),
        acknowledged,
        codes.TIME_NOTICE,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.EXTENDED,
        "weather wanted",
        MCU,
        acknowledged,
        short("1 byte: 0 = done; then 21", 2, read_sub_result),
        codes.WEATHER_NOW,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.EXTENDED,
        "reset notices on",
        MCU,
        acknowledged,
        short("1 byte: 0 done, 1 failed", 2, read_sub_result),
        codes.RESET_NOTICES_ON,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.EXTENDED,
        "reset notice",
        MODULE,
        short("1 byte: 0 local, 1 app, 2 factory", 2, read_sub_result),
        acknowledged,
        codes.RESET_NOTICE,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(codes.EXTENDED, "map session id", MCU, sub=codes.MAP_SESSION),
    CommandSpec(
        codes.EXTENDED,
        "module info",
        MCU,
        Payload("codes, ff = all", read=read_module_query),
        Payload("1 byte: 0 done, 1 failed; JSON", read=read_module_info, secret=Secret(head=2)),
        codes.MODULE_INFO,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(codes.EXTENDED, "log level", BOTH, sub=codes.LOG_LEVEL),
    CommandSpec(codes.EXTENDED, "update under way", MODULE, sub=codes.UPDATE_STATE),
    CommandSpec(
        codes.EXTENDED,
        "record report",
        MCU,
        Payload("1, kind of time, 6 bytes of time, data points", read=read_record),
        short("1 byte: 0, 2 or 3", 2, read_sub_result),
        codes.RECORD,
        timeout_s=STORE_TIMEOUT_S,
    ),
    CommandSpec(codes.EXTENDED, "serial bus", BOTH, sub=codes.SERIAL_BUS),
    CommandSpec(codes.EXTENDED, "Wi-Fi remote", BOTH, sub=codes.WIFI_REMOTE),
)

BLUETOOTH = (
    CommandSpec(
        codes.BLUETOOTH,
        "Bluetooth scan test",
        MCU,
        acknowledged,
        short("2 bytes: result, signal", 3, read_bluetooth_test),
        codes.BLUETOOTH_TEST,
        timeout_s=SCAN_TIMEOUT_S,
    ),
    CommandSpec(
        codes.BLUETOOTH,
        "Bluetooth state",
        MODULE,
        short("1 byte: 0 to 4", 2, read_sub_result),
        short("not known", 1, read_acknowledgement),
        codes.BLUETOOTH_STATE,
    ),
    CommandSpec(
        codes.BLUETOOTH,
        "Bluetooth state asked for",
        MCU,
        acknowledged,
        short("not known", 2, read_sub_result),
        codes.BLUETOOTH_STATE_QUERY,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(codes.BLUETOOTH, "Bluetooth remote's data", MODULE, sub=codes.BLUETOOTH_REMOTE),
    CommandSpec(codes.BLUETOOTH, "Bluetooth bind or unbind", BOTH, sub=codes.BLUETOOTH_BIND),
    CommandSpec(codes.BLUETOOTH, "Bluetooth sub-device's data", MODULE, sub=codes.BLUETOOTH_SUB_DEVICE),
    CommandSpec(codes.BLUETOOTH, "Bluetooth remote's data points", BOTH, sub=codes.BLUETOOTH_REMOTE_POINTS),
)

FILES = (
    CommandSpec(
        codes.FEATURES,
        "new features",
        MCU,
        bulk("JSON mcu_ota, abv, ir, buf, b_nm", read_features, secret=Secret(1, CREDENTIALS)),
        short("1 byte: 0 to 2", 2, read_sub_result),
        codes.FEATURES_REPORT,
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.FEATURES,
        "file download start",
        MODULE,
        short("1 byte: 1", 2, read_file_start),
        short("2 bytes: result, code of size", 3, read_file_ready),
        codes.FILE_DOWNLOAD,
        timeout_s=BLOCK_TIMEOUT_S,
    ),
    CommandSpec(
        codes.FEATURES,
        "file info",
        MODULE,
        bulk("JSON name, id, no, len, type …", read_file_info, secret=Secret(1, CREDENTIALS)),
        transfer,
        codes.FILE_INFO,
        timeout_s=BLOCK_TIMEOUT_S,
    ),
    CommandSpec(codes.FEATURES, "file data", MODULE, contents, contents, codes.FILE_DATA, timeout_s=BLOCK_TIMEOUT_S),
    CommandSpec(codes.FEATURES, "file start or stop", MCU, contents, contents, codes.FILE_CONTROL),
    CommandSpec(codes.FEATURES, "file result", BOTH, contents, contents, codes.FILE_RESULT),
    CommandSpec(
        codes.FEATURES, "file upload start", MODULE, contents, contents, codes.FILE_UPLOAD, timeout_s=BLOCK_TIMEOUT_S
    ),
    CommandSpec(codes.FEATURES, "file upload data", MCU, contents, contents, codes.FILE_UPLOAD_DATA),
    CommandSpec(codes.FEATURES, "file transfer result", BOTH, contents, contents, codes.FILE_TRANSFER_RESULT),
)

NAMED_ONLY = (
    CommandSpec(codes.EXTENDED_POINTS, "extended data points start", BOTH, sub=0x01),
    CommandSpec(codes.EXTENDED_POINTS, "extended data points set", MODULE, sub=0x02),
    CommandSpec(codes.EXTENDED_POINTS, "extended data points report", MCU, sub=0x03),
)

PRODUCT_TESTS = (
    CommandSpec(codes.INFRARED_THERMOSTAT, "infrared thermostat", BOTH, sub=0x01),
    CommandSpec(codes.PRODUCT_TEST, "product test state", BOTH, sub=0x00),
    CommandSpec(codes.PRODUCT_TEST, "product test key", BOTH, sub=0x03),
    CommandSpec(codes.PRODUCT_TEST, "product test LED", BOTH, sub=0x04),
    CommandSpec(codes.PRODUCT_TEST, "product test pass-through", BOTH, sub=0x05),
    CommandSpec(codes.PRODUCT_TEST, "product test module state", BOTH, sub=0x06),
    CommandSpec(codes.PRODUCT_TEST, "product test result", BOTH, sub=0x07),
    CommandSpec(codes.LOW_UPDATE_REQUEST, "update request (low power)", BOTH),
    CommandSpec(codes.LOW_UPDATE_STATE, "update state (low power)", BOTH),
    CommandSpec(codes.MAP_16_BIT, "map stream, 16-bit", MCU),
)

VOICE = (
    CommandSpec(
        codes.VOICE,
        "voice state",
        MCU,
        Payload("not known", read=read_bare),
        short("1 byte: 0 idle to 6 failed", 1, read_result),
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.MICROPHONE,
        "voice microphone",
        MCU,
        response=Payload("not known", read=read_result),
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(
        codes.VOLUME,
        "voice volume",
        MCU,
        Payload("1 byte: 0 to 10"),
        Payload("not known", read=read_result),
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(codes.AUDIO_TEST, "voice audio test", MCU, timeout_s=ANSWER_TIMEOUT_S),
    CommandSpec(
        codes.WAKE_TEST,
        "voice wake test",
        MCU,
        Payload("not known", read=read_bare),
        Payload("not known", read=read_result),
        timeout_s=ANSWER_TIMEOUT_S,
    ),
    CommandSpec(codes.VOICE_EXTENSIONS, "voice extensions", BOTH),
)

REST = (
    CommandSpec(codes.MATTER, "Matter", BOTH, SECRET, SECRET),  # pairing codes
    CommandSpec(codes.CLOUD_STORAGE, "cloud storage", BOTH),
    CommandSpec(codes.IOT_NETWORK, "IoT network", BOTH),
    CommandSpec(codes.FAN, "fan test", BOTH, sub=0x01),
    CommandSpec(codes.FAN, "fan duty", BOTH, sub=0x02),
    CommandSpec(codes.ACCESS_POINT_TEST, "access point pass-through test", BOTH),
    CommandSpec(codes.POINT_CACHE, "data point cache", BOTH),
    CommandSpec(codes.HIBERNATE, "hibernate notice", BOTH, sub=0x00),
    CommandSpec(codes.HIBERNATE, "wake", BOTH, sub=0x01),
    CommandSpec(codes.HIBERNATE, "hibernate request", BOTH, sub=0x02),
    CommandSpec(codes.OFFLINE_VOICE, "offline voice", BOTH),
    CommandSpec(
        codes.UNIX_RECORD,
        "record report (Unix time)",
        MCU,
        Payload("3, 13 digits: Unix milliseconds, data points", read=read_unix_record),
    ),
    CommandSpec(codes.USER, "user's own", BOTH),
    CommandSpec(codes.FACTORY_SETTINGS, "factory settings", BOTH),
)

WIFI = CommandTable(
    "wifi",
    (*MAIN, *EXTENDED, *BLUETOOTH, *NAMED_ONLY, *FILES, *PRODUCT_TESTS, *VOICE, *REST),
    Unknown,
    {
        codes.EXTENDED: "extended service",
        codes.BLUETOOTH: "Bluetooth",
        codes.EXTENDED_POINTS: "extended data points",
    },
)

read_message = WIFI.read


def wifi_redact(sender: Sender | None, data: bytes) -> bytes:
    """The same bytes with Wi-Fi names, passwords and tokens blanked, whoever sends them."""
    return redact(WIFI.secrets, data)


def wifi_hidden(sender: Sender | None, before: bytes, data: bytes) -> bytes:
    """Which bytes are not to be shown, whoever sends them."""
    return hidden_in(WIFI.secrets, before, data)
