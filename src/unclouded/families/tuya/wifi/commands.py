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
from unclouded.families.tuya.line.fields import CHANNEL, CLOCK, COUNTED_MANY, DATE, JSON, POINTS, REST, WEATHER, each
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
start_fields = (("size", 4), ("md5", 32), ("channel", 1), ("version", 3))
start = bulk("4 bytes: size; MD5, channel, version", exact(read_start), fields=start_fields)
start_of_file = Payload("as 0a", read=exact(read_start), fields=start_fields)
started = short("1 byte: 0 = 256, 1 = 512, 2 = 1024 bytes a block", 1, read_result, each("code"))
block_fields = (("channel", CHANNEL), ("offset", 4), ("data", REST))
block = bulk("4 bytes: offset (a channel before it); data", exact(read_block), fields=block_fields)

MAIN = (
    CommandSpec(
        codes.HEARTBEAT,
        "heartbeat",
        MODULE,
        nothing,
        short("1 byte: 0 = first answer after a restart, 1 = any other", 1, read_heartbeat, each("restarted")),
        timeout_s=HEARTBEAT_TIMEOUT_S,
        tries=HEARTBEAT_TRIES,
        shortest_answer=1,
        section="2.4.2",
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
        section="2.4.3",
    ),
    CommandSpec(
        codes.MODE,
        "working mode",
        MODULE,
        nothing,
        short(
            "nothing, or 2 or 3 bytes: LED pin, key pin, BLE LED pin",
            3,
            read_mode,
            each("LED pin", "key pin", "BLE LED pin"),
        ),
        timeout_s=ANSWER_TIMEOUT_S,
        tries=START_TRIES,
        pushed=PUSHED_MODE,
        section="2.4.5",
    ),
    CommandSpec(
        codes.NETWORK,
        "network status",
        MODULE,
        short("1 byte: 0 to 6", 1, read_network, each("status")),
        nothing,
        timeout_s=ANSWER_TIMEOUT_S,
        tries=START_TRIES,
        section="2.4.6",
    ),
    CommandSpec(codes.RESET, "reset Wi-Fi", MCU, nothing, nothing, timeout_s=ANSWER_TIMEOUT_S, section="2.4.7"),
    CommandSpec(
        codes.RESET_MODE,
        "reset Wi-Fi, choose pairing",
        MCU,
        short("1 byte: 0 EZ, 1 AP", 1, read_reset_mode, each("mode")),
        nothing,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.7",
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
        section="2.4.8",
    ),
    CommandSpec(codes.REPORT, "report", MCU, points, none(), section="2.4.9"),
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
        section="2.4.10",
    ),
    CommandSpec(
        codes.UPDATE_START,
        "update start",
        MODULE,
        start,
        started,
        timeout_s=BLOCK_TIMEOUT_S,
        tries=BLOCK_TRIES,
        section="2.4.12",
    ),
    CommandSpec(
        codes.UPDATE_BLOCK,
        "update block",
        MODULE,
        block,
        nothing,
        timeout_s=BLOCK_TIMEOUT_S,
        tries=BLOCK_TRIES,
        section="2.4.12",
    ),
    CommandSpec(
        codes.GMT,
        "time (GMT)",
        MCU,
        nothing,
        short("7 bytes: ok, year - 2000, month, day, hour, minute, second", 7, read_gmt, CLOCK),
        timeout_s=ANSWER_TIMEOUT_S,
        pushed=PUSHED_TIME,
        section="2.4.13",
    ),
    CommandSpec(codes.FACTORY_MODE, "factory mode", BOTH, section="2.4.26"),
    CommandSpec(
        codes.WIFI_TEST,
        "Wi-Fi test",
        MCU,
        nothing,
        short("2 bytes: 1 and signal in percent, or 0 and why not", 2, read_wifi_test, each("ok", "code")),
        timeout_s=SCAN_TIMEOUT_S,
        section="2.4.14",
    ),
    CommandSpec(
        codes.MEMORY,
        "free memory",
        MCU,
        nothing,
        short("4 bytes", 4, read_memory, (("size", 4),)),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.15",
    ),
    CommandSpec(
        codes.LOCAL_TIME,
        "time (local)",
        MCU,
        nothing,
        short("8 bytes: as 0c, and the weekday, 1 = Monday", 8, read_local_time, (*CLOCK, *each("weekday"))),
        timeout_s=ANSWER_TIMEOUT_S,
        pushed=PUSHED_TIME,
        section="2.4.13",
    ),
    CommandSpec(codes.NB_FILE_START, "file download start (NB-IoT)", MODULE, section="2.4.26"),
    CommandSpec(codes.NB_FILE_BLOCK, "file download block (NB-IoT)", MODULE, section="2.4.26"),
    CommandSpec(
        codes.WEATHER_ON,
        "weather on",
        MCU,
        Payload("names, each with its length", read=read_weather_names, fields=(("name", COUNTED_MANY),)),
        short("2 bytes: 1 0, or 0 and why not", 2, read_weather_answer, each("ok", "why")),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.18",
    ),
    CommandSpec(
        codes.WEATHER,
        "weather data",
        MODULE,
        Payload("1 byte: 1; names, types and values", read=read_weather, fields=(*each("ok"), ("weather", WEATHER))),
        nothing,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.18",
    ),
    CommandSpec(
        codes.SYNC_REPORT,
        "synchronous report",
        MCU,
        points,
        none("none of its own: 23 answers"),
        answered_by=codes.SYNC_RESULT,
        timeout_s=STORE_TIMEOUT_S,
        section="2.4.11",
    ),
    CommandSpec(
        codes.SYNC_RESULT,
        "synchronous report's answer",
        MODULE,
        short("1 byte: 0 failed, 1 done", 1, read_result, each("code")),
        none(),
        section="2.4.11",
    ),
    CommandSpec(
        codes.SIGNAL,
        "signal strength",
        MCU,
        nothing,
        short("1 byte: dBm, signed; 0 = failed", 1, read_signal, each("dBm")),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.16",
    ),
    CommandSpec(
        codes.STOP_HEARTBEATS, "stop heartbeats", MCU, nothing, nothing, timeout_s=ANSWER_TIMEOUT_S, section="2.4.17"
    ),
    CommandSpec(
        codes.MAP,
        "map stream",
        MCU,
        bulk("2 bytes: id; 4 bytes: offset; data", read_map, fields=(("id", 2), ("offset", 4), ("data", REST))),
        short("1 byte: 0 = done", 1, read_result, each("code")),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
        section="2.4.22",
    ),
    CommandSpec(
        codes.PAIRING,
        "pairing over the line",
        MCU,
        json("JSON s, p, t", read_credentials, Secret()),
        short("1 byte: 0 to 3", 1, read_result, each("code")),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
        section="2.4.19",
    ),
    CommandSpec(
        codes.NETWORK_QUERY,
        "network status asked for",
        MCU,
        nothing,
        short("1 byte, as 03", 1, read_network, each("status")),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.6",
    ),
    CommandSpec(
        codes.CONNECTION_TEST,
        "connection test",
        MCU,
        json("JSON ssid, password", read_credentials, Secret()),
        short("1 byte: 0 bad JSON, 1 accepted", 1, read_result, each("code")),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
        section="2.4.19",
    ),
    CommandSpec(
        codes.MAC,
        "module's MAC",
        MCU,
        nothing,
        short("7 bytes: 0 = ok; MAC", 7, read_mac, (*each("ok"), ("address", 6))),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.20",
    ),
    CommandSpec(
        codes.INFRARED,
        "infrared status",
        MODULE,
        short("1 byte: 0 to 3", 1, read_result, each("code")),
        nothing,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.21",
    ),
    CommandSpec(
        codes.INFRARED_TEST,
        "infrared test",
        MCU,
        nothing,
        short("1 byte: 0 done, 1 failed", 1, read_result, each("code")),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
        section="2.4.21",
    ),
    CommandSpec(
        codes.MAPS,
        "several maps' stream",
        MCU,
        bulk(
            "version, id, sub-id, mode, offset, data",
            read_maps,
            fields=(("version", 1), ("id", 2), *each("sub", "mode"), ("offset", 4), ("data", REST)),
        ),
        short("1 byte: 0 or 1", 1, read_result, each("code")),
        timeout_s=SLOW_ANSWER_TIMEOUT_S,
        section="2.4.22",
    ),
    CommandSpec(
        codes.FILE_START,
        "file download start (old)",
        MODULE,
        start_of_file,
        short("as 0a", 1, read_result, each("code")),
        timeout_s=BLOCK_TIMEOUT_S,
        tries=BLOCK_TRIES,
        section="2.4.23",
    ),
    CommandSpec(
        codes.FILE_BLOCK,
        "file download block (old)",
        MODULE,
        bulk("as 0b", exact(read_block), fields=block_fields),
        short("as 0b", 0, read_bare),
        timeout_s=BLOCK_TIMEOUT_S,
        tries=BLOCK_TRIES,
        section="2.4.23",
    ),
    CommandSpec(codes.RADIO_REMOTE, "radio remote", BOTH, SECRET, SECRET, section="2.4.26"),  # codes of remote controls
)

