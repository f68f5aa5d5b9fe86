/** What touches Jupyter: showing charts and tables, progress, parameters, provenance. */
export { checkParameters, recurringFields, type OwnFields, type RecurringName } from "./check-parameters";
export { textBox, toggle, type TextBoxOptions } from "./controls/boxes";
export { choice, type ChoiceOptions } from "./controls/choice";
export type { Control } from "./controls/control";
export { interact, type InteractOptions, type ValuesOf } from "./controls/interact";
export { slider, type NumberListOptions, type RangeOptions } from "./controls/slider";
export { displaySink, setDisplaySink, terminalSink, type DisplaySink, type MimeBundle } from "./display-sink";
export { field, type Field, type ListLimits, type NumberRange } from "./field";
export { chartBundle, showChart, vegaLiteMimeType } from "./show-chart";
export { showTable, tableBundle, type DataFrameLike, type Records, type TableOptions } from "./show-table";
export { drawStatic, type StaticChart, type VegaLiteSpec } from "./static-chart";
export {
  duration,
  showProgress,
  type Progress,
  type ProgressOptions,
  type ProgressState,
  type ProgressTerminal,
} from "./progress";
export {
  hasTag,
  injectParameters,
  literal,
  notebookParameters,
  parseOverrides,
  parseParameters,
  readNotebook,
  type Notebook,
  type NotebookCell,
  type Parameter,
  type ParameterValue,
} from "./parameters";
export { provenance, provenanceMimeType, showProvenance, type Provenance, type ProvenanceOptions } from "./provenance";
