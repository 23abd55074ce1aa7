export function HubPage() {
  return <main>Hub</main>;
}
