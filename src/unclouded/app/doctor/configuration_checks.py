"""The configuration, the profiles that it uses, and who may read its secrets."""

import os
import pwd
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from unclouded.app.admissions import Admissions
from unclouded.app.configuration.checks.problems import problems
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.doctor.context import DoctorContext
from unclouded.core.errors import ConfigError
from unclouded.core.finding import Finding, not_checked, ok, problem, warning
from unclouded.links.url import parse
from unclouded.web.access.password import CredentialStore

NO_PORT = "there is no port"  # how the problem of a missing port begins
OTHERS = stat.S_IRGRP | stat.S_IROTH
SECRET_FILE = re.compile(r"(?:\w+_)?(?:password|token|secret|url|key)_?file")  # a key that names one
SECRET_FILES = (
    "state/meross.key",
    "state/web.json",
    "state/fleet.key",
    "state/fleet.json",
    "ca/ca.key",
    "ca/server.key",
    "ca/web.key",
    "store.sqlite",
)


def configuration(context: DoctorContext) -> Iterator[Finding]:
    config = context.config
    if config is None:
        yield _no_configuration(context)
        return
    try:
        nodes = DeviceFactory(config).nodes()
        reads_admitted = config.broker is not None and not context.is_locked
        admitted = Admissions(config).devices(config.devices) if reads_admitted else []
    except ConfigError as error:
        yield problem("configuration", str(error), "Correct it; `unclouded check` shows whether it is right.")
        return
    count = len(nodes) + len(admitted)
    yield ok("configuration", f"{config.where} is valid, with {count} device{'s' if count != 1 else ''}")
    ids = {one.id for one in context.devices}
    for one in problems(config):
        if one.device in ids and not one.text.startswith(NO_PORT):  # ports have a check of their own
            make = problem if one.is_error else warning
            line = f"{config.where}, line {one.line}" if one.line else config.where
            yield make(one.device, one.text.rstrip("."), f"See {line}.")


def data_folder(context: DoctorContext) -> Iterator[Finding]:
    data = context.data
    try:
        status = data.stat()
    except FileNotFoundError:
        yield ok("data folder", f"{data} does not exist yet; the hub makes it when it starts")
        return
    except OSError as error:
        yield problem("data folder", f"{data}: {error.strerror}", "Choose another folder with --data.")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield problem("data folder", f"{data} is not a folder", "Choose another one with --data.")
    elif status.st_mode & stat.S_IWOTH:
        yield problem("data folder", f"every user of this computer may write to {data}", f"Run: chmod o-w {data}")
    elif not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield _not_usable(data, status)
    else:
        yield ok("data folder", str(data))


def secret_files(context: DoctorContext) -> Iterator[Finding]:
    """May others read them? The page's credentials are read, too: a damaged file locks everybody out."""
    exposed = 0
    files = list(_secret_files(context))
    for file, is_ours in files:
        try:
            status = file.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            yield not_checked(file.name, f"{file}: {error.strerror}", "Run it as the user of the hub.")
            continue
        if status.st_mode & OTHERS:
            exposed += 1
            text = f"other users of this computer may read {file}"
            yield (warning if is_ours else problem)(file.name, text, f"Run: chmod go= {file}")
    if context.is_locked:
        yield not_checked("secrets", f"you may not look into {context.data}", "Run it as the user of the hub.")
        return
    if not exposed:
        yield ok("secrets", "no other user of this computer may read the files of keys and passwords")
    try:
        CredentialStore(context.data / "state").now()
    except ConfigError as error:
        yield problem("web.json", str(error), "Move it away, and set the passwords again: unclouded web password")


# --- inside -----------------------------------------------------------------------------------------


def _no_configuration(context: DoctorContext) -> Finding:
    if context.is_named:
        return problem("configuration", context.why_none.rstrip("."), "Correct it, or name another with --config.")
    return warning(
        "configuration",
        "there is none here",
        "Name one with --config, write one (docs/getting-started.md), or try the demo: unclouded demo",
    )


def _not_usable(folder: Path, status: os.stat_result) -> Finding:
    try:
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = str(status.st_uid)
    return problem(
        "data folder",
        f"{folder} belongs to {owner}, and you may not write to it",
        "Run the hub and this command as that user, or choose another folder with --data.",
    )


def _secret_files(context: DoctorContext) -> Iterator[tuple[Path, bool]]:
    """Files of secrets, and whether the folder around them keeps others out as well."""
    is_private = _is_private(context.data)
    for name in SECRET_FILES if not context.is_locked else ():
        yield context.data / name, is_private
    config = context.config
    if config is None:
        return
    if config.meross_key_file is not None:
        yield config.meross_key_file, _is_private(config.meross_key_file.parent)
    named = [*(_password_file(wire.link) for wire in context.wires()), *_named_secrets(config.tables)]
    for file in dict.fromkeys(config.base / Path(one).expanduser() for one in named if one):
        if file != config.meross_key_file:
            yield file, _is_private(file.parent)


def _named_secrets(table: msgspec.Struct) -> Iterator[str]:
    """The files of secrets that the tables of a configuration name, whatever they are for."""
    for field in msgspec.structs.fields(table):
        value = getattr(table, field.name)
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, msgspec.Struct):
                yield from _named_secrets(one)
            elif isinstance(one, str) and SECRET_FILE.fullmatch(field.name):
                yield one


def _is_private(folder: Path) -> bool:
    try:
        return not folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH)
    except OSError:
        return False


def _password_file(link: str) -> str:
    try:
        return parse(link).query.get("password_file", "")
    except ConfigError:
        return ""
