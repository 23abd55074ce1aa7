"""A private NATS: one nats-server on loopback, or several that form a cluster; each can be killed and comes back."""

import contextlib
import random
import shutil
import signal
import socket
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec

from unclouded.fleet.local_servers.processes import PrivateServer, ServerFailed, ServerProcess
from unclouded.fleet.local_servers.programs import nats_program
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.fleet.nats_server.configuration_file import NatsNode, NatsTrust, TlsFiles, configuration_text

HOST = "127.0.0.1"
PORTS = range(12_000, 32_000)  # below those that the system gives to connections, so that a stopped node finds its own
CONNECTIONS = 10_000
TRIES = 20
TIMEOUT_S = 2.0
TAKEN = "address already in use"


class PrivateNats(PrivateServer):
    """NATS of this process. ``with PrivateNats() as nats: nats.urls``."""

    def __init__(
        self,
        trust: PrivateTrust | None = None,
        nodes: int = 1,
        *,
        tls: TlsFiles | None = None,
    ) -> None:
        """``trust``: whose tokens count. ``tls``: of clients and of the nodes among themselves."""
        self.trust = trust or PrivateTrust()
        self._folder = Path(tempfile.mkdtemp(prefix="unclouded-nats-"))
        self._tls = tls
        self._nodes = [_NatsProcess(self._folder / f"n{number}") for number in range(1, nodes + 1)]

    @property
    def urls(self) -> tuple[str, ...]:
        """Where clients connect to, one for each node."""
        scheme = "nats" if self._tls is None else "tls"
        return tuple(f"{scheme}://{node.settings.listen}" for node in self._nodes)

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each node, for a proxy before it."""
        return tuple((HOST, int(node.settings.listen.rpartition(":")[2])) for node in self._nodes)

    @property
    def route_addresses(self) -> tuple[tuple[str, int], ...]:
        """The same of the ports for other nodes, of a cluster."""
        return tuple((HOST, int(node.settings.cluster_listen.rpartition(":")[2])) for node in self._nodes)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process of each node."""
        return tuple(node.process.pid for node in self._nodes)

    def start(self) -> None:
        """Start all nodes on ports that are free, and wait until each knows the others. Raises CommandError."""
        trust = self.trust.nats_trust()
        for _ in range(TRIES):
            self._choose_ports()
            for node in self._nodes:
                node.write(trust)
                node.process.start()
            if all(node.is_up() for node in self._nodes):
                break
            self._check_failure()
            self.stop()
        else:
            raise ServerFailed("nats-server found no free port.")
        self._wait_for_cluster()

    def stop(self, node: int | None = None) -> None:
        """End one node (from 0), or all."""
        for one in self._chosen(node):
            one.process.stop()

    def kill(self, node: int | None = None) -> None:
        """kill -9 of one node (from 0), or of all."""
        for one in self._chosen(node):
            one.process.kill()

    def restart(self, node: int | None = None) -> None:
        """Start one node, or all, again with the same ports and folder, whether it runs or not."""
        for one in self._chosen(node):
            one.process.stop()
        for one in self._chosen(node):
            one.process.start()
        for one in self._chosen(node):
            if not one.is_up():
                raise one.process.failed("did not start")
        self._wait_for_cluster()

    def close(self) -> None:
        """Stop all, and remove their folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- inside --------------------------------------------------------------------------------

    def _chosen(self, node: int | None) -> list["_NatsProcess"]:
        return self._nodes if node is None else [self._nodes[node]]

    def _choose_ports(self) -> None:
        ports = free_ports()
        clusters = [f"{HOST}:{next(ports)}" for _ in self._nodes] if len(self._nodes) > 1 else [""]
        for node, cluster in zip(self._nodes, clusters, strict=True):
            node.settings = NatsNode(
                name=node.folder.name,
                listen=f"{HOST}:{next(ports)}",
                accounts=node.folder / "accounts",
                tls=self._tls,
                cluster_listen=cluster,
                cluster_tls=self._tls if cluster else None,
                routes=tuple(other for other in clusters if other != cluster),
                monitor=f"{HOST}:{next(ports)}" if cluster else "",
                most_connections=CONNECTIONS,
            )

    def _check_failure(self) -> None:
        """Raises ServerFailed for another reason than that a port is not free."""
        for node in self._nodes:
            if not node.process.is_running and TAKEN not in node.process.log_tail():
                raise node.process.failed("did not start")

    def _wait_for_cluster(self) -> None:
        running = [node for node in self._nodes if node.process.is_running]
        for node in running if len(self._nodes) > 1 else []:
            others = {other.folder.name for other in running} - {node.folder.name}
            if not node.process.wait_until(lambda node=node, others=others: others <= node.peers()):  # type: ignore[misc]
                raise node.process.failed("ended")


class _NatsProcess:
    """One nats-server with its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = NatsNode(name=folder.name, listen="", accounts=folder)
        self.process = ServerProcess(
            [nats_program(), "-c", folder / "nats-server.conf"], folder / "nats-server.log", end=signal.SIGINT
        )

    def write(self, trust: NatsTrust) -> None:
        self.settings.accounts.mkdir(parents=True, exist_ok=True)
        (self.folder / "nats-server.conf").write_text(configuration_text(self.settings, trust), "utf-8")

    def is_up(self) -> bool:
        return self.process.wait_until(self._answers)

    def peers(self) -> set[str]:
        """The nodes that it has a route to."""
        try:
            with urllib.request.urlopen(f"http://{self.settings.monitor}/routez", timeout=TIMEOUT_S) as reply:
                routes = msgspec.json.decode(reply.read())["routes"] or []
        except OSError:
            return set()
        return {str(route.get("remote_name")) for route in routes}

    def _answers(self) -> bool:
        """It sends a line of its own at once; who is there instead is noticed by the end of the process."""
        host, _, port = self.settings.listen.rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
            connection.settimeout(TIMEOUT_S)
            line = b""
            while not line.endswith(b"\n") and (piece := connection.recv(4096)):
                line += piece
            return self.settings.name.encode() in line
        return False


def free_ports() -> Iterator[int]:
    """Ports of loopback that no one listens on just now, in an order by chance."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as listener:
            try:
                listener.bind((HOST, port))
            except OSError:
                continue
        yield port
