// Variables that must be there before a process starts that computes with TensorFlow.

/**
 * On a GPU, TensorFlow takes memory as it needs it, and products are whole float32 ones: TF32 would be wrong in the
 * fourth digit.
 *
 * glibc's allocator, left alone, returns every large buffer to the kernel and asks for it again a moment later; with
 * TensorFlow that means a storm of page faults. These keep freed memory in the process. TensorFlow's own log lines
 * below "error" are left out.
 */
export const processEnvironment = {
  TF_CPP_MIN_LOG_LEVEL: "3",
  TF_FORCE_GPU_ALLOW_GROWTH: "true",
  NVIDIA_TF32_OVERRIDE: "0",
  MALLOC_MMAP_THRESHOLD_: "8589934592",
  MALLOC_TRIM_THRESHOLD_: "17179869184",
  MALLOC_TOP_PAD_: "268435456",
};

/** Our variables under the user's own, which win. */
export function withProcessEnvironment(environment = process.env) {
  return { ...processEnvironment, ...environment };
}
