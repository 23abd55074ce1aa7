"""The folder of a fleet whose keys are those of a PrivateTrust: for the demo and for tests of a whole server."""

from pathlib import Path

import msgspec

from unclouded.fleet.local_servers.trust import PrivateTrust

PRIVATE = 0o600


def write_private_fleet(folder: Path, trust: PrivateTrust, servers: tuple[str, ...], dsn: str, listen: str) -> Path:
    """``servers``: NATS; ``listen``: host:port of the page, without TLS. The folder."""
    keys = folder / "keys"
    keys.mkdir(parents=True, mode=0o700)
    revoker = trust.revoker()
    seeds = {"hub": trust.hub_role, "fleet": trust.fleet_role, "revoke": trust.signing, "system": revoker.key}
    files = {keys / f"{name}.nk": key.seed + "\n" for name, key in seeds.items()}
    files |= {keys / "system.jwt": revoker.token + "\n", keys / "public.json": _json(trust.names)}
    files |= {folder / "fleet.toml": _toml(servers, dsn, listen)}
    for file, text in files.items():
        file.touch(PRIVATE)
        file.write_text(text, "utf-8")
    return folder


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _toml(servers: tuple[str, ...], dsn: str, listen: str) -> str:
    lines = ["[nats]", f"servers = {_json(servers)}", "", "[[base]]", f"dsn = {_json(dsn)}", "", "[web]"]
    return "\n".join([*lines, f'url = "http://{listen}"', f'listen = "{listen}"', ""])
