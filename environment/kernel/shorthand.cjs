// tslab 1.0.22 keeps the variables of earlier cells as properties of an object and rewrites their uses, but forgets
// shorthand properties: `{ scale }` ends in "scale is not defined". They are written out before tslab sees a cell.

/** The source of a cell with `{ name }` as `{ name: name }`; every line stays the same line. */
function writeOutShorthand(ts, source) {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const ends = [];
  const visit = (node) => {
    if (ts.isShorthandPropertyAssignment(node) && !node.objectAssignmentInitializer) ends.push({ at: node.name.end, name: node.name.text });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return ends.sort((a, b) => b.at - a.at).reduce((text, { at, name }) => `${text.slice(0, at)}: ${name}${text.slice(at)}`, source);
}

/** Has tslab's cells go through `writeOutShorthand`. Does nothing where tslab is built differently than expected. */
function repairShorthand(tslabExecutor, ts) {
  const { createExecutor } = tslabExecutor;
  if (typeof createExecutor !== "function") return;
  tslabExecutor.createExecutor = (...args) => {
    const executor = createExecutor(...args);
    const { execute } = executor;
    executor.execute = (source) => execute(writeOutShorthand(ts, source));
    return executor;
  };
}

module.exports = { writeOutShorthand, repairShorthand };
