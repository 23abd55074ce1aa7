"""Recorded cases: what a recording shows, in the form in which tests/captures keeps it (docs/test_cases.md).

recorded_case.py  one entry of the index: the file, the device, what is expected; as TOML and back
case_reading.py   a recording -> what is in it: format, frames, noise, readings, notices
draft.py          that, with the recording as a capture without secrets: a case for a person to check
"""
