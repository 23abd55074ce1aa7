"""All checks of the doctor, in the order in which they are run and listed."""

from collections.abc import Callable

import msgspec

from unclouded.app.doctor import (
    broker_checks,
    clock_checks,
    configuration_checks,
    environment_checks,
    hub_checks,
    link_checks,
    serial_checks,
    store_checks,
    web_checks,
)
from unclouded.app.doctor.context import DoctorContext
from unclouded.core.finding import Findings


class DoctorCheck(msgspec.Struct, frozen=True, kw_only=True):
    """``title``: what is looked at, a noun phrase. ``limit_s``: after so long it is given up."""

    name: str
    title: str
    run: Callable[[DoctorContext], Findings]
    limit_s: float = 5.0


def _check(name: str, run: Callable[[DoctorContext], Findings], title: str, limit_s: float = 5.0) -> DoctorCheck:
    return DoctorCheck(name=name, title=title, run=run, limit_s=limit_s)


CHECKS = (
    _check("python", environment_checks.python, "the versions of Python, OpenSSL, SQLite and this program"),
    _check("libraries", environment_checks.libraries, "the libraries that it needs, and their versions"),
    _check("terminal", environment_checks.terminal, "the encoding of the terminal"),
    _check(
        "disk", environment_checks.disk, "free and used space where the data folder is, and whether it is read-only"
    ),
    _check("memory", environment_checks.memory, "available memory"),
    _check("open-files", environment_checks.open_files, "with a broker: how many connections may be open"),
    _check("packages", environment_checks.debian_packages, "packages that Debian leaves out and that are needed"),
    _check("configuration", configuration_checks.configuration, "the configuration: found, valid, profiles"),
    _check("data-folder", configuration_checks.data_folder, "the data folder: whose it is, who may write to it"),
    _check(
        "secrets",
        configuration_checks.secret_files,
        "who may read the files of keys, passwords, tokens and secret addresses: those of the hub, and those that any "
        "table or link names",
    ),
    _check(
        "serial-ports",
        serial_checks.configured_ports,
        "each configured serial port: there, its adapter, your permission, who holds it, its name, its baud rate",
        10.0,
    ),
    _check("other-ports", serial_checks.other_ports, "serial ports that no device uses"),
    _check("port-programs", serial_checks.port_programs, "ModemManager and brltty, which open adapters by themselves"),
    _check("groups", serial_checks.groups, "your membership in dialout or uucp"),
    _check("time", clock_checks.wall_clock, "whether the time of day can be right, also by the newest stored reading"),
    _check("ntp", clock_checks.synchronisation, "whether the clock is synchronised"),
    _check("time-zone", clock_checks.zone, "whether the zone of the configuration is that of this computer"),
    _check("drift", clock_checks.drift, "the time of day against the monotonic clock"),
    _check("hub", hub_checks.running_hub, "the hub: runs, its version, changes since its start, failures of its store"),
    _check("devices", hub_checks.devices, "the states of the devices of a running hub"),
    _check("addresses", link_checks.device_addresses, "without a hub: whether devices on the network answer", 30.0),
    _check("store", store_checks.store, "the store: sound, format, size, log, growth against the disk", 15.0),
    _check("damaged-stores", store_checks.damaged_stores, "damaged stores that were moved aside"),
    _check("page", web_checks.page, "the addresses of the page, or whether its port is free, and passwords", 15.0),
    _check("page-certificate", web_checks.page_certificate, "the certificate of the page"),
    _check("broker-address", broker_checks.broker_address, "the names that plugs connect to; who holds the port", 10.0),
    _check("broker-certificate", broker_checks.broker_certificate, "its certificate: names, key, end, authority"),
    _check(
        "broker-login",
        broker_checks.broker_login,
        "TLS as plugs of each generation do it, a wrong password, and the one that plugs derive",
        30.0,
    ),
    _check("broker-clients", hub_checks.broker_clients, "clients of the broker that failed to connect"),
    _check("discovery", link_checks.discovery, "the network, and the UDP port by which plugs are found"),
    _check("downloads", link_checks.download_port, "the port from which plugs load firmware"),
)
