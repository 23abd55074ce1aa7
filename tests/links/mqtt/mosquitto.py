"""Debian's mosquitto for a test: TLS, a user for the hub and one for each plug, each with its own topics."""

import asyncio
import datetime
import ipaddress
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from links.recorder import TIMEOUT_S

PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
PASSWD = shutil.which("mosquitto_passwd")
needs_mosquitto = pytest.mark.skipif(
    PROGRAM is None or PASSWD is None, reason="mosquitto is not installed (Debian: apt install mosquitto)"
)
TRIES = 5  # ports to try: another process may take a free one before mosquitto does

PASSWORDS = {"hub": "sesame", "plug-a": "aaa", "plug-b": "bbb"}
ACL = """
user hub
topic readwrite /appliance/#
topic readwrite /app/#
pattern read /appliance/%u/subscribe
pattern write /appliance/%u/publish
pattern write /app/#
"""


def certificate(folder: Path) -> None:
    """``cert.pem`` and ``key.pem``: an RSA certificate for 127.0.0.1 that signs itself, and so is its own CA."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a broker for tests")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    cert = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


class Mosquitto:
    """``async with Mosquitto(folder) as broker``; ``stop`` and ``begin`` restart it on the same port.

    ``anonymous``: it lets everyone in to all topics. Its password file ends a name at the first colon, so it cannot
    know plugs by their MAC. ``plain``: without TLS; ``persistent``: it keeps retained messages and sessions, and any
    number of messages for those.
    """

    def __init__(
        self, folder: Path, anonymous: bool = False, *, plain: bool = False, persistent: bool = False, acl: str = ACL
    ) -> None:
        self.folder = folder
        self.anonymous = anonymous
        self.plain = plain
        self.persistent = persistent
        self.acl = acl
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> "Mosquitto":
        if not self.plain:
            certificate(self.folder)
        (self.folder / "acl").write_text(self.acl)
        (self.folder / "passwd").write_text("".join(f"{user}:{word}\n" for user, word in PASSWORDS.items()))
        subprocess.run([str(PASSWD), "-U", str(self.folder / "passwd")], check=True, capture_output=True)
        (self.folder / "hub.password").write_text(PASSWORDS["hub"] + "\n")
        for _ in range(TRIES):
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
            if await self.begin():
                return self
        raise AssertionError(f"mosquitto does not start: {self._log.read_text()}")

    async def __aexit__(self, *_: object) -> None:
        self.stop()

    async def begin(self) -> bool:
        """Whether it serves the port now."""
        config = self.folder / "mosquitto.conf"
        access = f"allow_anonymous false\npassword_file {self.folder}/passwd\nacl_file {self.folder}/acl\n"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nuser root\n"
            + (
                f"persistence true\npersistence_location {self.folder}/\nmax_queued_messages 0\n"
                if self.persistent
                else "persistence false\n"
            )
            + ("allow_anonymous true\n" if self.anonymous else access)
            + ("" if self.plain else f"certfile {self.folder}/cert.pem\nkeyfile {self.folder}/key.pem\n")
        )
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([str(PROGRAM), "-c", str(config)], stdout=log, stderr=log)
        async with asyncio.timeout(TIMEOUT_S):
            while self._process.poll() is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.01)
                    continue
                writer.close()
                return True
        return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    @property
    def _log(self) -> Path:
        return self.folder / "log"
