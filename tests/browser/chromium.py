"""The Chromium of the tests and its arguments.

Debian's headless shell is Chromium without windows, profiles and extensions: what a page does is the same, and opening
one costs a third of the processor time. Where there is none, a whole Chromium takes its place.
"""

import shutil

ARGS = [
    "--no-sandbox",  # Chromium refuses its sandbox to root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--renderer-process-limit=1",  # or one is started for the next page, which may never be opened
]


def program() -> str | None:
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")
