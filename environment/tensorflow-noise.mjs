// Lines TensorFlow writes when it starts. TF_CPP_MIN_LOG_LEVEL silences most; some are written before it is read.
const noise = [
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR\r?\n/gm,
  /^.*oneDNN custom operations are on\..*\r?\n/gm,
  /^.*cpu_feature_guard\.cc.*\r?\n(?:^To enable the following instructions:.*\r?\n)?/gm,
];

/** A piece of error output without those lines. Bytes that hold none are returned as they are. */
export function withoutNoise(chunk) {
  const text = chunk.toString("latin1");
  const rest = noise.reduce((kept, pattern) => kept.replace(pattern, ""), text);
  return rest === text ? chunk : Buffer.from(rest, "latin1");
}
