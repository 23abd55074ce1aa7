/** A part of the texts of a language, as vite.config.ts divides them. */
declare module "virtual:texts/*" {
  const texts: Readonly<Record<string, string>>;
  export default texts;
}
