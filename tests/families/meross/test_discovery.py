"""Discovery by UDP: the question and the answer of a plug."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import WireError
from unclouded.families.meross.wire.discovery import (
    QUESTION,
    DiscoveredPlug,
    DiscoveryQuestion,
    read_answer,
    read_question,
)

UUID = "19010100000000000000020000000001"


def test_the_question_has_the_fields_that_plugs_answer_to() -> None:
    assert msgspec.json.decode(bytes(QUESTION)) == {"id": "49f33d8a2de2f2089ccf45ba8cdd4440", "devName": "*"}
    assert read_question(bytes(QUESTION)) == QUESTION


def test_an_answer_has_the_names_of_the_wire_and_is_read_again() -> None:
    plug = DiscoveredPlug(dev_name="mss310", dev_hard_ware="2.0.0", dev_soft_ware="2.1.17", ip="10.0.0.7", uuid=UUID)
    names = set(msgspec.json.decode(bytes(plug)))
    assert names >= {"devName", "devSoftWare", "devHardWare", "ip", "port", "mac", "uuid", "deviceType", "subType"}
    assert read_answer(bytes(plug)) == plug


def test_unknown_fields_are_ignored_and_a_port_may_be_text() -> None:
    assert read_answer(b'{"uuid":"u","port":"80","new":[1]}') == DiscoveredPlug(uuid="u", port="80")


@given(st.binary(max_size=80) | st.sampled_from([b"{}", b'{"id":1}', b"[" * 2000, b'{"id":"","devName":"*"}']))
def test_other_bytes_are_refused_in_words(data: bytes) -> None:
    for read in (read_question, read_answer):
        try:
            found = read(data)
        except WireError as error:
            assert "discovery" in str(error)
        else:
            assert isinstance(found, DiscoveryQuestion | DiscoveredPlug)


def test_a_question_without_a_name_is_none() -> None:
    with pytest.raises(WireError):
        read_question(b'{"id":"x"}')
