import { describe, expect, it } from "vitest";

import type { WireLine } from "../../../data/shapes";
import { filtered, logLines, merged, MOST_LINES, textOf } from "./log";

const hexOf = (text: string) =>
  [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function frame(name: string, text: string, at = "2026-11-20T12:00:00.000Z", more: Partial<WireLine> = {}): WireLine {
  return {
    at,
    channel: "",
    way: "",
    sender: "device",
    kind: "frame",
    name,
    words: "",
    reason: "",
    length: text.length,
    hex: hexOf(text),
    points: [],
    parts: [],
    ...more,
  };
}

const LOG = (level: string, text: string) => `[T: 153 M: mrs_http C: ${level} F: handle L: 33]: ${text}\r\n`;

describe("the log of a board", () => {
  it("has level, source and text of its lines", () => {
    const lines = logLines([
      frame("log", LOG("info", "httpd status = 1")),
      frame("system", "Last reset reason:HAL_WDT_SOFTWARE_RESET\r\n"),
    ]);
    expect(lines).toMatchObject([
      { level: "info", source: "mrs_http", text: "httpd status = 1" },
      { level: "", source: "system", text: "Last reset reason:HAL_WDT_SOFTWARE_RESET" },
    ]);
  });

  it("leaves out what was typed, answers, prompts and noise", () => {
    const others = [
      frame("command", "meross mem\r", undefined, { sender: "controller" }),
      frame("meross mem", "free: 83536\r\n"),
      frame("prompt", "$ "),
      frame("", "\u0001", undefined, { kind: "noise" }),
    ];
    expect(logLines(others)).toEqual([]);
  });

  it("has text of no known form where it cannot be the rest of an answer", () => {
    const text = frame("text", "hello\r\n");
    expect(logLines([text])).toEqual([]);
    expect(logLines([text, frame("prompt", "$ "), text])).toMatchObject([{ source: "", text: "hello" }]);
  });

  it("finds a log line inside of an answer that it interrupts", () => {
    expect(logLines([frame("meross mem", `free: 8${LOG("error", "no route")}3536\r\n`)])).toMatchObject([
      { level: "error", text: "no route" },
    ]);
  });

  it("has what can be read of a log line that was cut", () => {
    const lines = logLines([
      frame("log", "[T: 141 M: mrs_timer C: erro F: mrs_timer_task_WTBL1 for cli[255] fail\r\n"),
    ]);
    expect(lines).toMatchObject([
      { level: "error", source: "mrs_timer", text: "mrs_timer_task_WTBL1 for cli[255] fail" },
    ]);
  });

  it("shows bytes that the hub has hidden as dots", () => {
    expect(textOf("6b65793d....")).toBe("key=••");
    expect(textOf("")).toBe("");
  });

  it("goes on where frames are fetched again, without repeating any", () => {
    const first = [frame("log", LOG("info", "a"), "1"), frame("log", LOG("info", "b"), "2")];
    const second = [frame("log", LOG("info", "b"), "2"), frame("log", LOG("info", "c"), "3")];
    const lines = merged(merged([], logLines(first)), logLines(second));
    expect(lines.map((line) => line.text)).toEqual(["a", "b", "c"]);
    expect(merged(lines, [])).toBe(lines);
  });

  it("is bounded, and every line has a key of its own", () => {
    const many = Array.from({ length: 700 }, () => frame("log", LOG("info", "same")));
    const lines = merged([], logLines(many));
    expect(lines).toHaveLength(MOST_LINES);
    expect(new Set(lines.map((line) => line.key)).size).toBe(MOST_LINES);
  });

  it("is filtered by level and by words, newest first", () => {
    const lines = logLines([
      frame("log", LOG("info", "a")),
      frame("log", LOG("warning", "b")),
      frame("log", LOG("error", "c")),
    ]);
    const texts = (text: string, least: "all" | "warning" | "error") =>
      filtered(lines, { text, least }).map((line) => line.text);
    expect(texts("", "all")).toEqual(["c", "b", "a"]);
    expect(texts("", "warning")).toEqual(["c", "b"]);
    expect(texts("MRS_http", "error")).toEqual(["c"]);
    expect(texts("nothing", "all")).toEqual([]);
  });
});
