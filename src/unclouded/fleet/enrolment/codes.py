"""Codes of invitations. Source: docs/protocols/fleet.md §10"""

import hashlib
import secrets
import ssl

from unclouded.fleet.keys.roles import HUB_ALPHABET, HUB_ID_LENGTH
from unclouded.uplink.joining import ALPHABET, CODE_LENGTH, Invitation, fingerprint_of, normal_code

CODE_LIFE_S = 15 * 60.0


def new_code() -> str:
    """A code in its normal form; ``shown_code`` puts the dashes in."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def code_digest(code: str) -> bytes:
    """What is kept of a code. Raises InvitationError for a text that is none."""
    return hashlib.sha256(normal_code(code).encode("ascii")).digest()


def new_hub_id() -> str:
    """The id of a new hub: 100 random bits."""
    return "".join(secrets.choice(HUB_ALPHABET) for _ in range(HUB_ID_LENGTH))


def invitation_of(url: str, code: str, authority: str) -> Invitation:
    """What is typed at home. ``url``: of the page; ``authority``: PEM of the fleet's own, "" = there is none."""
    if not authority:
        return Invitation(code, url)
    return Invitation(code, url, fingerprint_of(ssl.PEM_cert_to_DER_cert(authority.strip() + "\n")))
