/** Kernel View's public names, room by room along the data flow. Everything else is internal and may change. */

// Used everywhere: kinds of error, counts of things
export { counted } from "./counted";
export { CorruptFileError, DivergedError, InputError } from "./errors";

// Tasks, their files, prompts and splits
export { type EncodedPrompt, encodePrompt, labelWordIds, promptTokens } from "./tasks/prompt";
export { type Example, taskByName, taskFolder, type Split, type Task } from "./tasks/task";
export { formatExamples } from "./tasks/format-examples";
export { kShotRows, kShotSplit, readOriginal } from "./tasks/k-shot";
export { readSplit, splitOverlaps } from "./tasks/split";
export { originalFolder, writeSplitFolder } from "./tasks/split-folder";
export { parseTask, readTaskFile } from "./tasks/task-file";
export { templateText } from "./tasks/template";

// Tasks of real English
export { ratedTexts, verdictTexts } from "./english/verdicts";

// Models, and what they answer
export { type Tensor } from "./model/backend";
export {
  classifierHead,
  labelWordHead,
  tanhClassifierHead,
  withClassifier,
  withTanhClassifier,
  type Head,
} from "./model/head";
export { withLora } from "./model/lora";
export { disposeModel, parameterCount, type Model } from "./model/model";
export { predictLogits } from "./model/predict";
export { randomWeights } from "./model/random-weights";

// Kernels
export { kernelAsymmetry, exampleKernel, type KernelTensor } from "./kernels/kernel-tensor";
export { FORMULAS, KERNEL_NAMES, type Formula } from "./kernels/formula";
export { computeKernel } from "./kernels/kernel";
export { computeOutputs, type Outputs } from "./kernels/outputs";

// Kernel regression
export { solveAsymmetric } from "./solvers/asymmetric-least-squares";
export { bestThreshold } from "./solvers/best-threshold";
export { doubleCentered } from "./solvers/double-centered";
export { solveLeastSquares } from "./solvers/least-squares";
export { asPredictions, formatMeanStd, mean, populationStd, predictedClasses } from "./solvers/metrics";
export { leaveOneOut, predictionTerms } from "./solvers/prediction-terms";
export { largestSingularValue } from "./solvers/problem";
export { sameAnswers } from "./solvers/same-answers";
export { type Solver } from "./solvers/solver";

// Fine-tuning
export { fineTune } from "./finetune/fine-tune";
export { type LabelledPrompts } from "./finetune/labelled-prompts";
export { linearProbe } from "./finetune/linear-probe";
export { loadLoraAdapter, saveLoraAdapter } from "./finetune/lora-adapter";
export { type OptimizerName } from "./finetune/optimizer";
export { saveModel } from "./finetune/save-model";
export { trainedParameters } from "./finetune/trained-parameters";
export { type TrainingConfig, type TrainingSettings } from "./finetune/training-config";

// Does fine-tuning behave like its kernel?
export { layerOfParameter, fixedFeatures } from "./behavior/fixed-features";
export { agreementOf, kernelTargetAlignment, cosine, kernelChange, kernelDistance } from "./behavior/kernel-comparison";
export { earlySteps, type EarlyStep, type PredictingFormula } from "./behavior/early-steps";
export { gradientDistance } from "./behavior/gradient-distance";
export { johnsonLindenstrauss, johnsonLindenstraussDimension } from "./behavior/johnson-lindenstrauss";
export { kernelBehavior, recoveredGain } from "./behavior/verdicts";
export { kernelDescent } from "./behavior/kernel-descent";
export { levelChange, levelSentence, levelVerdict, type LevelValue } from "./behavior/level-change";
export { linearize } from "./behavior/linearization";
export { linearizationTest } from "./behavior/linearization-test";
export { withModelBetween } from "./behavior/displacement";
export { outputDerivatives, lossOfOutputs } from "./behavior/output-loss";
export { randomSubspaceKernels } from "./behavior/random-subspace";
export { fittedSlope } from "./behavior/slope";
export {
  ALL_LORA_TARGETS,
  fullKernel,
  loraGradient,
  loraKernel,
  parameterSubspaceKernel,
} from "./behavior/subspace-kernels";

// Networks small enough to show the theorems
export { circleInputs, fitCircle, type CircleFit } from "./theory/circle-network";
export { networkBetween, forward } from "./theory/wide-network";
export { expectedSlope, widthSlopes, type WidthMeasure } from "./theory/width-slopes";
export { widthLab, type WidthRecord } from "./theory/width-lab";

