/** Supported devices: a search over all products that profiles and the catalogue know. */
import { useEffect, useState } from "preact/hooks";

import { useAnswer } from "../history/answers";
import { Notice } from "../parts/notice";
import { ProductRows } from "../products/rows";
import { countText, MOST, nextLimit, placeOf, requestOf, searchOf, STEP, type Search } from "../products/search";
import { go, query } from "../routing/router";
import type { Products } from "../data/shapes";
import { say } from "../text/words";
import "./products.css";

const PAUSE_MS = 250; // of typing, after which is searched

export function ProductsPage() {
  const [search, setSearch] = useState<Search>(() => searchOf(query.value));
  const [limit, setLimit] = useState(STEP);
  const asked = usePaused(search);
  const { answer, isLoading, error, again } = useAnswer<Products>(requestOf(asked, limit), 0);
  useEffect(() => go(placeOf(asked), true), [asked]);
  const change = (part: Partial<Search>) => {
    setSearch({ ...search, ...part });
    setLimit(STEP);
  };
  return (
    <main class="products">
      <p class="small back">
        <a href="/devices">{say("device.all")}</a>
      </p>
      <h1>{say("products.title")}</h1>
      <SearchForm search={search} answer={answer} onChange={change} />
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {answer ? (
        <Found answer={answer} isLoading={isLoading} limit={limit} onMore={setLimit} />
      ) : (
        !error && <div class="card skeleton place" aria-busy="true" />
      )}
    </main>
  );
}

type FormProps = { search: Search; answer: Products | undefined; onChange: (part: Partial<Search>) => void };

function SearchForm({ search, answer, onChange }: FormProps) {
  return (
    <form class="row-of search" role="search" onSubmit={(event) => event.preventDefault()}>
      <label class="field words">
        <span>{say("products.search")}</span>
        <input
          type="search"
          value={search.text}
          maxLength={200}
          onInput={(event) => onChange({ text: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>{say("products.kind")}</span>
        <select value={search.kind} onChange={(event) => onChange({ kind: event.currentTarget.value })}>
          <option value="">{say("products.all_kinds")}</option>
          {answer?.kinds.map((kind) => (
            <option key={kind.name} value={kind.name}>
              {kind.title} ({kind.count})
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

type FoundProps = { answer: Products; isLoading: boolean; limit: number; onMore: (limit: number) => void };

function Found({ answer, isLoading, limit, onMore }: FoundProps) {
  const shown = answer.products.length;
  const next = nextLimit(limit, shown, answer.total);
  const kinds = new Map(answer.kinds.map((kind) => [kind.name, kind.title]));
  return (
    <section class="found" aria-busy={isLoading ? true : undefined}>
      <p class="soft" role="status">
        {answer.total ? countText(answer.total) : say("products.none")}
      </p>
      {shown > 0 && <ProductRows products={answer.products} kinds={kinds} />}
      {next > 0 && (
        <button type="button" onClick={() => onMore(next)}>
          {say("products.more")}
        </button>
      )}
      {!next && shown === MOST && shown < answer.total && <p class="soft">{say("products.narrow", { shown })}</p>}
      <p class="soft">{say("products.unlisted")}</p>
    </section>
  );
}

/** The search once it has not changed for a moment: not every letter is sent. */
function usePaused(search: Search): Search {
  const [paused, setPaused] = useState(search);
  useEffect(() => {
    if (search === paused) return;
    const timer = setTimeout(() => setPaused(search), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [search, paused]);
  return paused;
}
