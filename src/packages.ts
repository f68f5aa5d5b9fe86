/**
 * The packages that take long to load or much memory, each loaded when it is first used. (Small ones are imported as
 * usual; the tensor library is the choice of model/backend.)
 */
import type * as Resvg from "@resvg/resvg-js";
import type * as Danfojs from "danfojs-node";
import type * as Hub from "@huggingface/hub";
import type * as MlMatrix from "ml-matrix";
import type * as Tar from "tar";
import type * as Undici from "undici";
import type * as Vega from "vega";
import type * as VegaLite from "vega-lite";
import type * as Zod from "zod";
import { lazy } from "./lazy";

export const danfojs = lazy(() => require("danfojs-node") as typeof Danfojs);
export const huggingfaceHub = lazy(() => require("@huggingface/hub") as typeof Hub);
export const mlMatrix = lazy(() => require("ml-matrix") as typeof MlMatrix);
export const resvg = lazy(() => require("@resvg/resvg-js") as typeof Resvg);
export const tar = lazy(() => require("tar") as typeof Tar);
export const undici = lazy(() => require("undici") as typeof Undici);
export const vega = lazy(() => require("vega") as typeof Vega);
export const vegaLite = lazy(() => require("vega-lite") as typeof VegaLite);
export const z = lazy(() => require("zod") as typeof Zod);
