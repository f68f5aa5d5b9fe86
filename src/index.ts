/** Kernel View's public functions, room by room along the data flow. */

export * from "./random";

export * from "./tasks/encoded-prompt";
export * from "./tasks/example";
export * from "./tasks/k-shot";
export * from "./tasks/prompt";
export { readSplit } from "./tasks/split";
export * from "./tasks/task";
export * from "./tasks/task-file";
export * from "./tasks/template";

export { tf, backendName, backendVersions, type Tensor } from "./model/backend";
export * from "./model/checkpoint";
export * from "./model/head";
export * from "./model/hub";
export { withLora, type LoraOptions } from "./model/lora";
export * from "./model/model";
export * from "./model/predict";
export * from "./model/safetensors";
export * from "./model/tokenizer";
export * from "./model/torch-file";

export { FORMULAS, type Formula } from "./kernels/formula";
export * from "./kernels/kernel";
export * from "./kernels/kernel-error";
export * from "./kernels/kernel-tensor";
export * from "./kernels/outputs";
export { PROJECTION_KINDS, type Projection, type ProjectionKind } from "./kernels/projection";
export * from "./kernels/projection-error";
export * from "./kernels/store";

export * from "./solvers/asymmetric-least-squares";
export * from "./solvers/best-threshold";
export * from "./solvers/double-centered";
export * from "./solvers/least-squares";
export * from "./solvers/logistic";
export * from "./solvers/metrics";
export { encodeTargets, largestSingularValue, type EvaluationSet, type TrainingSet } from "./solvers/problem";
export * from "./solvers/solver";
export * from "./solvers/stratified-folds";
export * from "./solvers/support-vectors";

export * from "./finetune/fine-tune";
export * from "./finetune/linear-probe";
export * from "./finetune/lora-adapter";
export * from "./finetune/loss";
export * from "./finetune/optimizer";
export * from "./finetune/parameter-gradients";
export * from "./finetune/save-model";
export * from "./finetune/training-config";

export * from "./behavior/agreement";
export * from "./behavior/displacement";
export * from "./behavior/early-steps";
export * from "./behavior/example-batches";
export * from "./behavior/fixed-features";
export * from "./behavior/gradient-distance";
export * from "./behavior/johnson-lindenstrauss";
export * from "./behavior/kernel-alignment";
export * from "./behavior/kernel-behavior";
export * from "./behavior/kernel-change";
export * from "./behavior/kernel-descent";
export * from "./behavior/kernel-distance";
export * from "./behavior/linearization";
export * from "./behavior/linearization-test";
export * from "./behavior/output-loss";
export * from "./behavior/output-table";
export * from "./behavior/parameter-parts";
export * from "./behavior/random-subspace";
export * from "./behavior/recovered-gain";
export * from "./behavior/slope";
export * from "./behavior/subspace-kernels";
export * from "./behavior/wide-network";
export * from "./behavior/wide-training";
export * from "./behavior/width-lab";
export * from "./behavior/width-scaling";

export * from "./experiment/aggregate";
export * from "./experiment/authors-kernels";
export * from "./experiment/behavior-record";
export * from "./experiment/behavior-run";
export * from "./experiment/behavior-settings";
export * from "./experiment/behavior-table";
export * from "./experiment/download-kernels";
export * from "./experiment/fill-mask";
export * from "./experiment/fine-tuning-run";
export * from "./experiment/inputs";
export * from "./experiment/kernel-files";
export * from "./experiment/language-model";
export * from "./experiment/output-gradient";
export * from "./experiment/outputs";
export * from "./experiment/remember";
export * from "./experiment/result-table";
export * from "./experiment/solve-kernels";
export * from "./experiment/split-kernels";
export * from "./experiment/sweep";
export * from "./experiment/sweep-file";
export * from "./experiment/sweep-table";
export * from "./experiment/training-descent";

export { methodByName, methods, type Method } from "./microworld/scores/methods";
export * from "./microworld/scores/measure-again";
export * from "./microworld/scores/score-rows";
export type { Score } from "./microworld/scores/score-file";
export * from "./microworld/scores/task-gains";

export * from "./charts/accuracy-chart";
export * from "./charts/contribution-chart";
export * from "./charts/early-steps-chart";
export * from "./charts/feature-change-chart";
export * from "./charts/gain-chart";
export * from "./charts/grid-chart";
export * from "./charts/grouped-accuracy-chart";
export * from "./charts/kernel-heatmap";
export * from "./charts/linearization-chart";
export * from "./charts/mask-fill-chart";
export * from "./charts/regularization-chart";
export * from "./charts/slope-chart";
export * from "./charts/subspace-chart";
export * from "./charts/training-chart";
export type { ChartSpec } from "./charts/spec";

export * from "./notebook/index";