EXTENDED = (
    CommandSpec(
        codes.EXTENDED,
        "time notices on",
        MCU,
        short("1 byte: 0 GMT, 1 local", 2, read_sub_byte, each("kind")),
        short("1 byte: 0 = done", 2, read_sub_result, each("code")),
        codes.TIME_NOTICES_ON,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.5.1",
    ),
    CommandSpec(
        codes.EXTENDED,
        "time notice",
        MODULE,
        short("type and time, 8 bytes", 9, read_time_notice, (*each("kind"), *DATE, *each("weekday"))),
        acknowledged,
        codes.TIME_NOTICE,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.5.1",
    ),
    CommandSpec(
        codes.EXTENDED,
        "weather wanted",
        MCU,
        acknowledged,
        short("1 byte: 0 = done; then 21", 2, read_sub_result, each("code")),
        codes.WEATHER_NOW,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.5.2",
    ),
    CommandSpec(
        codes.EXTENDED,
        "reset notices on",
        MCU,
        acknowledged,
        short("1 byte: 0 done, 1 failed", 2, read_sub_result, each("code")),
        codes.RESET_NOTICES_ON,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.5.3",
    ),
    CommandSpec(
        codes.EXTENDED,
        "reset notice",
        MODULE,
        short("1 byte: 0 local, 1 app, 2 factory", 2, read_sub_result, each("code")),
        acknowledged,
        codes.RESET_NOTICE,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.5.3",
    ),
    CommandSpec(codes.EXTENDED, "map session id", MCU, sub=codes.MAP_SESSION, section="2.5.6"),
    CommandSpec(
        codes.EXTENDED,
        "module info",
        MCU,
        Payload("codes, ff = all", read=read_module_query, fields=(("codes", REST),)),
        Payload(
            "1 byte: 0 done, 1 failed; JSON",
            read=read_module_info,
            secret=Secret(head=2),
            fields=(*each("code"), JSON),
        ),
        codes.MODULE_INFO,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.5.4",
    ),
    CommandSpec(codes.EXTENDED, "log level", BOTH, sub=codes.LOG_LEVEL, section="2.5.6"),
    CommandSpec(codes.EXTENDED, "update under way", MODULE, sub=codes.UPDATE_STATE, section="2.5.6"),
    CommandSpec(
        codes.EXTENDED,
        "record report",
        MCU,
        Payload(
            "1, kind of time, 6 bytes of time, data points",
            read=read_record,
            fields=(*each("version", "kind"), *DATE, POINTS),
        ),
        short("1 byte: 0, 2 or 3", 2, read_sub_result, each("code")),
        codes.RECORD,
        timeout_s=STORE_TIMEOUT_S,
        section="2.5.5",
    ),
    CommandSpec(codes.EXTENDED, "serial bus", BOTH, sub=codes.SERIAL_BUS, section="2.5.6"),
    CommandSpec(codes.EXTENDED, "Wi-Fi remote", BOTH, sub=codes.WIFI_REMOTE, section="2.5.6"),
)