// The steps of one experiment
export { encodeSplits, encodeExamples, evenly, readFewShot, type Inputs } from "./experiment/inputs";
export {
  compareSplitKernels,
  firstColumns,
  splitKernels,
  type SplitKernels,
  squareSplits,
} from "./experiment/split-kernels";
export { fillMask, promptText } from "./experiment/fill-mask";
export { fineTuningRun } from "./experiment/fine-tuning-run";
export { loadLanguageModel, type LanguageModel } from "./experiment/language-model";
export { outputGradient, newHeadOutputs, promptOutputs } from "./experiment/outputs";
export { defaultStore } from "./store/folder";
export { type FineTuningRun } from "./experiment/single-run";
export {
  bestOnDev,
  gridSearch,
  PAPER_GRID,
  predictClasses,
  settingsGrid,
  settingsOf,
  solveKernels,
  zeroShotAccuracy,
  type SettingValues,
} from "./experiment/solve-kernels";
export { wordOrders, zeroShotLogits } from "./experiment/zero-shot";

// Sweeps: tasks × draws × methods
export { parseSweep, modelName, readSweep, readSweeps } from "./sweep/sweep-file";
export { aggregate, runsOf, type Run } from "./sweep/aggregate";
export { type BehaviorRun, type BehaviorResult } from "./sweep/behavior-record";
export {
  behaviorRow,
  finishedBehavior,
  finishedRuns,
  readBehaviorCsv,
  type BehaviorRow,
  verdictText,
} from "./sweep/behavior-rows";
export { behaviorRun } from "./sweep/behavior-run";
export {
  CRITERIA,
  gainOf,
  pairedMethods,
  testsTogether,
  togetherSentence,
  verdictCounts,
  type Criterion,
  type PairMeans,
} from "./sweep/behavior-verdicts";
export { devChoices, luckyBest } from "./sweep/dev-choice";
export { differingSettings, modelFamily } from "./sweep/model-family";
export { resultRows } from "./sweep/result-table";
export { measureSweep, runSweep } from "./sweep/sweep";
export { sweepFindings } from "./sweep/sweep-findings";
export { methodFamily, methodGaps, taskGains, type TaskGain } from "./sweep/sweep-gains";
export { chosenRows, parseSweepCsv, sweepRuns, type SweepRow } from "./sweep/sweep-table";

// The paper's data and the authors' kernel files
export { authorsFileParts, authorsFolders } from "./archives/authors-folders";
export { readAuthorsKernels, writeAuthorsKernels } from "./archives/authors-kernels";

// Charts
export { barChart } from "./charts/bar-chart";
export { curvesChart, type CurvePoint, earlyStepPoints, CURVES, linearizationPoints } from "./charts/curves-chart";
export { type MethodScore, accuracyChart } from "./charts/accuracy-chart";
export { cellsChart } from "./charts/cells-chart";
export { circleChart } from "./charts/circle-chart";
export { datasetChart } from "./charts/dataset-chart";
export { dotsChart } from "./charts/dots-chart";
export { featureChangeChart } from "./charts/feature-change-chart";
export { gainChart } from "./charts/gain-chart";
export { gridChart } from "./charts/grid-chart";
export { gridPoints, type GridPoint } from "./charts/solver-grid";
export { heatmapExamples } from "./charts/kernel-examples";
export { kernelHeatmap } from "./charts/kernel-heatmap";
export { kernelPanels } from "./charts/kernel-panels";
export { predictionTermsChart } from "./charts/prediction-terms-chart";
export { promptTokenChart } from "./charts/prompt-token-chart";
export { regularizationChart } from "./charts/regularization-chart";
export { scatterChart } from "./charts/scatter-chart";
export { slopeChart, type SlopePoint } from "./charts/slope-chart";
export { type ChartSpec } from "./charts/figure";
export { subspaceChart } from "./charts/subspace-chart";
export { subspaceEntriesChart } from "./charts/subspace-entries-chart";
export { verdictChart, verdictPoint, verdictSentence } from "./charts/verdict-chart";

// What a cell shows
export { checkParameters } from "./notebook/check-parameters";
export { choice } from "./notebook/controls/choice";
export { interact } from "./notebook/controls/interact";
export { slider } from "./notebook/controls/slider";
export { textBox } from "./notebook/controls/boxes";
export { displaySink } from "./notebook/display-sink";
export { explore } from "./notebook/explore";
export { field } from "./notebook/field";
export { duration, showProgress } from "./notebook/progress";
export { showProvenance } from "./notebook/provenance";
export { showChart } from "./notebook/show-chart";
export { showTable } from "./notebook/show-table";
