"""Setting up a plug: from its access point, or from another server, until it is confirmed by this hub.

    find    the plug answers at its address             the computer joins its Wi-Fi meanwhile
    scan    which Wi-Fi networks it sees
    send    time, server, key, Wi-Fi                    then it restarts; the computer goes back to its own Wi-Fi
    wait    it connects to the broker ─► admit ─► confirm: a value of it has arrived

Every step is reported as it begins and ends. Where one fails, LinkError says what happened and what to do. The command
line and the hub's API run the same code.
"""

import asyncio
import time

from msgspec.structs import replace

from unclouded.app.admissions import admitted_plug
from unclouded.app.setup.confirmation import SetupConfirmation
from unclouded.app.setup.conversation import SetupConversation
from unclouded.app.setup.hub_for_setup import HubForSetup
from unclouded.app.setup.steps import (
    ACCESS_POINT,
    Report,
    SentSettings,
    SetupPlan,
    SetupTimes,
    WifiChoice,
    views_of,
)
from unclouded.core.errors import CommandError, LinkError, UncloudedError
from unclouded.core.model import Admission
from unclouded.core.sessions.session import Settled
from unclouded.core.views.facts import NetworkView, SetupStep, SetupStepName
from unclouded.families.meross.setup.problems import HOLD_BUTTON, explain_trace
from unclouded.families.meross.setup.requests import chosen_network
from unclouded.families.meross.setup.scripts import SetupPlug, SetupSettings
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Trace

LOOK_S, SCAN_S = 5.0, 45.0  # s that an answer may take: to a first look, and to anything afterwards


