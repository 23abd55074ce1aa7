"""The plug's end of encrypted HTTP: requests of a bound plug that encrypts, and its answers.

    clear GET System.Ability ──► answered in clear text          any other clear request ──► closed
    encrypted request        ──► answered encrypted              not to be decrypted     ──► closed

Source: docs/protocols/meross.md §1.5.2.
"""

from unclouded.core.errors import WireError
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, Envelope, parse
from unclouded.families.meross.wire.lan_encryption import LanCipher, is_clear


class EncryptedHttp:
    """The HTTP bodies of one plug. ``cipher``: that of ``bound_cipher``, or of ``session_cipher`` in set-up mode."""

    def __init__(self, cipher: LanCipher) -> None:
        self._cipher = cipher

    def opened(self, body: bytes) -> tuple[Envelope, bool]:
        """A request, and whether its answer is to be encrypted. Raises WireError for what such a plug closes."""
        if not is_clear(body):
            return parse(self._cipher.decrypt(body)), True
        envelope = parse(body)
        if (envelope.header.method, envelope.header.namespace) != (GET, namespaces.ABILITY):
            raise WireError("a request in clear text, although the plug encrypts")
        return envelope, False

    def sealed(self, answer: bytes, encrypted: bool) -> bytes:
        """The body of an answer."""
        return self._cipher.encrypt(answer) if encrypted else answer
