"""What goes wrong in the base of a fleet, by what the caller can do."""

from unclouded.core.errors import UncloudedError


class BaseError(UncloudedError):
    """The base did not do it; its transaction left nothing behind."""


class BaseUnavailable(BaseError):
    """No connection, a restart, too many connections, a time-out, a deadlock: the same again later helps."""


class BaseRefused(BaseError):
    """The same again does not help: there is no such thing, it exists already, or it is not allowed."""


class NotInScope(BaseRefused):
    """There is no such thing, or it belongs to another organisation: the caller must not learn which."""


class HubRevoked(BaseRefused):
    """This key of a hub was revoked, or its home deleted: for good."""


class BaseTooNew(BaseRefused):
    """The tables were made by a newer Unclouded."""