BLUETOOTH = (
    CommandSpec(
        codes.BLUETOOTH,
        "Bluetooth scan test",
        MCU,
        acknowledged,
        short("2 bytes: result, signal", 3, read_bluetooth_test, each("code", "signal")),
        codes.BLUETOOTH_TEST,
        timeout_s=SCAN_TIMEOUT_S,
        section="2.4.24",
    ),
    CommandSpec(
        codes.BLUETOOTH,
        "Bluetooth state",
        MODULE,
        short("1 byte: 0 to 4", 2, read_sub_result, each("code")),
        short("not known", 1, read_acknowledgement),
        codes.BLUETOOTH_STATE,
        section="2.4.24",
    ),
    CommandSpec(
        codes.BLUETOOTH,
        "Bluetooth state asked for",
        MCU,
        acknowledged,
        short("not known", 2, read_sub_result, each("code")),
        codes.BLUETOOTH_STATE_QUERY,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.24",
    ),
    CommandSpec(codes.BLUETOOTH, "Bluetooth remote's data", MODULE, sub=codes.BLUETOOTH_REMOTE, section="2.4.24"),
    CommandSpec(codes.BLUETOOTH, "Bluetooth bind or unbind", BOTH, sub=codes.BLUETOOTH_BIND, section="2.4.24"),
    CommandSpec(
        codes.BLUETOOTH, "Bluetooth sub-device's data", MODULE, sub=codes.BLUETOOTH_SUB_DEVICE, section="2.4.24"
    ),
    CommandSpec(
        codes.BLUETOOTH, "Bluetooth remote's data points", BOTH, sub=codes.BLUETOOTH_REMOTE_POINTS, section="2.4.24"
    ),
)

