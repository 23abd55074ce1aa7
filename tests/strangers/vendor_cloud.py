"""What vendor applications ask of the vendor's server before they speak to a plug: a login and the list of devices.

    POST /v1/Auth/signIn, /v1/log/user, /v1/Device/devList, /v1/Profile/logout   ─►  {"apiStatus": 0, "data": …}

It serves on 127.0.0.1, on a free port. The messages to the plug itself do not pass here.
"""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER_ID = "1234"


@contextmanager
def vendor_cloud(key: str, device: dict[str, Any], certificate: Path | None = None) -> Iterator[str]:
    """HOST:PORT of a server that knows one account and one device; ``certificate``: folder of cert.pem and key.pem."""
    account = {"userid": USER_ID, "email": "owner@example.org", "token": "a token", "key": key}
    answers: dict[str, Any] = {"signIn": account, "devList": [device]}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            data = answers.get(self.path.rsplit("/", 1)[-1], {})
            body = json.dumps({"apiStatus": 0, "sysStatus": 0, "info": "", "data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    place = f"127.0.0.1:{server.server_address[1]}"
    account |= {"domain": f"http://{place}", "mqttDomain": "127.0.0.1"}
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="vendor-cloud")
    thread.start()
    try:
        yield place
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def listed(uuid: str, broker: str) -> dict[str, Any]:
    """A plug as the vendor's list of devices shows it. ``broker``: host that its messages pass through."""
    return {
        **{"uuid": uuid, "onlineStatus": 1, "devName": "lamp", "deviceType": "mss310", "subType": "eu"},
        **{"channels": [{}], "fmwareVersion": "2.1.17", "hdwareVersion": "2.0.0", "bindTime": 1_700_000_000},
        **{"region": "eu", "domain": broker, "reservedDomain": broker, "devIconId": "device001", "iconType": 1},
        **{"skillNumber": "", "userDevIcon": ""},
    }
