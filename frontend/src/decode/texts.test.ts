import { describe, expect, it } from "vitest";

import type { DecodeChoices, DecodeView } from "../data/shapes";
import { endsOf, foundText, notesOf, spansText, spanText, summaryText, timeText } from "./texts";
import { frame } from "./testing";

function view(
  more: { counts?: Partial<DecodeView["counts"]>; format?: Partial<DecodeView["format"]> } & Partial<
    Omit<DecodeView, "counts" | "format">
  > = {},
): DecodeView {
  const { counts, format, ...rest } = more;
  return {
    format: {
      name: "hex_text",
      title: "hex",
      sure: "certain",
      lines: 7,
      explained: 7,
      unread: [],
      more_unread: 0,
      notes: [],
      refused: "",
      hint: "",
      ...format,
    },
    family: "tuya_wifi",
    dialect: "normal",
    detected: "",
    others: [],
    ordered: true,
    profile: "",
    counts: {
      pieces: 7,
      frames: 7,
      noise_bytes: 0,
      cut_bytes: 0,
      rebuilt: 0,
      remarks: {},
      senders: ["device"],
      is_complete: true,
      ...counts,
    },
    start: 0,
    frames: [],
    remarks: [],
    contents: [],
    more_contents: 0,
    report: {},
    ...rest,
  };
}

const CHOICES: DecodeChoices = {
  formats: [],
  families: [{ name: "tuya_wifi", title: "Tuya Wi-Fi", ends: ["module", "MCU"], dialects: [], profiles: [] }],
  most_bytes: 0,
};

describe("a decoded input", () => {
  it("is summed up in a sentence", () => {
    expect(summaryText(view())).toBe("7 frames, no noise.");
    expect(
      summaryText(view({ counts: { frames: 12_408, noise_bytes: 1, cut_bytes: 3, remarks: { restart: 1, late: 1 } } })),
    ).toBe("12,408 frames, 1 byte of noise, 3 bytes of frames that are cut off. 2 remarks.");
  });
  it("may hold values without frames", () => {
    const content = { t: null, line: 1, sender: null, kind: "values", text: "on true" };
    expect(summaryText(view({ contents: [content], counts: { frames: 0, pieces: 0 } }))).toBe("Values without frames.");
  });
  it("says what it was read as, and how sure that is", () => {
    expect(foundText(view(), CHOICES)).toBe("Read as hex (7 of 7 lines): Tuya Wi-Fi.");
    expect(foundText(view({ family: "", format: { explained: 0, sure: "unsure" } }), undefined)).toBe(
      "Read as hex. This is not sure.",
    );
    expect(foundText(view({ others: ["emporia"], format: { sure: "likely" } }), CHOICES)).toBe(
      "Read as hex (7 of 7 lines): Tuya Wi-Fi; emporia. This is likely.",
    );
  });
  it("has notes on what was left out", () => {
    expect(notesOf(view())).toEqual([]);
    const all = notesOf(
      view({
        detected: "sequence numbers show a Zigbee module",
        format: { notes: ["the times go back"], unread: [3, 5, 6, 7], more_unread: 2 },
        counts: { is_complete: false, pieces: 9000 },
      }),
    );
    expect(all.slice(0, 2)).toEqual(["The times go back.", "Sequence numbers show a Zigbee module."]);
    expect(all[2]).toContain("3, 5–7, …");
    expect(all[3]).toContain("9,000");
  });
  it("names the sides of its family", () => {
    expect(endsOf("tuya_wifi", CHOICES)).toEqual(["module", "MCU"]);
    expect(endsOf("other", CHOICES)).toEqual(["controller", "device"]);
  });
});

it("spans of lines are short", () => {
  expect([spansText([]), spansText([4]), spansText([1, 2, 3, 9])]).toEqual(["", "4", "1–3, 9"]);
});

it("times are since the first frame; without times the place is shown", () => {
  expect([0, 0.0034, 0.9996, 1.24, 59.94, 59.96, 185, 3785].map(spanText)).toEqual([
    "0 ms",
    "3 ms",
    "1.0 s",
    "1.2 s",
    "59.9 s",
    "1:00 min",
    "3:05 min",
    "1:03:05 h",
  ]);
  expect(timeText(frame({ t: 12 }), 10)).toBe("2.0 s");
  expect(timeText(frame({ offset: 46 }), 0)).toBe("@46");
});
