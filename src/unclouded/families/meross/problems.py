"""What is wrong with a plug, as text for people."""

from unclouded.core.session import Failure
from unclouded.families.meross.messages import SIGN_ERROR, Failed

_WHAT_TO_DO = (
    " Put the key that it was bound with into [meross] key_file, or bind the plug again with the key of this hub."
)
WRONG_KEY = "The plug does not accept the key." + _WHAT_TO_DO
OTHER_SIGNATURE = "The plug signs with another key." + _WHAT_TO_DO


def another_plug(uuid: str, expected: str, path: str) -> str:
    """Another plug answers where the expected one should be."""
    return (
        f"this is another plug: {uuid or 'unknown'} answers on {path or 'this link'} instead of {expected};"
        " its address may have changed"
    )


def refused(failed: Failed) -> str:
    """The plug's own error."""
    if failed.code == SIGN_ERROR:
        return WRONG_KEY
    return f"The plug refuses it with error {failed.code}{f' ({failed.detail[:80]})' if failed.detail else ''}."


def no_answer(path: str, why: str) -> str:
    return f"the plug does not answer on {path or 'its link'}: {why}"


FAILURES = {
    Failure.REFUSED: "the connection is refused; is it plugged in, and is this still its address?",
    Failure.CLOSED: "it closes the connection without an answer",
    Failure.TIMEOUT: "no answer in time",
    Failure.GARBLED: "its answer is unusable",
    Failure.GONE: "the connection is gone",
    Failure.FULL: "too much waits to be sent",
}
