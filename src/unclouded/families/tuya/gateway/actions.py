"""What people can ask a gateway and its sub-devices to do, beside setting values.

Source: docs/protocols/tuya_gateway.md §2.2, §2.5, §2.8.
"""

from unclouded.core.model import ActionSpec

UPDATE_ARGS = {
    "file": "the file to send",
    "version": "what it must report afterwards, as 1.0.1; left out: anything but what it reports now",
}

GATEWAY_ACTIONS = (
    ActionSpec(
        name="permit",
        words="Let sub-devices join for a while",
        args={"seconds": "for how long, 1 to 3600; 100 without it"},
    ),
    ActionSpec(name="stop", words="Let no more sub-devices join"),
    ActionSpec(
        name="adopt",
        words="Add a sub-device that the gateway has already, as it joined before this hub took over",
        args={"sub_id": "its id, as the gateway reports it", "product": "its product id, where it is known"},
    ),
    ActionSpec(
        name="unpair",
        words="Report to the gateway that it was removed; its sub-devices are kept",
        danger="The gateway may behave as one that belongs to no one until it is paired again.",
    ),
    ActionSpec(
        name="reset",
        words="Restore the factory settings of the gateway and forget its sub-devices",
        danger="All sub-devices must join again.",
    ),
    ActionSpec(
        name="clear",
        words="Forget all sub-devices; the gateway stays in the network",
        danger="All sub-devices must join again.",
    ),
    ActionSpec(
        name="group",
        words="Add sub-devices to a local group of the gateway, or remove them from it",
        args={"gid": "of the group", "add": "ids, with commas between them", "remove": "ids, likewise"},
    ),
    ActionSpec(
        name="group_set",
        words="Set data points of all members of a group at once",
        args={
            "gid": "of the group",
            "values": "data points and values: 1=on,2=25",
            "through": "the member by way of which it is sent, where the gateway needs one",
        },
    ),
    ActionSpec(
        name="arm",
        words="Arm the alarm system of a security gateway",
        args={"mode": "home or away", "delay": "seconds until then; that of the settings without it"},
    ),
    ActionSpec(name="disarm", words="Disarm it, and end an alarm", args={"code": "where one is set"}),
    ActionSpec(name="cancel_alarm", words="End an alarm; the mode stays", args={"code": "where one is set"}),
    ActionSpec(
        name="set_code",
        words="Set the code that disarming needs",
        args={"code": "the old one, where one is set", "new": "4 to 16 digits; without it no code is needed"},
    ),
    ActionSpec(
        name="learn_ir",
        words="Learn an infrared code: press the button of the remote control within 30 s",
        args={"name": "to keep it under"},
    ),
    ActionSpec(
        name="send_ir",
        words="Send infrared codes that are kept",
        args={"names": "of the codes, with commas between them", "repeat": "how often again, 0 to 255"},
    ),
    ActionSpec(
        name="import_ir",
        words="Keep an infrared code from a text",
        args={"name": "to keep it under", "code": "the text", "form": "raw, pronto, irremote or ir-ctl; found out"},
    ),
    ActionSpec(
        name="export_ir",
        words="Print an infrared code that is kept",
        args={"name": "of the code", "form": "raw, pronto, irremote or ir-ctl"},
    ),
    ActionSpec(
        name="rename_ir",
        words="Keep an infrared code under another name",
        args={"name": "of the code", "new": "its new name"},
    ),
    ActionSpec(name="delete_ir", words="Delete an infrared code that is kept", args={"name": "of the code"}),
    ActionSpec(
        name="update",
        words="Send new firmware to the gateway's MCU",
        args=UPDATE_ARGS,
        danger="Firmware of another product, or one that stops half-way, can leave the gateway dead.",
        files=("file",),
    ),
    ActionSpec(name="refresh", words="Ask for the values of the gateway and of all its sub-devices"),
)

PART_ACTIONS = (
    ActionSpec(
        name="remove",
        words="Remove the sub-device from its gateway",
        danger="It must join again; its history is kept.",
    ),
    ActionSpec(
        name="forget",
        words="Remove the sub-device from its gateway and restore its factory settings",
        danger="It must join again; its history is kept, its own settings are lost.",
    ),
    ActionSpec(
        name="rename",
        words="Give the sub-device a name, a place, or both",
        args={"name": "for people; empty = that of its product", "place": "where it is, such as a room"},
    ),
    ActionSpec(
        name="update",
        words="Send new firmware to the sub-device",
        args=UPDATE_ARGS,
        danger="Firmware of another product, or one that stops half-way, can leave the sub-device dead.",
        files=("file",),
    ),
)
