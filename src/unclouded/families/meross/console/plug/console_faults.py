"""The faults that the console of a simulated plug can have."""

from collections.abc import Mapping

CONSOLE_FAULTS: Mapping[str, str] = {
    "interleaved": "Console: lines of the log and of the driver stand in the middle of its answers.",
    "cut_lines": "Console: lines of its answers are cut by the beginning of a log line, and their rest is lost.",
    "noise": "Console: bytes that are no text stand between its lines.",
    "wrong_baud": "Console: the line runs at half of its baud rate; both ends receive garbage.",
    "no_echo": "Console: it does not echo what is typed.",
    "silent": "Console: it sends nothing, as with its transmit wire loose.",
    "reboots": "Console: the board restarts in the middle of every fifth answer.",
}
