"""What is wrong with a plug, as text for people."""

from collections.abc import Sequence

from unclouded.core.sessions.session import Failure
from unclouded.families.meross.wire.messages import SIGN_ERROR, Failed

_WHAT_TO_DO = (
    " Enter the key that it was bound with (page: Settings, Meross plugs; file: `key` in [meross]), or bind the plug"
    " again with the key of this hub."
)
WRONG_KEY = "The plug does not accept the key." + _WHAT_TO_DO
OTHER_SIGNATURE = "The plug signs with another key." + _WHAT_TO_DO

NO_VOLTAGE = "it reports no voltage, although it runs on it: its meter has failed or has lost its calibration"
NO_TIME = "it has no namespace for it"
CLOCK_UNSET = "its clock or its time zone is not set"
NEVER_ANSWERED = (
    "it closes the connection without an answer. Newer firmware does so when the key is wrong: enter the key that it"
    " was bound with (page: Settings, Meross plugs; file: `key` in [meross]). All plugs do so while another program is"
    " connected: close that one"
)
NEEDS_UUID = 'it encrypts HTTP, for which its UUID must be known: write uuid = "…" in its [[device]]'
ENCRYPTED_UNANSWERED = (
    "it encrypts HTTP, and answers nothing encrypted with the key that it was bound with. Close other programs that use"
    " this plug; if that does not help, bind it to the broker of this hub ([broker] in the configuration)"
)
_BIND = "to the broker of this hub, with `unclouded setup`"


def not_connected(server: str) -> str:
    """A plug without its server, as part of a sentence."""
    return f"it is not connected to its server {server}" if server else "it was never bound to a server"


def unbound(server: str) -> str:
    """A plug without its server: what follows, and what to do."""
    return (
        f"The plug answers, but {not_connected(server)}. It reports nothing by itself, may lose its time when its power"
        f" fails, and some firmware measures nothing then. Bind it {_BIND}, or leave it so if all values are right."
    )


def no_measurement(why: str) -> str:
    """A relay that is on, and nothing measured."""
    remedy = (
        "Take it out of its socket for ten seconds"
        if why == NO_VOLTAGE
        else f"If a load is on, bind the plug {_BIND}, and take it out of its socket for ten seconds"
    )
    return f"The relay is on, but the plug measures nothing; {why}. The values are marked as suspect. {remedy}."


def clock_set(wrong: str, zone: str) -> str:
    """The hub has set the clock of a plug."""
    return f"{wrong} The hub has set its time{f' and the zone {zone}' if zone else ''}."


def clock_not_set(wrong: str, why: str) -> str:
    """The hub could not set the clock of a plug."""
    return (
        f"{wrong} The hub could not set it: {why}. Let the plug reach a time server (pool.ntp.org), or bind it {_BIND}."
        " Until then its energy of the day may be counted wrongly."
    )


TOO_HOT = (
    "The plug reports that it is too hot. Take the load off it and let it cool down. With over_temperature_action ="
    " switch_off it has switched off by itself."
)
POSITION_SET = (
    "The position of the plug, from which it has sunrise and sunset for its timers, was not that of the home. The hub"
    " has set it to the latitude and longitude of [weather]."
)


def energy_differs(date: str, counted: float, measured: float) -> str:
    """The plug's own count of a day and its power do not agree."""
    return (
        f"On {date} the plug counted {counted:.0f} Wh, but the power that it reported adds up to {measured:.0f} Wh. Its"
        " own count is stored. If both differ again, its meter or its counter is wrong: compare it with another meter."
    )


def lacks(product: str, what: str) -> str:
    """A command for a setting that the device does not have."""
    return f"This {product or 'device'} has no {what}: its firmware does not list it."


def no_setting(why: str) -> str:
    """A setting that is listed, but cannot be set."""
    return f"The plug does not take this setting: {why}."


def supported(product: str, has: Sequence[str]) -> str:
    """What is supported of a device that lacks something of a metering plug."""
    name = product or "device"
    if not has:
        return f"Nothing of this {name} is supported but whether it is online. {_SUPPORTED}"
    return f"Of this {name} is supported: {', '.join(has)}. {_SUPPORTED}"


def no_relay(product: str, has: Sequence[str]) -> str:
    """A command for a device without a relay."""
    return f"This {product or 'device'} has no relay that can be switched here. {supported(product, has)}"


_SUPPORTED = (
    "Unclouded supports the relay, the meter, the settings and the signal of Meross plugs; not the sub-devices of "
    "hubs, shutters, lamps, fans and second outlets."
)


def another_plug(uuid: str, expected: str, path: str) -> str:
    """Another plug answers where the expected one should be."""
    return (
        f"this is another plug: {uuid or 'unknown'} answers on {path or 'this link'} instead of {expected};"
        " its address may have changed"
    )


def refused(failed: Failed, what: str = "it") -> str:
    """The plug's own error."""
    if failed.code == SIGN_ERROR:
        return WRONG_KEY
    return f"The plug refuses {what} with error {failed.code}{f' ({failed.detail[:80]})' if failed.detail else ''}."


def no_answer(path: str, why: str) -> str:
    """The reason of a status where a plug does not answer on a path ("" = its link)."""
    return f"the plug does not answer on {path or 'its link'}: {why}"


FAILURES = {
    Failure.REFUSED: "the connection is refused; is it plugged in, and is this still its address?",
    Failure.CLOSED: "it closes the connection without an answer",
    Failure.TIMEOUT: "no answer in time",
    Failure.GARBLED: "its answer is unusable: another device may have its address, or the answer was too long for it",
    Failure.GONE: "the connection is gone",
    Failure.FULL: "too much waits to be sent",
}