FILES = (
    CommandSpec(
        codes.FEATURES,
        "new features",
        MCU,
        bulk("JSON mcu_ota, abv, ir, buf, b_nm", read_features, secret=Secret(1, CREDENTIALS), fields=(JSON,)),
        short("1 byte: 0 to 2", 2, read_sub_result, each("code")),
        codes.FEATURES_REPORT,
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.4",
    ),
    CommandSpec(
        codes.FEATURES,
        "file download start",
        MODULE,
        short("1 byte: 1", 2, read_file_start, each("code")),
        short("2 bytes: result, code of size", 3, read_file_ready, each("code", "size")),
        codes.FILE_DOWNLOAD,
        timeout_s=BLOCK_TIMEOUT_S,
        section="2.4.23",
    ),
    CommandSpec(
        codes.FEATURES,
        "file info",
        MODULE,
        bulk("JSON name, id, no, len, type …", read_file_info, secret=Secret(1, CREDENTIALS), fields=(JSON,)),
        transfer,
        codes.FILE_INFO,
        timeout_s=BLOCK_TIMEOUT_S,
        section="2.4.23",
    ),
    CommandSpec(
        codes.FEATURES,
        "file data",
        MODULE,
        contents,
        contents,
        codes.FILE_DATA,
        timeout_s=BLOCK_TIMEOUT_S,
        section="2.4.23",
    ),
    CommandSpec(codes.FEATURES, "file start or stop", MCU, contents, contents, codes.FILE_CONTROL, section="2.4.23"),
    CommandSpec(codes.FEATURES, "file result", BOTH, contents, contents, codes.FILE_RESULT, section="2.4.23"),
    CommandSpec(
        codes.FEATURES,
        "file upload start",
        MODULE,
        contents,
        contents,
        codes.FILE_UPLOAD,
        timeout_s=BLOCK_TIMEOUT_S,
        section="2.4.23",
    ),
    CommandSpec(codes.FEATURES, "file upload data", MCU, contents, contents, codes.FILE_UPLOAD_DATA, section="2.4.23"),
    CommandSpec(
        codes.FEATURES, "file transfer result", BOTH, contents, contents, codes.FILE_TRANSFER_RESULT, section="2.4.23"
    ),
)

NAMED_ONLY = (
    CommandSpec(codes.EXTENDED_POINTS, "extended data points start", BOTH, sub=0x01, section="2.4.26"),
    CommandSpec(codes.EXTENDED_POINTS, "extended data points set", MODULE, sub=0x02, section="2.4.26"),
    CommandSpec(codes.EXTENDED_POINTS, "extended data points report", MCU, sub=0x03, section="2.4.26"),
)

PRODUCT_TESTS = (
    CommandSpec(codes.INFRARED_THERMOSTAT, "infrared thermostat", BOTH, sub=0x01, section="2.4.26"),
    CommandSpec(codes.PRODUCT_TEST, "product test state", BOTH, sub=0x00, section="2.4.26"),
    CommandSpec(codes.PRODUCT_TEST, "product test key", BOTH, sub=0x03, section="2.4.26"),
    CommandSpec(codes.PRODUCT_TEST, "product test LED", BOTH, sub=0x04, section="2.4.26"),
    CommandSpec(codes.PRODUCT_TEST, "product test pass-through", BOTH, sub=0x05, section="2.4.26"),
    CommandSpec(codes.PRODUCT_TEST, "product test module state", BOTH, sub=0x06, section="2.4.26"),
    CommandSpec(codes.PRODUCT_TEST, "product test result", BOTH, sub=0x07, section="2.4.26"),
    CommandSpec(codes.LOW_UPDATE_REQUEST, "update request (low power)", BOTH, section="2.4.26"),
    CommandSpec(codes.LOW_UPDATE_STATE, "update state (low power)", BOTH, section="2.4.26"),
    CommandSpec(codes.MAP_16_BIT, "map stream, 16-bit", MCU, section="2.4.22"),
)

