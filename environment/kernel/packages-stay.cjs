// tslab 1.0.22 watches every file its compiler has looked at, and has room for one pending change only: after a
// package.json was written (by npm, by set-up), the next cell ends in "Unexpected pending rebuildTimer", and so do all
// after it. What a kernel has loaded stays loaded, so that there is nothing to watch in packages. A TypeScript file of
// one's own that a cell imports is still watched.

/** Has tslab's compiler look away from packages and folders. Does nothing where it is built differently than expected. */
function leavePackagesUnwatched(ts) {
  const { watchFile, watchDirectory } = ts.sys ?? {};
  if (typeof watchFile !== "function" || typeof watchDirectory !== "function") return;
  const unwatched = { close() {} };
  ts.sys.watchFile = (file, ...rest) => (isOwnSource(file) ? watchFile.call(ts.sys, file, ...rest) : unwatched);
  ts.sys.watchDirectory = () => unwatched;
}

const isOwnSource = (file) => /\.[jt]sx?$/.test(file) && !/\.d\.ts$/.test(file) && !/[\\/]node_modules[\\/]/.test(file);

module.exports = { leavePackagesUnwatched };
