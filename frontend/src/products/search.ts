/** A search for products: in the address of the page, and as a request to the hub. Pure. */
import { address } from "../data/http";
import type { Product } from "../data/shapes";
import { say } from "../text/words";

export const STEP = 50; // products that are shown at first, and added by "Show more"
export const MOST = 200; // that the hub returns

export type Search = Readonly<{ text: string; kind: string }>;

/** The search that an address has. */
export function searchOf(query: URLSearchParams): Search {
  return { text: query.get("q") ?? "", kind: query.get("kind") ?? "" };
}

/** The address of the page with a search. */
export function placeOf({ text, kind }: Search): string {
  return address("/products", { q: text.trim() || undefined, kind: kind || undefined });
}

/** The request for its first `limit` products. */
export function requestOf({ text, kind }: Search, limit: number): string {
  return address("/api/products", { q: text.trim().slice(0, 200) || undefined, kind: kind || undefined, limit });
}

/** The next limit, 0 if there are no more to show. */
export function nextLimit(limit: number, shown: number, total: number): number {
  return shown < total && limit < MOST ? Math.min(limit + STEP, MOST) : 0;
}

/** `1 product`, `644 products`. */
export function countText(total: number): string {
  return total === 1 ? say("products.one") : say("products.count", { count: total });
}

/** How sure the scales of a product are, in a few words; "" if its profile names no sources. */
export function confidenceText(product: Pick<Product, "confidence">): string {
  switch (product.confidence) {
    case "confirmed":
      return say("products.confirmed");
    case "disputed":
      return say("products.disputed");
    case "single":
      return say("products.single");
    default:
      return "";
  }
}

/** The ids of a product in one line: its own, and how the name of its Zigbee manufacturer ends. */
export function idText(product: Pick<Product, "product" | "zigbee">): string {
  const zigbee =
    product.zigbee && product.zigbee !== product.product ? say("products.zigbee", { name: product.zigbee }) : "";
  return [product.product, zigbee].filter(Boolean).join(" · ");
}
