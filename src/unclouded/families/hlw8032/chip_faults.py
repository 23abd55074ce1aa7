"""The faults of a simulated chip, by the names of ``--fault``. Source: docs/protocols/hlw8032.md §1.1, §2 and §3."""

from collections.abc import Mapping

FAULTS: Mapping[str, str] = {
    "sends-nothing": "nothing is sent, as without mains",
    "sends-noise": "random bytes stand between the frames",
    "cuts-frames": "every fourth frame loses its end and is cut off by the next one",
    "sends-wrong-checksums": "every third frame has a wrong sum",
    "reports-no-load": "the power register overflows whatever the load draws",
    "reports-failed-calibration": "the state byte is AA: nothing is usable",
    "reports-abnormal-coefficients": "the state byte flags abnormal coefficients",
    "refreshes-nothing": "no register is refreshed",
    "reports-zero-current": "the current register is 0 and not flagged",
    "reports-no-mains": "the divider sees no mains: voltage and power overflow, nothing is refreshed",
}
