/** Decoded frames for tests. */
import type { DecodedFrame } from "../data/shapes";

export function frame(more: Partial<DecodedFrame> = {}): DecodedFrame {
  return {
    t: null,
    offset: 0,
    length: 7,
    kind: "frame",
    reason: "",
    family: "tuya_wifi",
    sender: "device",
    command: 0,
    sub: null,
    name: "heartbeat",
    part: "",
    section: "",
    text: "",
    answers: null,
    after_ms: null,
    odd: [],
    hex: "",
    masked: false,
    parts: [],
    index: 0,
    line: 0,
    rebuilt: false,
    more_parts: 0,
    ...more,
  };
}
