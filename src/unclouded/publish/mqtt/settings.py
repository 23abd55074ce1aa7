"""Where and how to publish."""

from pathlib import Path

import msgspec

from unclouded.links.mqtt.packets import V5


class MqttSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``hub``: a name of this hub that stays, for its client id. ``password`` or the first line of ``password_file``.

    ``flat``: each point on a topic of its own as well; ``commands``: whether /set, /get and /do are accepted.
    ``folder``: for the messages that are still to be sent. Its ``repr`` shows no password.
    """

    host: str
    port: int
    hub: str
    folder: Path
    tls: bool = False
    user: str = ""
    password: str = ""
    password_file: Path | None = None
    cafile: Path | None = None
    certfile: Path | None = None
    keyfile: Path | None = None
    version: int = V5
    base: str = "unclouded"
    flat: bool = False
    commands: bool = True

    def __repr__(self) -> str:
        return f"MqttSettings({self.place}, user={self.user!r}, base={self.base!r})"

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"
