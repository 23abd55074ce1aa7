"""JSON as gateways send it: every defect of docs/protocols/tuya_gateway.md §1.5.1 is read, and named."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import WireError
from unclouded.families.tuya.gateway.wire.lenient_json import NUMBERS, TEXTS, read_object

DEFECTS = [
    ("{“sub_id”:“1234”}", {"sub_id": "1234"}, "typographic quotes"),
    ('{"sub_id”:“1234"}', {"sub_id": "1234"}, "typographic quotes"),
    ('{"sub_id":"“x”",}', {"sub_id": "“x”"}, "a comma before the closing bracket"),
    ('{"pk_type":1 "sub_id":"1"}', {"pk_type": 1, "sub_id": "1"}, "a comma is missing"),
    ('{"cids":["1","2",],}', {"cids": ["1", "2"]}, "a comma before the closing bracket"),
    ('{mode:"1"}', {"mode": 1}, "names without quotes, numbers as texts"),
    ("{sub_id:0123}", {"sub_id": "0123"}, "names without quotes, texts without quotes"),
    ('{""state":1}', {"state": 1}, "a doubled quote"),
    ('{"mode":"2"}', {"mode": 2}, "numbers as texts"),
    ('{"sub_id":1234}', {"sub_id": "1234"}, "texts as numbers"),
    ('{"pid":" xxxx"}', {"pid": "xxxx"}, "blanks around a text"),
    ('{ "a" : 1 ,\r\n "n":0 }', {"a": 1, "n": 0}, ""),
    ('{"Devkey":"k"}', {"devkey": "k"}, "Devkey for devkey"),
    ('{"dpinf":"x","cdis":[]}', {"dp_inf": "x", "cids": []}, "dpinf for dp_inf, cdis for cids"),
    ('{"s":"the “best” net"}', {"s": "the “best” net"}, ""),
    ('{"later":{"x":[1,{"y":null}]}}', {"later": {"x": [1, {"y": None}]}}, ""),
    ('{"v":"1","v":"2"}', {"v": "2"}, ""),
]


@pytest.mark.parametrize(("text", "members", "odd"), DEFECTS)
def test_a_defect_is_read_and_named(text: str, members: dict[str, Any], odd: str) -> None:
    found = read_object(text.encode())
    assert (dict(found), found.odd) == (members, odd)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[1]",
        b"{",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b'{"a":"x',
        b'{"a":1}}',
        b'{"a":1,,}',
        b'{"\xff":1}',
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b'{"cap":' + b"9" * 4000 + b"}",
        b'{"a":"\\x"}',
        b'{"a":"\\u12"}',
    ],
)
def test_what_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        read_object(text)


NAMES = st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1, max_size=8).filter(
    lambda name: name not in NUMBERS | TEXTS | {"Devkey", "dpinf", "cdis"}
)
LEAVES = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=9
)


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: stripped(one) for key, one in value.items()}
    if isinstance(value, list):
        return [stripped(one) for one in value]
    return value.strip() if isinstance(value, str) else value


@given(st.dictionaries(NAMES, VALUES, max_size=5))
@settings(max_examples=200, deadline=None)
def test_strict_json_is_read_as_json_does(members: dict[str, Any]) -> None:
    if depth(members) <= 8:
        assert dict(read_object(json.dumps(members).encode())) == stripped(members)


@given(st.binary(max_size=200) | st.text('{}[]"\\:, 0a“”', max_size=60).map(str.encode))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_read_or_refused_with_a_reason(data: bytes) -> None:
    try:
        read_object(data)
    except WireError as error:
        assert str(error)


@pytest.mark.parametrize("worst", [b'{"a":1,', b'""', b"{", b"[", b'{"', b" ", b'\\"', "“".encode(), b'{"a":[[['])
def test_a_long_text_takes_time_in_proportion(worst: bytes) -> None:
    """No pattern and no search that reads the rest of the text at each step."""
    steps = []
    for size in (20_000, 200_000):
        started = time.process_time()
        try:
            read_object(b'{"x":' + worst * (size // len(worst)))
        except WireError:
            pass
        steps.append(time.process_time() - started)
    assert steps[1] < 30 * steps[0] + 0.2
