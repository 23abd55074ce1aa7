"""The faults that the console of a simulated plug can have."""

from collections.abc import Mapping

CONSOLE_FAULTS: Mapping[str, str] = {
    "interleaves-log": "Console: lines of the log and of the driver stand in the middle of its answers.",
    "cuts-lines": "Console: lines of its answers are cut by the beginning of a log line, and their rest is lost.",
    "sends-noise": "Console: bytes that are not text come between its lines.",
    "uses-wrong-baud": "Console: the line runs at half of its baud rate; both ends receive garbage.",
    "echoes-nothing": "Console: it does not echo what is typed.",
    "sends-nothing": "Console: it sends nothing, as with its transmit wire loose.",
    "restarts-while-answering": "Console: the board restarts in the middle of every fifth answer.",
}
