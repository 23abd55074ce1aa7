"""The answers of the simulated MSS310 have the keys and types of recorded plugs, where the recordings are at hand."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from families.meross.meross_pair import KEY, measures
from families.meross.plug_in_lan import PlugInLan
from pair import START_UNIX

TRACES = Path(__file__).parents[4] / "shared" / "vectors" / "meross"
RECORDED = {
    "hw1": "mss310_hw1_fw1.1.18.tsv",
    "hw2": "mss310r_hw2_fw2.1.4.tsv",
    "hw8": "mss305_hw8_fw8.3.15.tsv",
}
needs_traces = pytest.mark.skipif(not TRACES.is_dir(), reason="the recordings are not part of the project")


def answers(dialect: str) -> Iterator[tuple[str, str, object, object]]:
    """Method, namespace, the query and what the recorded plug answered."""
    asked: dict[str, object] = {}
    for line in (TRACES / RECORDED[dialect]).read_text("utf-8").splitlines():
        _, way, _, method, namespace, text = line.split("\t", 5)
        if way == "TX" and namespace.startswith("Appliance."):
            asked[namespace] = msgspec.json.decode(text)
        elif way == "RX" and method in ("GETACK", "PUSH"):
            yield (
                ("GET" if method == "GETACK" else "PUSH"),
                namespace[10:],
                asked.get(namespace, {}),
                msgspec.json.decode(text),
            )


def shape(value: object, place: str = "") -> set[tuple[str, str]]:
    """The place of each value with its type; masked values are of any type."""
    match value:
        case dict():
            found = {(place, "object")} if not value else set()
            return found.union(*(shape(one, f"{place}.{name}".lstrip(".")) for name, one in value.items()))
        case list():
            return set().union(*(shape(one, f"{place}[]") for one in value[:1])) if value else set()
        case str() if set(value) & set("#@"):
            return {(place, "masked")}
    return {(place, type(value).__name__)}


@needs_traces
@pytest.mark.parametrize("dialect", RECORDED)
def test_what_a_simulated_plug_answers_has_the_form_of_a_recorded_one(dialect: str) -> None:
    plug = PlugInLan("never-encrypts", key=KEY, unconfigured=False, host="192.168.1.2", port=8883, dialect=dialect)
    plug.run(5.0)
    time = {"timestamp": int(START_UNIX), "timezone": "Europe/London", "timeRule": [[0, 3600, 1]]}
    assert plug.ask("System.Time", "SET", KEY, time=time) is not None
    plug.device.submit(measures(), plug.now)
    compared = 0
    for method, namespace, query, recorded in answers(dialect):
        found = plug.ask(namespace, method, KEY, **(query if isinstance(query, dict) else {}))
        if found is None:
            continue  # pushes that nothing asked for
        compared += 1
        theirs, ours = shape(recorded), shape(msgspec.json.decode(found.payload))
        masked = {place for place, type_ in theirs if type_ == "masked"}
        missing = {place for place, type_ in theirs - ours if place not in masked}
        assert not {place for place in missing if not place.endswith("[]")}, f"{namespace}: {missing}"
        extra = {place for place, _ in ours} - {place for place, _ in theirs}
        assert not {place for place in extra if not place.endswith("[]")}, f"{namespace}: {extra}"
    assert compared >= 8
