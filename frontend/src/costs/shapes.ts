/** The types of the API for money, with short names. Money is a decimal number as text. */
import type { components } from "../api";

type Schemas = components["schemas"];
export type Bill = Schemas["BillView"];
export type BillLine = Schemas["BillLineView"];
export type Costs = Schemas["CostsView"];
export type CostRow = Schemas["CostRow"];
export type CostNow = Schemas["CostNowView"];
export type Price = Schemas["PriceView"];
export type Tariffs = Schemas["TariffsView"];
export type Tariff = Schemas["TariffView"];
export type TariffComparison = Schemas["ComparisonView"];
