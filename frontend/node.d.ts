/** What the build and its tests use of Node.js. */
declare module "node:fs" {
  export function existsSync(path: string): boolean;
  export function readdirSync(path: string, options: { recursive: true; encoding: "utf-8" }): string[];
  export function readFileSync(path: string | URL, encoding?: "utf-8"): string;
}
declare module "node:path" {
  export function dirname(path: string): string;
  export function join(...parts: string[]): string;
  export function relative(from: string, to: string): string;
}
declare module "node:url" {
  export function fileURLToPath(url: URL): string;
}
