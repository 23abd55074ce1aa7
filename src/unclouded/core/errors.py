"""Every error that Unclouded raises on purpose.

UncloudedError
├── ConfigError            the configuration or a profile is invalid; names the key path
├── LinkError              a link failed; trying again helps
│   └── LinkRefused        a link failed; trying again does not help until the cause is removed
├── WireError(ValueError)  bytes break the protocol; parse functions raise it, sessions report Rejected
├── CommandError           the caller's command is invalid
│   └── EditConflict       what is to be changed is no longer what the caller has seen
└── StoreError             the store or its disk cannot be read or written
    └── DamagedStore       the file of the store is damaged; its readable rows can be salvaged

Messages are whole sentences: what happened, and what to do. They never carry secrets.
"""

from collections.abc import Sequence


class UncloudedError(Exception):
    """The root: catch this and nothing unexpected is hidden."""


class ConfigError(UncloudedError):
    """The configuration is wrong. The message names the file and the key path."""


class LinkError(UncloudedError):
    """A link failed in a way that a later try may mend."""


class LinkRefused(LinkError):
    """A link failed in a way that no later try mends: bad address, no permission."""


class WireError(UncloudedError, ValueError):
    """Bytes that break their protocol."""


class CommandError(UncloudedError):
    """An invalid command: no such point, read-only, outside its limits."""


class EditConflict(CommandError):
    """What is to be changed was changed meanwhile. ``revision``: of it now; ``changes``: what is different, as JSON."""

    def __init__(self, text: str, revision: str, changes: Sequence[object] = ()) -> None:
        super().__init__(text)
        self.revision = revision
        self.changes = changes


class StoreError(UncloudedError):
    """The store cannot be opened, is of a newer version, or is damaged; or the disk takes or gives no file."""


class DamagedStore(StoreError):
    """The file of the store, or a row in it, is damaged; its readable rows can be salvaged."""