VOICE = (
    CommandSpec(
        codes.VOICE,
        "voice state",
        MCU,
        Payload("not known", read=read_bare),
        short("1 byte: 0 idle to 6 failed", 1, read_result, each("code")),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.25",
    ),
    CommandSpec(
        codes.MICROPHONE,
        "voice microphone",
        MCU,
        response=Payload("not known", read=read_result, fields=each("code")),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.25",
    ),
    CommandSpec(
        codes.VOLUME,
        "voice volume",
        MCU,
        Payload("1 byte: 0 to 10", fields=each("volume")),
        Payload("not known", read=read_result, fields=each("code")),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.25",
    ),
    CommandSpec(codes.AUDIO_TEST, "voice audio test", MCU, timeout_s=ANSWER_TIMEOUT_S, section="2.4.25"),
    CommandSpec(
        codes.WAKE_TEST,
        "voice wake test",
        MCU,
        Payload("not known", read=read_bare),
        Payload("not known", read=read_result, fields=each("code")),
        timeout_s=ANSWER_TIMEOUT_S,
        section="2.4.25",
    ),
    CommandSpec(codes.VOICE_EXTENSIONS, "voice extensions", BOTH, section="2.4.25"),
)

OTHERS = (
    CommandSpec(codes.MATTER, "Matter", BOTH, SECRET, SECRET, section="2.4.26"),  # pairing codes
    CommandSpec(codes.CLOUD_STORAGE, "cloud storage", BOTH, section="2.4.26"),
    CommandSpec(codes.IOT_NETWORK, "IoT network", BOTH, section="2.4.26"),
    CommandSpec(codes.FAN, "fan test", BOTH, sub=0x01, section="2.4.26"),
    CommandSpec(codes.FAN, "fan duty", BOTH, sub=0x02, section="2.4.26"),
    CommandSpec(codes.ACCESS_POINT_TEST, "access point pass-through test", BOTH, section="2.4.26"),
    CommandSpec(codes.POINT_CACHE, "data point cache", BOTH, section="2.4.26"),
    CommandSpec(codes.HIBERNATE, "hibernate notice", BOTH, sub=0x00, section="2.4.26"),
    CommandSpec(codes.HIBERNATE, "wake", BOTH, sub=0x01, section="2.4.26"),
    CommandSpec(codes.HIBERNATE, "hibernate request", BOTH, sub=0x02, section="2.4.26"),
    CommandSpec(codes.OFFLINE_VOICE, "offline voice", BOTH, section="2.4.26"),
    CommandSpec(
        codes.UNIX_RECORD,
        "record report (Unix time)",
        MCU,
        Payload(
            "3, 13 digits: Unix milliseconds, data points",
            read=read_unix_record,
            fields=(*each("kind"), ("time", 13), POINTS),
        ),
        section="2.6",
    ),
    CommandSpec(codes.USER, "user's own", BOTH, section="2.4.26"),
    CommandSpec(codes.FACTORY_SETTINGS, "factory settings", BOTH, section="2.4.26"),
)

WIFI = CommandTable(
    "wifi",
    (*MAIN, *EXTENDED, *BLUETOOTH, *NAMED_ONLY, *FILES, *PRODUCT_TESTS, *VOICE, *OTHERS),
    Unknown,
    {
        codes.EXTENDED: "extended service",
        codes.BLUETOOTH: "Bluetooth",
        codes.EXTENDED_POINTS: "extended data points",
    },
    page="docs/protocols/tuya_wifi.md",
)

read_message = WIFI.read


def wifi_redact(sender: Sender | None, data: bytes) -> bytes:
    """The same bytes with Wi-Fi names, passwords and tokens blanked, whoever sends them."""
    return redact(WIFI.secrets, data)


def wifi_hidden(sender: Sender | None, before: bytes, data: bytes) -> bytes:
    """Which bytes are not to be shown, whoever sends them."""
    return hidden_in(WIFI.secrets, before, data)
