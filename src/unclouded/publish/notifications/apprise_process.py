"""Sends one message with Apprise: a process of its own, `python -m unclouded.publish.notifications.apprise_process`.

    stdin   {"url": "…", "title": "…", "body": "…"}        stdout   {"sent": true} or {"sent": false, "reason": "…"}

Apprise takes 20 to 40 MB and blocks while it sends, and a message is rare; a process that has ended takes nothing. The
address is given by stdin, as arguments of processes can be read by every user of a computer.
"""

import json
import logging
import sys
from typing import TextIO


class LastReason(logging.Handler):
    """Keeps what Apprise logs last, which is why it failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the text of the record in place of the one before."""
        self.text = record.getMessage()


def main(given: TextIO, answer: TextIO) -> None:
    """Reads a request (JSON: url, title, body), sends it with Apprise, and writes what became of it as JSON."""
    request = json.loads(given.read())
    json.dump(send(request["url"], request["title"], request["body"]), answer)


def send(url: str, title: str, body: str) -> dict[str, object]:
    """Sends one message: ``sent``, and the ``reason`` where it was not. Blocks until the service has answered."""
    try:
        import apprise
    except ImportError:
        return {"sent": False, "reason": "Apprise is not installed."}
    reasons = LastReason()
    logging.getLogger("apprise").addHandler(reasons)
    sender = apprise.Apprise()
    if not sender.add(url):
        return {"sent": False, "reason": "This is not an address that Apprise knows. Its list: apprise --details"}
    if sender.notify(body=body, title=title):
        return {"sent": True}
    return {"sent": False, "reason": reasons.text or "The service did not take the message."}


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
