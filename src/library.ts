/** The public functions whose types are the package's own, room by room along the data flow. */

export * from "./counted";
export * from "./errors";
export * from "./random";

export * from "./tasks/format-examples";
export * from "./tasks/k-shot";
export * from "./tasks/prompt";
export { readSplit, splitOverlaps, type SplitOverlap } from "./tasks/split";
export * from "./tasks/split-folder";
export * from "./tasks/task";
export * from "./tasks/task-file";
export * from "./tasks/template";

export * from "./english/verdicts";

export { backendName, backendVersions, type Tensor } from "./model/backend";
export * from "./model/checkpoint";
export { compiled, type Compiled, type CompileOptions, type Tensors } from "./model/compiled";
export * from "./model/head";
export { resolveModel, type DownloadProgress, type HubOptions } from "./files/hub";
export { withLora, type LoraOptions } from "./model/lora";
export * from "./model/model";
export * from "./model/predict";
export { randomWeights } from "./model/random-weights";
export * from "./files/safetensors";
export * from "./model/tokenizer";
export { readTorchFile, TorchTensor, type TorchFile } from "./files/torch-file";
export { writeTorchFile } from "./files/torch-file-writer";

export * from "./kernels/asymmetry";
export * from "./kernels/example-kernel";
export { FORMULAS, KERNEL_NAMES, type Formula } from "./kernels/formula";
export * from "./kernels/kernel";
export * from "./kernels/kernel-error";
export * from "./kernels/kernel-tensor";
export * from "./kernels/outputs";
export { PROJECTION_KINDS, type Projection, type ProjectionKind } from "./kernels/projection";
export * from "./kernels/projection-error";
export * from "./kernels/store";

export * from "./solvers/asymmetric-least-squares";
export * from "./solvers/best-threshold";
export * from "./solvers/cross-validation";
export * from "./solvers/double-centered";
export * from "./solvers/least-squares";
export * from "./solvers/logistic";
export * from "./solvers/metrics";
export * from "./solvers/prediction-terms";
export { encodeTargets, largestSingularValue, type EvaluationSet, type TrainingSet } from "./solvers/problem";
export * from "./solvers/solver";
export * from "./solvers/support-vectors";

export * from "./finetune/fine-tune";
export * from "./finetune/linear-probe";
export * from "./finetune/lora-adapter";
export * from "./finetune/optimizer";
export * from "./finetune/parameter-gradients";
export * from "./finetune/save-model";
export * from "./finetune/trained-parameters";
export * from "./finetune/training-config";

export * from "./behavior/agreement";
export * from "./theory/circle-network";
export * from "./behavior/displacement";
export * from "./behavior/early-steps";
export * from "./behavior/fixed-features";
export * from "./behavior/gradient-distance";
export * from "./behavior/johnson-lindenstrauss";
export * from "./behavior/kernel-alignment";
export * from "./behavior/kernel-behavior";
export * from "./behavior/kernel-change";
export * from "./behavior/kernel-descent";
export * from "./behavior/kernel-distance";
export * from "./behavior/level-change";
export * from "./behavior/linearization";
export * from "./behavior/linearization-test";
export * from "./behavior/output-derivative";
export * from "./behavior/model-between";
export * from "./behavior/output-loss";
export * from "./behavior/output-table";
export * from "./behavior/parameter-parts";
export * from "./behavior/random-subspace";
export * from "./behavior/recovered-gain";
export * from "./behavior/slope";
export * from "./behavior/subspace-kernels";
export * from "./theory/wide-network";
export * from "./theory/wide-training";
export * from "./theory/width-lab";
export * from "./theory/width-scaling";

export * from "./sweep/aggregate";
export * from "./archives/authors-folders";
export * from "./archives/authors-kernels";
export * from "./sweep/behavior-record";
export * from "./sweep/behavior-rows";
export * from "./sweep/behavior-run";
export * from "./sweep/behavior-settings";
export * from "./sweep/behavior-table";
export * from "./experiment/compare-kernels";
export * from "./sweep/dev-choice";
export * from "./sweep/behavior-verdicts";
export * from "./archives/download-kernels";
export * from "./experiment/fill-mask";
export * from "./experiment/fine-tuning-run";
export * from "./experiment/inputs";
export * from "./archives/kernel-files";
export * from "./experiment/language-model";
export * from "./sweep/measure-behavior";
export * from "./sweep/model-family";
export * from "./experiment/output-gradient";
export * from "./experiment/outputs";
export * from "./experiment/remember";
export * from "./sweep/result-table";
export * from "./experiment/solve-kernels";
export * from "./experiment/split-kernels";
export * from "./experiment/square-splits";
export * from "./sweep/sweep";
export * from "./sweep/sweep-file";
export * from "./sweep/sweep-findings";
export {
  methodFamily,
  methodGaps,
  taskGains,
  type GainVerdict,
  type MethodGap,
  type TaskGain,
  type TaskGainOptions,
} from "./sweep/sweep-gains";
export * from "./sweep/sweep-table";
export * from "./sweep/training-descent";
export * from "./experiment/zero-shot";

export * from "./charts/accuracy-chart";
export * from "./charts/agreement-chart";
export * from "./charts/choice-chart";
export * from "./charts/circle-chart";
export * from "./charts/contribution-chart";
export * from "./charts/dataset-chart";
export * from "./charts/early-steps-chart";
export * from "./charts/feature-change-chart";
export * from "./charts/gain-chart";
export * from "./charts/grid-chart";
export * from "./charts/grouped-accuracy-chart";
export * from "./charts/kernel-heatmap";
export * from "./charts/kernel-panels";
export * from "./charts/linearization-chart";
export * from "./charts/mask-fill-chart";
export * from "./charts/prediction-terms-chart";
export * from "./charts/prompt-chart";
export * from "./charts/prompt-token-chart";
export * from "./charts/naturalness-chart";
export * from "./charts/regularization-chart";
export * from "./charts/same-answers-chart";
export * from "./charts/slope-chart";
export * from "./charts/step-panels-chart";
export * from "./charts/subspace-chart";
export * from "./charts/subspace-entries-chart";
export * from "./charts/tangent-chart";
export * from "./charts/training-chart";
export * from "./charts/two-tests-chart";
export * from "./charts/verdict-chart";
export * from "./charts/verdict-grid-chart";
export type { ChartSpec } from "./charts/spec";

export * from "./notebook/index";
