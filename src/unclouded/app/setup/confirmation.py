"""The end of a set-up: the plug has its settings and restarts; is it there, and if not, why not?

the hub        seen ─► admitted ─► online, and a value has arrived         confirmed
the plug       at its access point again: its own record says why          failed, at once
after a while  clients that the broker refused, the plug in the network    failed, with the likeliest cause
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from unclouded.app.discovery import find_in_network
from unclouded.app.setup.conversation import SetupConversation
from unclouded.app.setup.hub_for_setup import HubForSetup, PlugServer, is_since
from unclouded.app.setup.steps import ACCESS_POINT, Report, SentSettings, SetupPlan, SetupTimes
from unclouded.core.errors import LinkError
from unclouded.core.times import duration_text
from unclouded.core.views.facts import SetupStep, SetupStepName, SetupStepState
from unclouded.families.meross.setup.problems import explain_trace
from unclouded.families.meross.setup.scripts import SetupSettings
from unclouded.families.meross.wire.messages import Trace
from unclouded.links.discovery import local_address

LOOK_S = 3.0  # s that an answer of a plug at its access point may take
PLUG_NETWORK = "10.10.10."
LATER = "the plug connects by itself, and `unclouded devices` shows it."


class SetupConfirmation:
    """Waits for one plug. Values from before it got its settings do not count.

    ``watch``: another look at the plug; it returns why the plug cannot come, where it knows that.
    """

    def __init__(
        self,
        plan: SetupPlan,
        sent: SentSettings,
        hub: HubForSetup,
        report: Report,
        times: SetupTimes,
        watch: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._plan = plan
        self._sent = sent
        self._plug = sent.plug
        self._hub = hub
        self._report = report
        self._times = times
        self._watch = watch
        self._step: SetupStepName = "wait"

    async def run(self) -> str:
        """The id of its device. Raises LinkError with the likeliest cause."""
        server = await self._hub.server()
        place = server.place
        self._say(
            "started", f"Waiting up to {duration_text(self._times.confirm_s)} for the plug at the broker {place}."
        )
        reached = asyncio.create_task(self._confirmed(place), name="setup.confirm")
        back = asyncio.create_task(self._failed_early(), name="setup.watch")
        try:
            await asyncio.wait({reached, back}, timeout=self._times.confirm_s, return_when=asyncio.FIRST_COMPLETED)
            if reached.done():
                return reached.result()
            if back.done():
                raise LinkError(back.result())
            raise LinkError(await self._why_not(server))
        finally:
            for task in (reached, back):
                task.cancel()
            await asyncio.wait({reached, back})

    # --- at the hub ----------------------------------------------------------------------------

    async def _confirmed(self, place: str) -> str:
        device = await self._connected(place)
        if device["state"] == "seen" and (configured := self._hub.configured(self._plug.uuid)):
            where = self._hub.where
            text = f"{configured} does not use the broker yet: add it to its link in {where}, and start the hub again."
            self._say("done", f"The plug has connected to the broker. {text}", device=configured)
            return configured
        if device["state"] == "confirmed":
            self._step = "confirm"
            text = f"The plug says that it is connected to the hub at {place}. Admit it there"
            self._say("done", f"{text}: unclouded admit {self._plug.uuid} --name NAME", device=self._plug.uuid)
            return self._plug.uuid
        if device["state"] == "seen":
            device = await self._admitted()
        id = str(device["id"])
        self._step = "confirm"
        self._say("started", f"Waiting for the first value of {id}.")
        while True:
            if await self._answers(id):
                break
            await asyncio.sleep(self._times.ask_hub_s)
        self._say("done", f"{id} is set up: it is connected to this hub and answers.", device=id)
        return id

    def _is_connected(self, device: Mapping[str, Any], place: str) -> bool:  # Any: the API's JSON
        """A plug that is only seen may have been seen long ago, and be gone; a value of a device shows when it came."""
        if device["state"] != "seen":
            return device["state"] in ("online", "confirmed")
        was_here = not self._sent.is_access_point and self._plug.server == place
        return was_here or is_since(device["since"], self._sent.sent_unix)

    async def _connected(self, place: str) -> Mapping[str, Any]:  # Any: the API's JSON
        while True:
            device = await self._hub.device(self._plug.uuid)
            if device is not None and self._is_connected(device, place):
                self._say("done", "The plug has connected to the broker.")
                return device
            await asyncio.sleep(self._times.ask_hub_s)

    async def _admitted(self) -> Mapping[str, Any]:  # Any: the API's JSON
        plan = self._plan
        self._step = "admit"
        device = await self._hub.admit(
            self._plug.uuid, name=plan.name, id=plan.id, parent=plan.parent, produces=plan.produces
        )
        self._say("done", f"It is admitted as {device['name']}; its id is {device['id']}.", device=device["id"])
        return device

    async def _answers(self, id: str) -> bool:
        state = await self._hub.state(id)
        return state["state"] == "online" and await self._hub.has_reported(id, self._sent.sent_unix)

    # --- at the plug ---------------------------------------------------------------------------

    async def _failed_early(self) -> str:
        """Why it cannot come any more, as soon as that shows; while it may, this does not return."""
        if self._watch is not None:
            return await self._watch()
        return await (self._back_in_set_up_mode() if self._sent.is_access_point else self._hint())

    async def _back_in_set_up_mode(self) -> str:
        """Why it failed to join, by its own record; returns once the plug answers at its access point again.

        It is back where it was gone meanwhile, or has another record than before.
        """
        await asyncio.sleep(self._times.restart_s)
        was_gone = False
        while True:
            is_there, trace = await self._at_access_point()
            was_gone = was_gone or not is_there
            cause = explain_trace(trace) if trace is not None else ""
            if is_there and (was_gone or (cause and trace != self._sent.trace)):
                return back_text(cause)
            await asyncio.sleep(self._times.look_again_s)

    async def _at_access_point(self) -> tuple[bool, Trace | None]:
        """Whether the plug answers in set-up mode, and its record."""
        place, zone = self._plan.address, self._hub.zone
        settings = SetupSettings(place=place, uuid=self._plug.uuid)
        async with SetupConversation(place, settings, zone, LOOK_S, lambda words: None) as talk:
            found = await talk.do("look")
            if found.result == "confirmed":
                await talk.do("trace")
            return found.result == "confirmed", talk.session.trace

    async def _hint(self) -> str:
        """A plug that keeps its Wi-Fi may use its new server only after a restart."""
        await asyncio.sleep(self._times.hint_s)
        text = "It has not connected yet. Some plugs use a new server only after a restart: "
        self._say("waiting", f"{text}take it out of its socket for ten seconds.")
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # never

    # --- why not -------------------------------------------------------------------------------

    async def _why_not(self, server: PlugServer) -> str:
        seconds = duration_text(self._times.confirm_s)
        if self._step != "wait":
            return f"The plug is connected, but reported no value within {seconds}. Look at its page for the reason."
        own = local_address(ACCESS_POINT)
        if self._sent.is_access_point and own.startswith(PLUG_NETWORK):
            return f"This computer is still in the Wi-Fi of the plug ({own}). Let it join your own Wi-Fi: {LATER}"
        for problem in reversed(await self._hub.problems(self._sent.sent_unix)):
            if problem["uuid"] in ("", self._plug.uuid):
                return f"A client at {problem['address']} could not stay connected to the broker: {problem['reason']}"
        return await self._where(server, seconds)

    async def _where(self, server: PlugServer, seconds: str) -> str:
        """Is it in the network? A plug answers a broadcast without any key."""
        place = server.place
        found = []
        with contextlib.suppress(LinkError):
            found = [one for one in await find_in_network() if one.uuid == self._plug.uuid]
        if found:
            return (
                f"The plug is in the network, at {found[0].ip}, but did not reach the broker at {place} within "
                f"{seconds}. Let the firewall of the hub's computer accept the port {server.port}, and check that "
                f"{server.host} ([broker] host) is its address there. Some firmware waits for a time server first: "
                "where there is no internet, let the router answer pool.ntp.org."
            )
        return (
            f"The plug did not appear within {seconds}. Does its LED alternate between amber and green again? Then it "
            "could not join: the password is wrong, or the Wi-Fi is on 5 GHz only; set it up again, and its own record "
            f"is read. Does it flash green? Then it does not reach {place}: check the firewall and [broker] host."
        )

    def _say(self, state: SetupStepState, text: str, device: str = "") -> None:
        self._report(SetupStep(step=self._step, state=state, text=text, device=device))


def back_text(cause: str) -> str:
    """The plug is in set-up mode again."""
    likely = cause or "usually the password of the Wi-Fi is wrong, or it is on 5 GHz only"
    return f"The plug is back in set-up mode: {likely}. Set it up again; it still answers at its access point."
