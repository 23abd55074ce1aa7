/** The products that were found. */
import type { Product } from "../data/shapes";
import { say } from "../text/words";
import { confidenceText, idText } from "./search";

export function ProductRows({ products, kinds }: { products: readonly Product[]; kinds: ReadonlyMap<string, string> }) {
  return (
    <ul class="products-found">
      {products.map((product) => (
        <Row
          key={`${product.profile} ${product.product}`}
          product={product}
          kind={kinds.get(product.kind) ?? product.kind}
        />
      ))}
    </ul>
  );
}

function Row({ product, kind }: { product: Product; kind: string }) {
  const ids = idText(product);
  const sure = confidenceText(product);
  return (
    <li data-product={product.product}>
      <p class="name">{product.title}</p>
      <p class="sure small" data-confidence={product.confidence} title={product.sources}>
        {sure}
      </p>
      <p class="ids soft small">
        {kind}
        {ids && (
          <>
            {" · "}
            <code>{ids}</code>
          </>
        )}
      </p>
      {product.also.length > 0 && (
        <p class="also soft small">{say("products.also", { names: product.also.join(", ") })}</p>
      )}
      <details class="plain">
        <summary>
          {product.points.length === 1
            ? say("products.point")
            : say("products.points", { count: product.points.length })}
        </summary>
        <p class="small keys">{product.points.join(", ")}</p>
        {product.sources && <p class="soft small">{product.sources}</p>}
        <p class="soft small">
          {say("device.profile")}: <code>{product.profile}</code>
        </p>
      </details>
    </li>
  );
}
