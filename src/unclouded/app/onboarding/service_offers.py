"""Devices that announce themselves by multicast DNS and may pass on a serial line: bridges, as offers. Pure.

_iostream._tcp    ser2net: each of its lines, with the protocol in `gensio1stack`
_esphomelib._tcp  an ESPHome device; its stream server, if it has one, is not announced
_http._tcp        Tasmota, by its name or texts; its serial bridge, if it has one, is not announced
"""

from collections.abc import Iterator, Sequence

from unclouded.core.views.onboarding import Offer
from unclouded.links.mdns import HTTP_SERVICE, FoundService

SER2NET, ESPHOME = "_iostream._tcp", "_esphomelib._tcp"
SERVICES = (SER2NET, ESPHOME, HTTP_SERVICE)
STREAM_PORT = 6638  # of a stream server of ESPHome, as its documentation has it
TASMOTA_PORT = 8888  # of Tasmota's TCP bridge, as its documentation has it (TCPStart 8888)
MOST_OFFERS = 50


def service_offers(found: Sequence[FoundService]) -> list[Offer]:
    """What may be a bridge; each link once."""
    offers = {offer.link: offer for service in found for offer in _offers(service)}
    return list(offers.values())[:MOST_OFFERS]


# --- inside -------------------------------------------------------------------------------------------


def _offers(service: FoundService) -> Iterator[Offer]:
    place = service.address
    match service.type:
        case _ if service.type == SER2NET:
            scheme = "rfc2217" if "rfc2217" in service.texts.get("gensio1stack", "").lower() else "tcp"
            yield _offer(service, "ser2net", f"{scheme}://{place}:{service.port}", "It passes on a serial line.")
        case _ if service.type == ESPHOME:
            text = f"A serial line may be at port {STREAM_PORT}, if it has a stream server."
            yield _offer(service, "ESPHome", f"tcp://{place}:{STREAM_PORT}", text)
        case _ if "tasmota" in f"{service.name} {service.texts.get('devicetype', '')}".lower():
            text = f"A serial line may be at port {TASMOTA_PORT}, if its bridge was started (TCPStart {TASMOTA_PORT})."
            yield _offer(service, "Tasmota", f"tcp://{place}:{TASMOTA_PORT}", text)


def _offer(service: FoundService, product: str, link: str, text: str) -> Offer:
    name = service.texts.get("friendly_name") or service.name
    return Offer(
        id=f"network:{link}",
        source="network",
        title=f"{name} ({product})",
        text=f"It is at {service.address}. {text}",
        link=link,
        info={"address": service.address, "product": product, "name": name},
    )
