"""NKeys, the key texts of NATS: published pairs, round trips and damaged texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.security.nkeys import KINDS, KeyTextError, NKey, is_signed, read_public, read_seed

KIND_NAMES = st.sampled_from(sorted(KINDS))
SEEDS = st.binary(min_size=32, max_size=32)

# The pair that the documentation of NATS shows for authentication by NKey.
SEED, PUBLIC = (
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
    "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
)


def test_a_published_pair_is_read_and_made_again() -> None:
    key = read_seed(SEED, "user")
    assert (key.public, key.seed) == (PUBLIC, SEED)


@settings(max_examples=30)
@given(KIND_NAMES, SEEDS, st.binary(max_size=100))
def test_keys_are_read_as_they_were_written_and_their_signatures_hold(kind: str, seed: bytes, data: bytes) -> None:
    key = NKey(kind, seed)  # type: ignore[arg-type]
    again = read_seed(key.seed, kind)  # type: ignore[arg-type]
    assert (again.public, again.seed) == (key.public, key.seed)
    assert key.public[0] == {"operator": "O", "account": "A", "user": "U"}[kind]
    assert key.seed[:2] == f"S{key.public[0]}"
    assert is_signed(data, key.sign(data), key.public, kind)  # type: ignore[arg-type]
    assert not is_signed(data + b".", key.sign(data), key.public, kind)  # type: ignore[arg-type]
    assert key.seed not in repr(key)


@settings(max_examples=30)
@given(SEEDS, st.integers(0, 55), st.characters())
def test_a_text_with_another_character_is_refused(seed: bytes, place: int, other: str) -> None:
    text = NKey("user", seed).public
    damaged = text[:place] + other + text[place + 1 :]
    if damaged != text:
        with pytest.raises(KeyTextError) as error:
            read_public(damaged, "user")
        assert text[:8] not in str(error.value)


@given(st.text(max_size=60), KIND_NAMES)
def test_any_text_is_a_key_or_one_error(text: str, kind: str) -> None:
    for read in (read_public, read_seed):
        with pytest.raises(KeyTextError):
            read(text, kind)  # type: ignore[arg-type]


@settings(max_examples=30)
@given(SEEDS, KIND_NAMES, KIND_NAMES)
def test_a_key_of_another_kind_is_refused(seed: bytes, kind: str, other: str) -> None:
    key = NKey(kind, seed)  # type: ignore[arg-type]
    if kind != other:
        for text, read in ((key.public, read_public), (key.seed, read_seed), (key.seed, read_public)):
            with pytest.raises(KeyTextError):
                read(text, other)  # type: ignore[arg-type]


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 65])
def test_what_is_no_signature_does_not_hold(signature: bytes) -> None:
    assert not is_signed(b"data", signature, NKey("user", bytes(32)).public, "user")
