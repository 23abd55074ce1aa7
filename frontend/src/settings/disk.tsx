/** The disk that holds the data of the hub: how full it is, how fast it fills, and when it will be full. */
import type { Hub } from "../data/shapes";
import { fullText } from "../text/full";
import { say } from "../text/words";
import { Row } from "./row";
import { bytesText } from "./text";

export type Disk = NonNullable<Hub["disk"]>;
/** The sentences about a disk. Growth is only said where it is known, and there is some. */
export function diskTexts({ percent, size, free, growth_day: all, store_growth_day: store, full_in }: Disk): string[] {
  const grows = (bytes: number | null): bytes is number => bytes !== null && bytes >= 1;
  const ofAll = grows(all) ? say("disk.grows", { all: bytesText(all), store: bytesText(Math.max(0, store ?? 0)) }) : "";
  const ofStore = grows(store) ? say("disk.store_grows", { store: bytesText(store) }) : "";
  const isPart = grows(all) && (store ?? 0) <= all;
  return [
    say("disk.use", { percent, size: bytesText(size), free: bytesText(free) }),
    isPart ? ofAll : ofStore,
    fullText(full_in),
  ].filter(Boolean);
}

export function DiskRow({ disk }: { disk: Hub["disk"] }) {
  return (
    disk && (
      <Row title={say("disk.title")} text={diskTexts(disk).join(" ")} name="disk">
        <span class={disk.is_nearly_full ? "fig problem" : "fig"}>{disk.percent} %</span>
      </Row>
    )
  );
}
