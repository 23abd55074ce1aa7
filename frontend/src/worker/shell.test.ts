import { describe, expect, it } from "vitest";
import { answered, fill, kindOf } from "./shell";

const HUB = "http://hub.local:8099";

/** A cache and a hub: `files` by URL; undefined: the hub is not reachable. */
function at(files: Record<string, Response> | undefined) {
  const kept = new Map<string, Response>();
  const asked: string[] = [];
  const store = {
    match: async (key: RequestInfo | URL) => kept.get(String(key))?.clone(),
    put: async (key: RequestInfo | URL, answer: Response) => void kept.set(String(key), answer),
  };
  const ask = async (request: Request | string) => {
    const url = typeof request === "string" ? request : request.url;
    asked.push(url);
    if (!files) throw new TypeError("Failed to fetch");
    return files[url]?.clone() ?? new Response("", { status: 404 });
  };
  return { kept, asked, store, ask };
}

const answerOf = (text: string, type = "text/html; charset=utf-8", status = 200) =>
  basic(new Response(text, { status, headers: { "Content-Type": type } }));

/** As browsers give answers of the same origin; clones too. */
function basic(answer: Response): Response {
  Object.defineProperty(answer, "type", { value: "basic" });
  const clone = answer.clone.bind(answer);
  answer.clone = () => basic(clone());
  return answer;
}

const requested = (path: string) => ({ url: HUB + path }) as Request;

describe("a request", () => {
  it.each([
    ["GET", "navigate", "/", "page"],
    ["GET", "navigate", "/devices/kettle", "page"],
    ["GET", "no-cors", "/assets/index-Ab3.js", "asset"],
    ["GET", "no-cors", "/icon-192.png", "file"],
    ["GET", "cors", "/api/hub", "other"],
    ["GET", "navigate", "/api/openapi.json", "other"],
    ["GET", "navigate", "/docs/", "other"],
    ["GET", "navigate", "/docs", "other"],
    ["GET", "navigate", "/ca.pem", "other"],
    ["GET", "no-cors", "/assets/../api/hub", "other"],
    ["POST", "cors", "/assets/index-Ab3.js", "other"],
    ["GET", "no-cors", "/anything", "other"],
  ] as const)("%s, %s, of %s is for: %s", (method, mode, path, kind) => {
    expect(kindOf({ method, mode, url: HUB + path }, HUB)).toBe(kind);
  });

  it("to another origin is left to the browser", () => {
    expect(kindOf({ method: "GET", mode: "no-cors", url: "http://other.local/assets/a.js" }, HUB)).toBe("other");
  });
});

describe("the page", () => {
  it("is the hub's newest, and kept for the time without the hub", async () => {
    const { kept, store, ask } = at({ [`${HUB}/settings`]: answerOf("new") });
    kept.set("/", answerOf("old"));
    expect(await (await answered("page", requested("/settings"), store, ask)).text()).toBe("new");
    expect(await (await answered("page", requested("/history"), store, at(undefined).ask)).text()).toBe("new");
  });

  it("that is an error or the login of a proxy is passed on and not kept", async () => {
    const { kept, store, ask } = at({
      [`${HUB}/`]: answerOf("502", "text/html", 502),
      [`${HUB}/now`]: answerOf("{}", "application/json"),
    });
    kept.set("/", answerOf("old"));
    expect((await answered("page", requested("/"), store, ask)).status).toBe(502);
    expect(await (await answered("page", requested("/now"), store, ask)).text()).toBe("{}");
    expect(await kept.get("/")?.clone().text()).toBe("old");
  });

  it("that was never kept fails as without a service worker", async () => {
    const { store, ask } = at(undefined);
    await expect(answered("page", requested("/"), store, ask)).rejects.toThrow("Failed to fetch");
  });
});

describe("an asset", () => {
  it("is asked for once, since its name changes with its content; a missing one is not kept", async () => {
    const { asked, store, ask } = at({ [`${HUB}/assets/a-1.js`]: answerOf("code", "text/javascript") });
    for (const _ of [1, 2])
      expect(await (await answered("asset", requested("/assets/a-1.js"), store, ask)).text()).toBe("code");
    for (const _ of [1, 2]) expect((await answered("asset", requested("/assets/b-1.js"), store, ask)).status).toBe(404);
    expect(asked.map((url) => url.slice(-6))).toEqual(["a-1.js", "b-1.js", "b-1.js"]);
  });
});

describe("a new version", () => {
  it("is taken only if all of its files are there", async () => {
    const { kept, store, ask } = at({ "/": answerOf("page"), "/assets/a.js": answerOf("code") });
    await fill(store, ["/", "/assets/a.js"], ask);
    expect([...kept.keys()].sort()).toEqual(["/", "/assets/a.js"]);
    await expect(fill(store, ["/", "/assets/gone.js"], ask)).rejects.toThrow("/assets/gone.js: 404");
  });
});
