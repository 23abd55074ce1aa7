"""The key that plugs are bound with: made once, where the configuration names none."""

import contextlib
import os
import secrets

import msgspec

from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.core.errors import ConfigError

KEY_BYTES = 16  # as 32 hex digits: the longest key of a plug, and long enough for its encryption


def with_plug_key(config: Config) -> Config:
    """The same with a key: that of ``[meross]``, else one of its own in DATA/state/meross.key.

    Raises ConfigError where it cannot be written or read.
    """
    if config.broker is None or config.meross_key_file is not None or config.tables.meross.key:
        return config
    file = config.own_key
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as new:
                new.write(f"{secrets.token_hex(KEY_BYTES)}\n")
        return msgspec.structs.replace(config, meross_key=HiddenText(file.read_text("utf-8").strip()))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"The key of the plugs, {file}, cannot be written or read: {why}.") from None
