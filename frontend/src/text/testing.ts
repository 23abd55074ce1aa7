/** Tests read the page in English. */
import { loadWords } from "./words";

await loadWords("en", "en-GB");
