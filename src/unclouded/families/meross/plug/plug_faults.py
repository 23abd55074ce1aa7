"""The faults of a simulated MSS310, by the names of ``--fault``."""

from collections.abc import Mapping

FAULTS: Mapping[str, str] = {
    "closes": "It closes the connection without an answer.",
    "truncates": "It cuts its answers off in the middle.",
    "late": "It takes seven seconds for each answer.",
    "wrong_id": "Its answers carry the messageId of another request.",
    "quirky_headers": "Its HTTP headers are malformed.",
    "encrypts": "It closes HTTP requests in clear text, except that for its ability list; over the broker it answers.",
    "midnight_bug": "At midnight its day goes on from yesterday's total.",
    "stuck_relay": "Its relay does not move: it acknowledges and stays as it is.",
    "never_pushes": "It never sends anything unasked.",
}
