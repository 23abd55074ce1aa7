export function DevicePage({ id }: { id: string }) {
  return <main>{id}</main>;
}
