"""A page of another site that tries to switch plugs and to read data of the hub."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

NOTHING = {"set": ["opaque", "refused"], "listen": "refused", "read": "refused"}
"""The expected result: one response that it cannot read (a refusal), otherwise none."""

TRY = """async ([address, device]) => {
  const body = '{"point": "on", "value": false}';
  const json = {'Content-Type': 'application/json'};
  const ask = (path, options, what) =>
    fetch(address + path, {credentials: 'include', ...options}).then(what, () => 'refused');
  const path = `/api/devices/${device}/set`;
  return {
    set: [
      await ask(path, {method: 'POST', mode: 'no-cors', body}, answer => answer.type),
      await ask(path, {method: 'POST', mode: 'cors', body, headers: json}, answer => answer.type),
    ],
    listen: await new Promise(done => {
      const socket = new WebSocket(address.replace('http:', 'ws:') + '/api/live');
      socket.onmessage = event => done(event.data);
      socket.onerror = () => done('refused');
    }),
    read: await ask('/api/devices', {}, answer => answer.text()),
  };
}"""
# expected messages of the console and of the visitor
COMPLAINTS = "another host|status of 40[13]|CORS|ERR_FAILED|WebSocket connection"


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title><link rel=icon href=data:,>")

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def another_site() -> Iterator[str]:
    """The address of the site. It is on this computer, too, so that network rules of the browser do not apply first."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, name="other-site")
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def what_it_gets(page: Page, site: str, address: str, device: str) -> dict[str, object]:
    """What a page of ``site`` in this browser gets from the hub at ``address``; "answers": the statuses."""
    answers: list[int] = []
    page.goto(site)
    page.on("response", lambda answer: answers.append(answer.status) if answer.url.startswith(address) else None)
    got: dict[str, object] = page.evaluate(TRY, [address, device])
    return {**got, "answers": sorted({*answers} - {0})}
