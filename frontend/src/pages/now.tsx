export function NowPage() {
  return <main>Now</main>;
}
