/** Texts of a language, as texts_plugin.ts divides them: those of a part, or of a first paint and how its parts load. */
declare module "virtual:texts/*" {
  const texts: Readonly<Record<string, string>>;
  export default texts;
  export const parts: Readonly<Record<string, () => Promise<{ default: Readonly<Record<string, string>> }>>>;
}
