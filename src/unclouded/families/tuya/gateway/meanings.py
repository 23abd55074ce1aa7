"""What the numbers in a gateway's frames mean: states, modes and results, for people.

Source: docs/protocols/tuya_gateway.md §1.6.3, §2.
"""

from collections.abc import Mapping

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.messages import NETWORK_STATES

Meanings = Mapping[str, Mapping[int, str]]  # by field: what each number means

OK_IS_0: Meanings = {"result": {0: "ok", 1: "failed"}}
OK_IS_1: Meanings = {"result": {0: "failed", 1: "ok"}}
OK_IS_1_OR_2: Meanings = {"result": {1: "ok", 2: "failed"}}
ARMING = {0: "disarmed", 1: "armed at home", 2: "armed away"}
TIME_KINDS: Meanings = {"kind": {0: "no time", 1: "local", 2: "GMT", 3: "Unix"}}

MEANINGS: Mapping[tuple[int, int | None], Meanings] = {
    (codes.NETWORK, None): {"status": NETWORK_STATES},
    (codes.NETWORK_QUERY, None): {"status": NETWORK_STATES},
    (codes.RESET_MODE, None): {"mode": {0: "SmartConfig", 1: "AP"}},
    (codes.ADD, None): {"result": {0: "accepted", 1: "rejected"}},
    (codes.DELETE, None): {"tp": {0: "delete", 1: "factory reset"}},
    (codes.HEARTBEAT, None): {"lp": {0: "normal", 1: "low power"}},
    (codes.ADD_MANY, None): OK_IS_0,
    (codes.LOCAL_DELETE, None): OK_IS_0,
    (codes.LOCAL_PERMIT, None): {**OK_IS_0, "allow": {0: "off", 1: "on"}},
    (codes.WIFI_TEST, None): OK_IS_1,
    (codes.REMOVAL, None): {
        "removal": {
            0: "factory reset, local",
            1: "removal, from the app",
            2: "removal, local",
            3: "factory reset, from the app",
            4: "data cleared, network kept",
        }
    },
    (codes.PAIRING, None): {"result": {0: "ok", 1: "not pairing", 2: "bad JSON"}},
    (codes.BROADCAST, None): OK_IS_0,
    (codes.PHONE_LINK, None): {"connected": {0: "off", 1: "on"}},
    (codes.ONLINE, None): {**OK_IS_0, "state": {0: "offline", 1: "online"}},
    (codes.MAC, None): OK_IS_0,
    (codes.RECORD, None): OK_IS_0,
    (codes.BINDING, None): {
        "ret": {0: "bound here", 1: "not bound", 2: "not assigned", 3: "bound to the phone", 4: "unknown"}
    },
    (codes.GROUP_CHANGED, None): OK_IS_0,
    (codes.INFRARED_SEND, codes.INFRARED_CODE): OK_IS_1_OR_2,
    (codes.INFRARED_STOP, None): OK_IS_1_OR_2,
    (codes.SERVICES, codes.WEATHER_ON): {**OK_IS_1, "error": {0: "none", 1: "bad format", 2: "exception"}},
    (codes.SERVICES, codes.WEATHER_NOW): OK_IS_0,
    (codes.SERVICES, codes.HEARTBEAT_PAUSE): {"heartbeat": {0: "pause", 1: "resume"}},
    (codes.SECURITY, codes.ARM): {**OK_IS_0, "mode": ARMING},
    (codes.SECURITY, codes.SECURITY_INFO): {
        **OK_IS_0,
        "mode": ARMING,
        "alarm": {0: "alarm or its delay", 1: "no alarm"},  # inverted on the line
        "countdown": {0: "arming delay runs", 1: "none"},
    },
    (codes.SECURITY, codes.SECURITY_STATE): {"mode": ARMING, "sound": {0: "on", 1: "off"}},
    (codes.ALARM, codes.LOCAL_ALARM): {**OK_IS_0, "alarm": {0: "normal", 1: "alarming"}},
    (codes.ALARM, codes.ALARM_DELAY): {"delay": {0: "none", 1: "running", 2: "over"}},
    (codes.ALARM, codes.ALARM_STATE_NEW): {"alarm": {0: "cancelled", 1: "alarming"}},
}
