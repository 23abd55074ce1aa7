"""The running hub: its version, what it says of its store, its devices and its broker."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unclouded import VERSION
from unclouded.app.access.hub_client import HubClient
from unclouded.app.doctor.context import DoctorContext
from unclouded.core.errors import CommandError
from unclouded.core.finding import Finding, judged, not_checked, ok, problem, warning
from unclouded.core.times import duration_text

About = Mapping[str, Any]  # Any: the API's JSON
MOST_PROBLEMS = 3  # of clients of the broker that are listed
AS_USER = "Run it as the user of the hub."
RESTART = "Restart the hub, so that they count."
GOOD_STATES = ("online", "asleep", "connecting")
OWN_CLIENTS = ("127.0.0.1", "::1")


def running_hub(context: DoctorContext) -> Iterator[Finding]:
    if context.is_locked:
        yield not_checked("hub", f"you may not look into {context.data}", AS_USER)
        return
    if context.is_hub_hanging:
        yield _hanging(context)
        return
    hub, about = context.hub, context.about_hub()
    if hub is None or about is None:
        yield from _no_hub(context)
        return
    runs = f"runs on {context.data}, for {duration_text(about['uptime_s'])} (process {about['pid']})"
    advice = f"This command is version {VERSION}. Restart the hub, so that both are the same."
    yield judged(about["version"] == VERSION, "hub", f"version {about['version']} {runs}", advice, warning)
    yield from _changes(context, hub, about)
    yield from _store(about)
    yield from _publishers(about)


def devices(context: DoctorContext) -> Iterator[Finding]:
    hub = context.answering_hub()
    if hub is None:
        return
    chosen = [one.id for one in context.devices] if context.chosen else []
    for one in hub.get("/api/devices", device=chosen):
        reason = f": {one['reason']}" if one["reason"] else ""
        since = f" since {one['since']}" if one["since"] else ""
        text = f"{one['state']}{since}{reason}"
        if one["state"] == "seen":
            advice = f"Admit it: unclouded admit {one['id']} --name NAME"
            yield warning(one["id"], "it has connected to the broker and is not admitted", advice)
        elif one["state"] in GOOD_STATES:
            yield ok(one["id"], text)
        else:
            advice = f"unclouded dump {one['id']} gathers what a bug report needs."
            yield (problem if one["state"] == "faulted" else warning)(one["id"], text, advice)


def broker_clients(context: DoctorContext) -> Iterator[Finding]:
    """The newest clients that could not connect, from elsewhere than this computer."""
    about = context.about_hub()
    broker = (about or {}).get("broker")
    if not broker:
        return
    failed = [one for one in broker["problems"] if one["address"] not in OWN_CLIENTS]
    for one in failed[-MOST_PROBLEMS:]:
        ago = duration_text(max(time.time() - one["at"], 0.0))
        who = f"plug {one['uuid']}" if one["uuid"] else "a client"
        yield warning(
            "broker", f"{ago} ago {who} at {one['address']}: {one['reason']}", "docs/meross.md lists what plugs need."
        )
    yield ok("broker", f"{broker['plugs']:.0f} plugs are connected, {broker['refused']:.0f} logins were refused")


# --- inside -----------------------------------------------------------------------------------------


def _no_hub(context: DoctorContext) -> Iterator[Finding]:
    """A process that holds the lock of the folder, and does not answer, is another matter than none."""
    if context.locking_process():
        yield _hanging(context)
        return
    yield ok("hub", f"none runs on {context.data}")


def _publishers(about: About) -> Iterator[Finding]:
    """Does each publisher reach whom it publishes to?"""
    for one in about.get("publish", ()):
        text = f"{one['state']}: {one['text']}" if one["text"] else one["state"]
        advice = "unclouded publish status shows it as it is now."
        yield judged(one["state"] in ("running", "starting"), one["name"], text, advice, warning)


def _hanging(context: DoctorContext) -> Finding:
    pid = context.locking_process()
    who, end = (f"process {pid}", f"kill -KILL {pid}") if pid else ("a process of another user", "as that user")
    text = f"{who} holds {context.data} and does not answer"
    return problem("hub", text, f"Look at its log. Where it hangs or was stopped, end it ({end}) and start it again.")


def _changes(context: DoctorContext, hub: HubClient, about: About) -> Iterator[Finding]:
    """Does it run with the configuration as it is now?"""
    config = context.config
    if config is None:
        return
    if about["timezone"] != str(config.zone):
        text = f"it runs with the time zone {about['timezone']}, the configuration has {config.zone}"
        yield warning("hub", text, RESTART)
    try:
        view = hub.get("/api/configuration")
    except CommandError:  # one of another version
        return
    if Path(view["file"]).absolute() != Path(config.where).absolute():
        yield warning("hub", f"it runs with {view['file']}, not with {config.where}", "Name the one that is meant.")
    elif view["problem"]:
        yield problem(
            "hub",
            f"it goes on with the configuration that it had: {view['problem'].rstrip('.')}",
            "Correct the configuration.",
        )
    elif view["running"] != view["revision"]:
        text = f"{config.where} was changed, and it runs with what it had"
        yield warning("hub", text, "Run: unclouded config reload")
    if view["needs_restart"]:
        yield warning("hub", f"{', '.join(view['needs_restart'])} were changed", RESTART)


def _store(about: About) -> Iterator[Finding]:
    store = about["store"]
    if store["failures"]:
        text = f"storing has failed {store['failures']:.0f} times since it was started"
        yield warning("hub", text, "Look at its log, and at the disk above.")
    if store["dropped"]:
        yield warning("hub", f"{store['dropped']:.0f} readings were lost since it was started", "Look at its log.")
