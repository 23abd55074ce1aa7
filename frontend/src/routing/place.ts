/** Where the pages of a home are: at its hub from the root on; in a fleet below the page of the home. */
let root = "";
let ofDevice = (id: string) => `/devices/${encodeURIComponent(id)}`;

/** `/history` at a hub, `/homes/ID/history` in a fleet. */
export function placeOfPage(path: string): string {
  return root + path;
}

/** What a device's name leads to. */
export function placeOfDevice(id: string): string {
  return ofDevice(id);
}

/** The pages are below `path`, and the names of devices lead to `device`. */
export function placePages(path: string, device: (id: string) => string): void {
  root = path;
  ofDevice = device;
}