class SetupRun:
    """One set-up. ``close`` it at the end; ``report`` gets every step."""

    def __init__(self, plan: SetupPlan, hub: HubForSetup, report: Report, times: SetupTimes | None = None) -> None:
        self.plan = plan
        self._hub = hub
        self._on_step = report
        self._times = times or SetupTimes()
        self._talk: SetupConversation | None = None
        self._step: SetupStepName = "find"
        self._sent_at = 0.0
        self._trace: Trace | None = None
        self.plug: SetupPlug | None = None

    @property
    def is_access_point(self) -> bool:
        """Whether the plug is in set-up mode, so that it opens a Wi-Fi of its own."""
        return self.plan.plug_key is None

    @property
    def usual_name(self) -> str:
        """What a plug without a name is called."""
        return f"Plug {self.plug.uuid[-4:].upper()}" if self.plug is not None else ""

    async def close(self) -> None:
        """Ends the conversation with the plug, where one is open; may be called again."""
        talk, self._talk = self._talk, None
        if talk is not None:
            await talk.__aexit__(None, None, None)

    def _report(self, step: SetupStep) -> None:
        self._step = step.step
        self._on_step(step)

    # --- what can be checked before anything is sent ---------------------------------------------

    async def check_plan(self) -> None:
        """What is wrong with the configuration, or with the name, is reported before anything is sent."""
        plan = self.plan
        await self._hub.server()
        if plan.name or plan.id or plan.parent:
            admission = Admission(uuid=plan.uuid, name=plan.name or "plug", id=plan.id, parent=plan.parent)
            admitted_plug(admission, await self._hub.ids())

    def check(self, wifi: WifiChoice) -> None:
        """Raises CommandError for a name or password that this network cannot have."""
        args = {"ssid": wifi.ssid, "password": wifi.password.text}
        chosen_network(args, self._talking().session.networks)

    # --- the steps -----------------------------------------------------------------------------

    async def find(self, resets: bool = False) -> SetupPlug:
        """The plug at the address, once it answers. In set-up mode that may take until the computer is in its Wi-Fi.

        ``resets``: it is only to be reset, which takes no broker.
        """
        plan = self.plan
        self._begin("find", f"Looking for a plug at {plan.address}.")
        if not resets:
            await self.check_plan()
        settings = SetupSettings(
            place=plan.address,
            uuid=plan.uuid,
            key=plan.plug_key.text if plan.plug_key is not None else "",
            exchanges_key=plan.exchanges_key,
        )
        talk = SetupConversation(plan.address, settings, self._hub.zone, LOOK_S, self._progress)
        self._talk = talk  # before it begins: a set-up may be ended at any time, and ends its conversation
        await talk.__aenter__()
        await self._look(talk)
        self.plug = talk.session.plug
        assert self.plug is not None, "a look that is confirmed has found a plug"
        talk.wait_for_answers(SCAN_S)
        text = await self._last_attempt(talk, self.plug)
        self._done(f"Found {described(self.plug)}.{text}", plug=self.plug.info)
        return self.plug

    async def scan(self, ssid: str = "") -> list[NetworkView]:
        """The Wi-Fi networks that the plug sees. ``ssid``: scan again while this one is missing."""
        talk = self._talking()
        self._begin("scan", "The plug looks for Wi-Fi networks; this takes up to 40 seconds.")
        self._check(await talk.do("scan", ssid=ssid))
        networks = views_of(talk.session.networks)
        self._done(f"It sees {len(networks)} Wi-Fi network{'' if len(networks) == 1 else 's'}.", networks=networks)
        return networks

    async def join(self, wifi: WifiChoice) -> None:
        """Send everything. Raises CommandError for a name or password that cannot be right."""
        self.check(wifi)
        server = await self._hub.server()
        await self._send("join", ssid=wifi.ssid, password=wifi.password.text, **server.args)
        name = self._access_point_name()
        self._done(
            f"The plug has its Wi-Fi and its server {server.host}:{server.port}, and restarts. If this computer is in "
            f"the Wi-Fi {name}, let it go back to its own Wi-Fi now; the set-up goes on by itself."
        )

    async def rehost(self) -> None:
        """Send time, server and key; its Wi-Fi stays as it is."""
        server = await self._hub.server()
        await self._send("rehost", **server.args)
        self._done(f"The plug has its new server {server.host}:{server.port}. It keeps its Wi-Fi.")

    async def unbind(self) -> None:
        """Reset the plug: it forgets its server, its key and its Wi-Fi, and goes to set-up mode."""
        talk = self._talking()
        self._begin("unbind", "The plug forgets its server, its key and its Wi-Fi.")
        self._check(await talk.do("unbind"))
        self._done(
            f"The plug is reset: its LED alternates between amber and green, and it opens the Wi-Fi "
            f"{self._access_point_name()}. The vendor's application, or another hub, can set it up now."
        )

    async def confirm(self) -> str:
        """Wait until a value of the plug has arrived at the hub; the id of its device."""
        await self.close()
        assert self.plug is not None, "find comes first"
        plan = self.plan if self.plan.name or self.plan.id else replace(self.plan, name=self.usual_name)
        sent = SentSettings(self.plug, self._sent_at, self.is_access_point, self._trace)
        return await SetupConfirmation(plan, sent, self._hub, self._report, self._times).run()

    def failed(self, error: UncloudedError) -> None:
        """Report that the step under way has failed."""
        self._report(SetupStep(step=self._step, state="failed", text=str(error)))

    # --- inside --------------------------------------------------------------------------------

    async def _look(self, talk: SetupConversation) -> None:
        give_up = time.monotonic() + (self._times.find_s if self.is_access_point else 0.0)
        is_reported = False
        while True:
            settled = await talk.do("look")
            if settled.result in ("confirmed", "refused") or time.monotonic() >= give_up:
                self._check(settled)
                return
            if not is_reported:
                is_reported = True
                self._report(SetupStep(step="find", state="waiting", text=self._how_to_reach()))
            await asyncio.sleep(self._times.find_again_s)

    def _how_to_reach(self) -> str:
        return (
            f"No plug answers at {self.plan.address} yet. Put the plug into a socket and {HOLD_BUTTON}; then join its "
            f"Wi-Fi {self._access_point_name()} with this computer. The set-up goes on by itself."
        )

    async def _last_attempt(self, talk: SetupConversation, plug: SetupPlug) -> str:
        """Why the plug could not join the last time, as a sentence; "" where it keeps no record of a failure."""
        if namespaces.TRACE not in plug.abilities or not self.is_access_point:
            return ""
        await talk.do("trace")
        self._trace = talk.session.trace
        cause = explain_trace(self._trace) if self._trace is not None else ""
        return f" Its last attempt to join a Wi-Fi failed: {cause}." if cause else ""

    async def _send(self, action: str, **args: str) -> None:
        talk = self._talking()
        self._begin("send", "Sending the plug its settings.")
        self._sent_at = time.monotonic()
        self._check(await talk.do(action, **args))

    def _talking(self) -> SetupConversation:
        if self._talk is None:
            raise CommandError("Find the plug first.")
        return self._talk

    def _access_point_name(self) -> str:
        mac = self.plug.mac.replace(":", "")[-4:].upper() if self.plug is not None else "XXXX"
        return f"Meross_SW_{mac}"

    def _check(self, settled: Settled) -> None:
        """Raises LinkError where the action was not confirmed."""
        if settled.result != "confirmed":
            reason = settled.reason
            if self.is_access_point and self._step == "find" and settled.result != "refused":
                reason = f"{reason} {self._how_to_reach()}" if self.plan.address == ACCESS_POINT else reason
            raise LinkError(reason)

    def _begin(self, step: SetupStepName, text: str) -> None:
        self._step = step
        self._report(SetupStep(step=step, state="started", text=text))

    def _progress(self, words: str) -> None:
        if self._step in ("send", "unbind"):
            text = words if words.endswith(".") else f"The set-up {words}."
            self._report(SetupStep(step=self._step, state="progress", text=text))

    def _done(self, text: str, plug: dict[str, str] | None = None, networks: list[NetworkView] | None = None) -> None:
        done = SetupStep(step=self._step, state="done", text=text, plug=plug or {}, networks=networks or [])
        self._report(done)


def described(plug: SetupPlug) -> str:
    """A plug in half a sentence."""
    name = plug.hardware.type or "a device"
    versions = f"hardware {plug.hardware.version or '?'}, firmware {plug.firmware.version or '?'}"
    return f"{name} {plug.mac} ({versions})"
