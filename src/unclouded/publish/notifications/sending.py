"""Sends a message by a process of its own (apprise_process.py), with a time-out."""

import asyncio
import json
import sys
from urllib.parse import unquote, urlsplit

from unclouded.core.text.printable import printable

TIMEOUT_S = 60.0  # s for the process; a service that does not answer ends earlier
PROCESS = "unclouded.publish.notifications.apprise_process"
SHOWN = 200  # characters of a reason
LEAST_SECRET = 4  # characters from which a part of an address is hidden in a reason


async def send(url: str, title: str, body: str) -> str:
    """ "" where the service took the message, else why not, without a part of the address."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", PROCESS),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        return f"the program that sends it cannot be started: {error.strerror}."
    try:
        async with asyncio.timeout(TIMEOUT_S):
            request = json.dumps({"url": url, "title": title, "body": body}).encode()
            output, _ = await process.communicate(request)
    except TimeoutError:
        return f"the service did not answer within {TIMEOUT_S:g} s."
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _reason(output, url)


def service(url: str) -> str:
    """The name of the service, the only part of an address that is ever shown."""
    return printable(url.partition("://")[0][:20]) or "apprise"


def _reason(output: bytes, url: str) -> str:
    try:
        answer = json.loads(output)
    except ValueError:
        return "Apprise ended without an answer; its log is not kept."
    if answer.get("sent"):
        return ""
    text = printable(" ".join(str(answer.get("reason", "")).split()))
    for part in sorted(secret_parts(url), key=len, reverse=True):
        text = text.replace(part, "…")
    return text[:SHOWN]


def secret_parts(url: str) -> set[str]:
    """Every part of an address that may be a secret, as it is and decoded."""
    try:
        parts = urlsplit(url)
        whole = [parts.netloc, parts.path, parts.query, parts.fragment]
    except ValueError:  # no address of a computer, as of some services
        whole = [url.partition("://")[2]]
    words = {url, *whole}
    for text in whole:
        for mark in ("@", ":", "/", "&", "=", "?", "#", ",", "[", "]"):
            text = text.replace(mark, " ")
        words |= {one for word in text.split() for one in (word, unquote(word))}
    return {one for one in words if len(one) >= LEAST_SECRET}
