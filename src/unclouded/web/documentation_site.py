"""Serves the documentation at /docs/: a site that `dev.py site` makes of docs/, and that is in every wheel.

It fetches nothing from elsewhere. Its theme styles elements directly, which the page's own policy forbids; scripts are
files here, too.
"""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unclouded.web.static_files import REVALIDATE, StaticFolder, send_file

SITE = Path(__file__).parent / "documentation"
DOCS = "/docs/"
FILE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)?")
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Unclouded</title>
<h1>The documentation is not built</h1>
<p>It is in the folder <code>docs</code> of this source tree, beginning with <code>README.md</code>.
<p>Run <code>python3 dev.py site</code> in it, then reload this page.
</html>
"""


class Documentation:
    """The pages of a folder."""

    def __init__(self, folder: Path = SITE) -> None:
        self._files = StaticFolder(folder)

    def answer(self, request: Request) -> Response:
        """The file that a path below /docs/ names; a folder has an index."""
        path = request.url.path
        if path == DOCS.rstrip("/"):
            return RedirectResponse(DOCS)
        name = path.removeprefix(DOCS)
        if not FILE.fullmatch(name):
            return _missing()
        if not name or name.endswith("/"):
            name += "index.html"
        file = self._files.file(name)
        if file is None:
            is_built = self._files.file("index.html") is not None
            return _missing() if is_built else Response(NOT_BUILT, 503, media_type="text/html")
        response = send_file(file, request.headers, REVALIDATE)
        response.headers["Content-Security-Policy"] = POLICY
        return response


def _missing() -> Response:
    return Response("There is no such page. The documentation begins at /docs/.\n", 404, media_type="text/plain")
