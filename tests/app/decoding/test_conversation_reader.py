"""Pieces of a conversation get their profile and the remarks on what has not arrived."""

from unclouded import families
from unclouded.app import protocols
from unclouded.app.decoding.conversation_reader import MOST_PARTS, ConversationReader
from unclouded.core.family import Piece
from unclouded.core.profile import Profile
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.point_messages import SubDevicePoints
from unclouded.families.tuya.gateway.wire.sub_device_messages import AddSubDevice, AddSubDevices
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import VALUE, DataPoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import frame_of


def test_the_profiles_are_searched_once_for_a_product_that_none_lists() -> None:
    """A module that finds no MCU queries the product forever; searching all profiles takes milliseconds."""
    family, asked = families.family("tuya_wifi"), list[str]()
    reader = ConversationReader(family, None, profile_of=asked.append)
    for piece in family.decoder("device").feed(bytes(Frame(3, 1, b'{"p":"nobodys","v":"1.0.0"}')) * 3):
        reader.read(None, piece)
    assert asked == ["nobodys"]


def profile_of(product: str) -> Profile | None:
    return protocols.profile_of(families.family("tuya_gateway"), product)


def gateway_pieces() -> list[Piece]:
    """Two sub-devices join, of products that profiles list, and report; so does one that nothing is known of."""
    reports = [("t1", DataPoint(1, VALUE, 215)), ("p1", DataPoint(19, VALUE, 673)), ("x1", DataPoint(1, VALUE, 7))]
    messages: list[Message] = [
        AddSubDevice(sub_id="t1", pid="uncloudedthermoh", ver="1.0.0"),
        AddSubDevices("uncloudedplugsub", ("p1", "p2"), "1.0.0"),
        *(SubDevicePoints(codes.REPORT, id, (point,)) for id, point in reports),
    ]
    decoder = families.family("tuya_gateway").decoder("device")
    return [piece for message in messages for piece in decoder.feed(bytes(frame_of(message)))]


def test_each_sub_device_has_its_values_named_by_the_profile_of_its_product() -> None:
    reader = ConversationReader(families.family("tuya_gateway"), None, profile_of=profile_of)
    texts = [decoded.text for piece in gateway_pieces() if (decoded := reader.read(None, piece)) is not None]
    assert texts[2:] == [
        'sub_id="t1" temperature_C 21.5 °C (1: 215)',
        'sub_id="p1" power_W 67.3 W (19: 673)',
        'sub_id="x1" 1 = 7',
    ]
    assert reader.picked_profile == "tuya_gateway/plug_metering, tuya_gateway/thermo_hygrometer"


def test_a_profile_that_was_chosen_names_the_values_of_all() -> None:
    profile = profile_of("uncloudedthermoh")
    reader = ConversationReader(families.family("tuya_gateway"), None, profile=profile, profile_of=profile_of)
    texts = [decoded.text for piece in gateway_pieces() if (decoded := reader.read(None, piece)) is not None]
    assert texts[2:] == [
        'sub_id="t1" temperature_C 21.5 °C (1: 215)',
        'sub_id="p1" 19 = 673',
        'sub_id="x1" temperature_C 0.7 °C (1: 7)',
    ]
    assert reader.picked_profile == ""


def test_a_line_that_names_endless_products_has_a_bounded_number_of_them_looked_up() -> None:
    asked: list[str] = []
    reader = ConversationReader(families.family("tuya_gateway"), None, profile_of=asked.append)
    decoder = families.family("tuya_gateway").decoder("device")
    for number in range(MOST_PARTS + 50):
        message = AddSubDevice(sub_id=f"s{number}", pid=f"p{number}", ver="1.0.0")
        for piece in decoder.feed(bytes(frame_of(message))):
            reader.read(None, piece)
    assert len(asked) == MOST_PARTS
