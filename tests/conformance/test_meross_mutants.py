"""Rules broken in our ends of a Meross plug's wires are found by the checks of those rules, and by no other."""

import msgspec
import pytest

from conformance.conforming import not_passed
from conformance.meross_ends import OPTIONS, check_hub, check_plug, plug
from conformance.meross_hub_mutants import BROKEN_HUBS, BROKEN_SERVERS
from conformance.meross_mqtt_ends import CLIENT, check_mqtt_hub, check_mqtt_plug
from conformance.meross_mqtt_mutants import BROKEN_BROKERS, BROKEN_LOGINS
from conformance.meross_mutants import BROKEN_HTTP, BROKEN_PLUGS
from unclouded.conformance.check import RunOptions, RunReport

PLUGS = {**BROKEN_PLUGS, **BROKEN_HTTP}
CLIENTS = {**BROKEN_LOGINS, **BROKEN_BROKERS}
ENDS = {**BROKEN_HUBS, **BROKEN_SERVERS}


def options(only: tuple[str, ...]) -> RunOptions:
    return msgspec.structs.replace(OPTIONS, only=only)


def found(report: RunReport) -> set[str]:
    assert not report.silence
    return {id.partition(".")[2] for id in not_passed(report)}


@pytest.mark.parametrize("name", PLUGS)
def test_a_plug_that_breaks_rules_is_found(name: str) -> None:
    one, more = PLUGS[name], dict(PLUGS[name].more)
    faults = ("never-encrypts",) if more.pop("is_clear", False) else ()
    identity = {"uuid": more.pop("uuid")} if "uuid" in more else {}
    device = plug(*faults, dialect=one.dialect, **identity)
    assert found(check_plug(device, options(one.only), out=one.out(), into=one.into(), **more)) == one.found


@pytest.mark.parametrize("name", CLIENTS)
def test_a_plug_that_breaks_rules_of_its_server_is_found(name: str) -> None:
    assert found(check_mqtt_plug(plug(), CLIENTS[name].wrap, options(CLIENTS[name].only))) == CLIENTS[name].found


@pytest.mark.parametrize("name", BROKEN_HUBS)
def test_a_hub_that_breaks_rules_is_found(name: str) -> None:
    assert found(check_hub(BROKEN_HUBS[name].make(), options(BROKEN_HUBS[name].only))) == BROKEN_HUBS[name].found


@pytest.mark.parametrize("name", BROKEN_SERVERS)
def test_a_server_that_breaks_rules_is_found(name: str) -> None:
    one = BROKEN_SERVERS[name]
    end = one.make()
    assert found(check_mqtt_hub(end, lambda inner: end, options(one.only))) == one.found  # type: ignore[arg-type, return-value]


def test_a_server_with_an_odd_certificate_is_found() -> None:
    facts = (("tls", "TLSv1"), ("key", "other"), ("common_name", "same"), ("authority", "same"))
    end = BROKEN_SERVERS["answers no Clock"].make()
    path = msgspec.structs.replace(CLIENT, facts=facts)
    report = check_mqtt_hub(end, lambda inner: end, options(("hub.tls.*",)), path)  # type: ignore[arg-type, return-value]
    assert found(report) == {"tls.key", "tls.authority", "tls.version"}
