// Imported before TensorFlow: this model's operations are so small that a second thread halves the speed.
// Two processes with tasks of their own use two cores.
process.env.TF_NUM_INTRAOP_THREADS ??= "1";
process.env.OMP_NUM_THREADS ??= "1";
