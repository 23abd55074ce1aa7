"""Whether a plug encrypts HTTP, as its ability list says, which comes in clear text always.

    clear System.All closed ──► GET System.Ability ──► both namespaces listed: encrypt, and ask System.All again
    encrypted System.All closed ──► GET System.Ability ──► no longer listed: clear text, and ask System.All again

That it encrypts is remembered over restarts; its ability list is asked first then. Source:
docs/protocols/meross.md §1.5.
"""

from unclouded.core.sessions.session import Event, Failure, Remember
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.paths.paths import PathState
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.controller.paths.requests import CHECK, check, check_encryption
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.lan_encryption import bound_cipher
from unclouded.families.meross.wire.messages import Abilities

ENCRYPTS_MEMORY = "encrypts"  # what is remembered of a plug that encrypts HTTP
CLOSES_ENCRYPTED = (Failure.CLOSED, Failure.GARBLED)  # how a plug that encrypts answers clear text, and vice versa


class EncryptionCheck:
    """``key``: what the plug was bound with. ``encrypts``: as it is remembered."""

    def __init__(self, key: str, encrypts: bool) -> None:
        self._key = key
        self._encrypts = encrypts

    def first_request(self, state: PathState) -> WindowRequest:
        """What is asked first on a new path."""
        state.is_first_look = state.path.answers and self._encrypts
        return check_encryption(state.name) if state.is_first_look else check(state.name)

    def is_wanted(self, request: WindowRequest, state: PathState, why: Failure) -> bool:
        """Whether a failed request may have failed because of encryption."""
        return request.name == CHECK and state.path.answers and why in CLOSES_ENCRYPTED

    def checked(self, abilities: Abilities, uuid: str, state: PathState) -> str:
        """Its ability list has come; why the path has failed, "" = ask System.All again, encrypted or not."""
        encrypts = self.is_listed(abilities)
        is_first_look, state.is_first_look = state.is_first_look, False
        if encrypts and not uuid:
            return problems.NEEDS_UUID
        if encrypts == (state.cipher is not None) and not is_first_look:
            return problems.ENCRYPTED_UNANSWERED if encrypts else problems.FAILURES[Failure.CLOSED]
        state.cipher = bound_cipher(uuid, self._key) if encrypts else None
        return ""

    def is_listed(self, abilities: Abilities) -> bool:
        """Do the abilities say that the plug encrypts HTTP?"""
        return abilities.names.keys() >= set(namespaces.ENCRYPTION)

    def remember(self, encrypts: bool) -> list[Event]:
        """The event that keeps whether the plug encrypts, for later runs; [] where that was known."""
        if encrypts == self._encrypts:
            return []
        self._encrypts = encrypts
        return [Remember(ENCRYPTS_MEMORY, b"1" if encrypts else b"")]
