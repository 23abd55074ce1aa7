"""The page of a fleet: one file at all of its paths, built from frontend/fleet.html."""

import re
from pathlib import Path

from unclouded.web.page import STATIC, Page

INDEX = "fleet.html"
PATHS = re.compile(r"/(?:homes/[a-z0-9_-]+(?:/(?:history|events))?|energy|commands|events|settings)?/?")


def fleet_page(folder: Path = STATIC) -> Page:
    """An ASGI application for all paths outside the API."""
    return Page(folder, index=INDEX, paths=PATHS)
