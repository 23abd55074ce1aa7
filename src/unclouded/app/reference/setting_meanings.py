"""What the settings of the families do, for the page docs/devices.md."""

from collections.abc import Mapping

_TUYA: Mapping[str, str] = {
    "answer_timeout_s": "Time to wait for an answer before a request is sent again",
    "command_timeout_s": "Time in which the device must confirm a command",
    "minimum_gap_s": "Least pause between two frames",
    "frame_gap_s": "Silence inside a frame after which it is given up; more for bridges that pause",
    "mac": 'MAC address that is answered to an MCU that asks for it; "": one made at random and kept',
}

_WIFI: Mapping[str, str] = {
    **_TUYA,
    "tries": "How often each step of the start is sent before the MCU is reported as stuck",
    "heartbeat_s": "Time between two heartbeats",
    "poll_s": "Time between two queries of all values; 0: none, the device reports by itself",
    "push_time_s": "Time between two unasked reports of the local time, for clocks that drift; 0: none",
    "time_notice_s": "Time between two reports of the time to an MCU that has asked for time notices",
    "weather_s": "Time between two reports of the weather to an MCU that has asked for it",
    "echo_s": "For so long after a command, other values of its data point are held back (dimmers that fade); 0: none",
    "ignore": "Numbers of data points whose reports are dropped",
    "status_first": "Network states that are sent in the start before the real one",
    "mcu_buffer": "Bytes of the longest frame that the MCU can receive; 0: as it reports, or as the hub has learned",
    "dialect": "`auto`, `normal` or `low_power` (battery devices); `auto` recognises it and remembers it",
    "wake_probe_s": "Time between two attempts to reach a sleeping battery device; 0: wait until it sends",
    "awake_s": "Silence after which a battery device is asked whether it is still awake",
}

_GATEWAY: Mapping[str, str] = {
    **_TUYA,
    "tries": "How often a request is sent before it has failed",
    "silence_s": "Silence after which the MCU is asked whether it is there; 0: never",
    "command_repeat_s": "Time after which a command without a confirming report is sent again",
    "one_point_per_frame": "Send one data point in each frame, for MCUs that understand no more",
    "heartbeat_s": "Time between two heartbeats of each sub-device",
    "heartbeat_resend_s": "Time after which an unanswered heartbeat is sent again; 0: with the next one",
    "heartbeat_misses": "Unanswered heartbeats in a row after which a sub-device is offline",
    "resync_s": "Time between two queries of all values, in case reports were lost; 0: none",
    "permit_s": "Time in which sub-devices may join where the action `permit` gives no other",
    "most_sub_devices": "How many sub-devices may join; 0: 128, or 64 of a security gateway",
    "zoned_time_is_local": "The answer to 33/03 has the local time instead of GMT",
    "weather_status_byte": "33/01 has a status byte before its names",
    "infrared_offset_in_bytes": "The offset of an infrared packet counts bytes instead of durations",
    "security.arming_delay_s": "Time from the command to the armed mode, to leave the building",
    "security.alarm_delay_s": "Time from a sensor to the alarm, to disarm it",
    "security.sound": "The gateway plays a sound when the security state changes",
    "security.chime": "The gateway also plays a sound for a sensor that raises no alarm in this mode",
    "security.cancel_disarms": "Cancelling an alarm disarms too",
    "security.mode_as_text": "C0/02 has its mode as text, as in the vendor's example, instead of a number",
    "security.alarm_point": "Data point of the gateway that shows an alarm",
    "security.text_point": "Data point of the gateway with the text of an alarm",
    "security.state_point": "Data point of the gateway with the state of the siren",
    "security.sensors": "Which sub-devices raise alarms ([sensors](gateway.md#sensors-of-the-alarm-system))",
}

SETTING_MEANINGS: Mapping[str, Mapping[str, str]] = {
    "emporia": {
        "poll_s": "Time between two readings, at least 1",
        "request_timeout_s": "Time to wait for an answer of the radio",
        "firmware_retry_s": "Time between two attempts to find the radio",
        "rejoin_s": "Silence of the meter, and pause between two requests, before the radio is asked whether it joined",
        "gap_s": "Silence inside a frame after which it is given up; more for bridges that pause",
    },
    "tuya_wifi": _WIFI,
    "tuya_gateway": _GATEWAY,
    "meross": {
        "key": 'Key that the plug was bound with, a secret; "": the empty key',
        "uuid": 'UUID of the plug that must answer; "": any plug',
        "electricity_poll_s": "Time between two readings of power, voltage and current",
        "consumption_poll_s": "Time between two readings of the energy",
        "poll_s": "Time between two readings of the whole state (System.All)",
        "answer_timeout_s": "Time to wait for an answer, where the link has no time-out of its own",
        "confirm_s": "Time in which the plug must confirm a command",
    },
    "meross_console": {
        "power_poll_s": "Time between two readings of power and relay",
        "status_poll_s": "Time between two readings of Wi-Fi and server",
        "memory_poll_s": "Time between two readings of memory and tasks",
        "clock_poll_s": "Time between two readings of the uptime",
        "wake_s": "Time to wait for the prompt after Return",
        "polls": "Read values regularly; false: send only commands that a person enters",
        "slower": "Factor for all time-outs of answers, for slow bridges",
        "line_end": "What ends a command: `cr`, `lf` or `crlf`",
        "switches_relay": "The point `on` can be set here too",
        "uuid": 'UUID of the plug that must answer; "": any plug',
    },
    "hlw8032": {
        "voltage_ratio": "Kv × 100, from the voltage divider of the board",
        "current_ratio": "Ki × 100, from the shunt of the board",
        "report_s": "Time between two reports, 0.2 to 30",
        "silence_s": "Time without a value after which the reason is reported, 1 to 600",
    },
}
