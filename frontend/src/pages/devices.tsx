export function DevicesPage() {
  return <main>Devices</main>;
}
