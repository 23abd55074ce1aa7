import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { device } from "../../../devices/testing";
import {
  argumentsOf,
  commandOf,
  hasConsole,
  isConsoleAction,
  remembered,
  requestOf,
  suggestions,
  type Offered,
} from "./commands";

function offer(form: string, more: Partial<Offered> = {}): Offered {
  return {
    name: form.replace(/ <.*/, ""),
    form,
    help: "",
    danger: "",
    action: "console",
    relay: false,
    listed: true,
    options: {},
    ...more,
  };
}

const GROUPS = { group: ["common", "STA", "AP"] };
const OFFERED = [
  offer("?", { help: "show the commands available" }),
  offer("meross"),
  offer("reboot"),
  offer("config show"),
  offer("config show <group>", { options: GROUPS }),
  offer("config write <group> <item> <value>", {
    danger: "A wrong setting …",
    action: "console_config_write",
    options: GROUPS,
  }),
  offer("meross mem", { help: "heap info" }),
  offer("meross scan", { help: "scan wifi" }),
  offer("meross crash", { danger: "Values are lost.", action: "console_crash" }),
  offer("meross switch"),
  offer("meross switch <uuid> <state>", { relay: true, options: { state: ["on", "off"] } }),
  offer("meross e2p mac"),
  offer("meross e2p mac <mac>", { danger: "The identity.", action: "console_e2p_mac" }),
  offer("meross new", { danger: "Not known.", action: "console_unknown" }),
];

const asked = (line: string) => requestOf(line, OFFERED) as Exclude<ReturnType<typeof requestOf>, { problem: string }>;
const forms = (text: string) => suggestions(text, OFFERED).map((one) => one.form);

describe("a typed line", () => {
  it("is sent as it is when nothing can be lost", () => {
    expect(asked("  meross   mem ")).toMatchObject({
      line: "meross mem",
      action: "console",
      args: { command: "meross mem" },
      warning: "",
    });
  });

  it("is the action that must be confirmed when something can be lost", () => {
    expect(asked("meross crash")).toMatchObject({ action: "console_crash", args: {} });
    expect(asked("meross crash").warning).toContain("values that are not stored yet are lost");
    expect(asked("config write STA Channel 6")).toMatchObject({
      action: "console_config_write",
      args: { group: "STA", item: "Channel", value: "6" },
    });
  });

  it("names the danger of mains for commands that switch the relay", () => {
    expect(asked("meross switch 1901 on")).toMatchObject({
      action: "console",
      args: { command: "meross switch 1901 on" },
    });
    expect(asked("meross switch 1901 on").warning).toContain("mains");
    expect(asked("meross switch").warning).toBe("");
  });

  it("must be confirmed when it is not known", () => {
    expect(asked("erase all")).toMatchObject({ action: "console_unknown", args: { command: "erase all" } });
    expect(asked("meross bogus").action).toBe("console_unknown");
    expect(asked("meross new 5")).toMatchObject({
      action: "console_unknown",
      args: { command: "meross new 5" },
      warning: "This command is not known: it may change or destroy anything.",
    });
    expect(asked("erase all").warning).toContain("not known");
  });

  it("is a reading or a writing command by the number of its arguments", () => {
    expect(asked("meross e2p mac")).toMatchObject({ action: "console", warning: "" });
    expect(asked("meross e2p mac 02:00")).toMatchObject({ action: "console_e2p_mac", args: { mac: "02:00" } });
    expect(commandOf("config show STA", OFFERED)?.form).toBe("config show <group>");
  });

  it("is not sent without its arguments, and says how it is written", () => {
    expect(requestOf("config write STA", OFFERED)).toEqual({
      problem: "An argument is missing. It is written: config write <group> <item> <value>",
    });
    expect(requestOf("  ", OFFERED)).toHaveProperty("problem");
  });

  it("never shows nor remembers the value of a setting", () => {
    const request = asked("config write STA WpaPsk correct-horse");
    expect(request.args.value).toBe("correct-horse");
    expect(request.shown).toBe("config write STA WpaPsk ••••••••");
    expect(remembered("config write STA  WpaPsk correct-horse")).toBe("config write STA WpaPsk ");
    expect(remembered(" meross  mem ")).toBe("meross mem");
  });

  it("is always confirmed where the list says that something is lost", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...OFFERED.filter((one) => one.danger)),
        fc.array(fc.stringMatching(/^[a-z0-9]{1,5}$/), { maxLength: 5 }),
        (command, words) => {
          const names = argumentsOf(command);
          const request = requestOf([command.name, ...words].join(" "), OFFERED);
          if (
            "problem" in request ||
            (words.length < names.length && OFFERED.some((one) => one.name === command.name && !one.danger))
          )
            return;
          expect(request.warning).not.toBe("");
          expect(request.action).not.toBe("console");
        },
      ),
    );
  });
});

describe("completion", () => {
  it("shows commands that begin with the text, else those that have its words", () => {
    expect(forms("meross s")).toEqual(["meross scan", "meross switch", "meross switch <uuid> <state>"]);
    expect(forms("wifi")).toEqual(["meross scan"]);
    expect(forms("")).toHaveLength(12);
  });

  it("shows the values of the argument that is typed", () => {
    expect(forms("config show S")).toEqual(["config show STA"]);
    expect(suggestions("config write ", OFFERED).map((one) => one.text)).toEqual([
      "config write common ",
      "config write STA ",
      "config write AP ",
    ]);
    expect(suggestions("meross switch 1901 o", OFFERED).map((one) => one.text)).toEqual([
      "meross switch 1901 on",
      "meross switch 1901 off",
    ]);
  });

  it("marks what must be confirmed, and ends with a space where an argument follows", () => {
    const [crash] = suggestions("meross cr", OFFERED);
    expect(crash).toMatchObject({ text: "meross crash", isRisky: true });
    expect(suggestions("meross e2p mac", OFFERED).find((one) => one.form.includes("<"))?.text).toBe("meross e2p mac ");
  });

  it("offers nothing for a complete command without arguments", () => {
    expect(forms("meross crash")).toEqual([]);
  });
});

describe("the actions of a console", () => {
  it("have a section of their own where the device lists its commands", () => {
    const action = (name: string) => ({ name, words: "", args: {}, danger: "", files: [] });
    expect(hasConsole(device("plug", { actions: [action("console_commands")] }))).toBe(true);
    expect(hasConsole(device("plug", { actions: [action("update")] }))).toBe(false);
    expect(["console", "console_crash", "consoles", "update"].map(isConsoleAction)).toEqual([true, true, false, false]);
  });
});
