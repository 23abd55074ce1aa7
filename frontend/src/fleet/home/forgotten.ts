import { signal } from "@preact/signals";

/** The home that was deleted on this page last, and what the fleet said to it. */
export const forgotten = signal<{ id: string; text: string } | undefined>(undefined);
