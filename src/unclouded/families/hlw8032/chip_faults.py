"""The faults of a simulated chip, by the names of ``--fault``. Source: docs/protocols/hlw8032.md §1.1, §2 and §3."""

from collections.abc import Mapping

FAULTS: Mapping[str, str] = {
    "silent": "nothing is sent, as without mains",
    "noise": "random bytes stand between the frames",
    "cut_frames": "every fourth frame loses its end and is cut off by the next one",
    "bad_checksum": "every third frame has a wrong sum",
    "no_load": "the power register overflows whatever the load draws",
    "calibration_failed": "the state byte is AA: nothing is usable",
    "abnormal": "the state byte flags abnormal coefficients",
    "stale": "no register is refreshed",
    "zero_register": "the current register is 0 and not flagged",
    "no_mains": "the divider sees no mains: voltage and power overflow, nothing is refreshed",
}
