"""Drives the codecs of zha-quirks and zigpy in their own environment: strangers/driven.py. No test imports it."""

import json
import sys
from typing import Any

from zhaquirks.tuya import TuyaData, TuyaDatapointData, TuyaDPType
from zigpy.util import convert_install_code
from zigpy.zcl import foundation


class Calls:
    """What the test may ask for. Bytes are hexadecimal text."""

    def points(self, data: str) -> list[Any]:
        """(id, type, value bytes, value) of each Tuya data point; the value of a raw one or a bitmap is None."""
        rest, found = bytes.fromhex(data), []
        while rest:
            one, rest = TuyaDatapointData.deserialize(rest)
            is_typed = one.data.dp_type not in (TuyaDPType.RAW, TuyaDPType.BITMAP)
            value = one.data.payload if is_typed else None
            plain = bool(value) if one.data.dp_type == TuyaDPType.BOOL else value
            plain = int(plain) if isinstance(plain, int) and not isinstance(plain, bool) else plain
            found.append([int(one.dp), int(one.data.dp_type), bytes(one.data.raw).hex(), plain])
        return found

    def encode_point(self, point: int, type: int, value: Any) -> str:
        data = TuyaData()
        data.function, data.dp_type = 0, TuyaDPType(type)
        data.payload = value
        return str(TuyaDatapointData(dp=point, data=data).serialize().hex())

    def attributes(self, frame: str) -> dict[str, Any]:
        """A Read Attributes Response or a Report Attributes: sequence, and (attribute, status, type, value)."""
        header, body = foundation.ZCLHeader.deserialize(bytes.fromhex(frame))
        command = foundation.GENERAL_COMMANDS[header.command_id].schema
        fields, rest = command.deserialize(body)
        assert not rest
        return {"sequence": int(header.tsn), "command": int(header.command_id), "records": _records(fields)}

    def encode_report(self, sequence: int, records: list[list[int]]) -> str:
        """A Report Attributes of (attribute, type, value)."""
        header = foundation.ZCLHeader.general(
            tsn=sequence, command_id=foundation.GeneralCommand.Report_Attributes, direction=1
        )
        body = b""
        for attribute, type, value in records:
            _, kind, _ = foundation.DATA_TYPES[type]
            body += foundation.Attribute(attribute, foundation.TypeValue(type, kind(value))).serialize()
        return bytes(header.serialize() + body).hex()

    def install_code_is_valid(self, code: str) -> bool:
        return convert_install_code(bytes.fromhex(code)) is not None


def _records(fields: Any) -> list[list[Any]]:
    if hasattr(fields, "attribute_reports"):
        return [[int(one.attrid), 0, int(one.value.type), int(one.value.value)] for one in fields.attribute_reports]
    return [
        [int(one.attrid), int(one.status), *((int(one.value.type), int(one.value.value)) if not one.status else ())]
        for one in fields.status_records
    ]


def main() -> None:
    calls = Calls()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"answer": getattr(calls, question.pop("call"))(**question)}
        except Exception as problem:
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), flush=True)


main()
