export function HistoryPage() {
  return <main>History</main>;
}
