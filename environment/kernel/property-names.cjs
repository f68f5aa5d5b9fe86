// tslab 1.0.22 keeps the variables of earlier cells as properties of an object, and rewrites every name that was
// declared in an earlier cell: `scale` becomes `exports.scale`. Three kinds of property names go wrong there.
//
//   { scale }            a shorthand is forgotten, which ends in "scale is not defined"
//   ({ scale = 1 } = x)  likewise, which quietly sets another variable
//   { run: { seed } }    in a pattern, `run` is rewritten where an earlier cell's type has a property of that name,
//                        and `{ exports.run: … }` is read as something else, or not at all
//
// They are written out before tslab sees a cell: { scale: scale }, ({ scale: scale = 1 } = x), { "run": { seed } }.

/** The source of a cell with its property names written out; every line stays the same line. */
function writeOutPropertyNames(ts, source) {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const insertions = [];
  const visit = (node) => {
    if (ts.isShorthandPropertyAssignment(node)) insertions.push({ at: node.name.end, text: `: ${node.name.text}` });
    if (ts.isBindingElement(node) && node.propertyName && ts.isIdentifier(node.propertyName)) {
      // A text as a name means the same, and is nobody's variable.
      insertions.push({ at: node.propertyName.getStart(file), text: '"' }, { at: node.propertyName.end, text: '"' });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return insertions.sort((a, b) => b.at - a.at).reduce((written, { at, text }) => `${written.slice(0, at)}${text}${written.slice(at)}`, source);
}

/** Has tslab's cells go through `writeOutPropertyNames`. Does nothing where tslab is built differently than expected. */
function repairPropertyNames(tslabExecutor, ts) {
  const { createExecutor } = tslabExecutor;
  if (typeof createExecutor !== "function") return;
  tslabExecutor.createExecutor = (...args) => {
    const executor = createExecutor(...args);
    const { execute } = executor;
    executor.execute = (source) => execute(writeOutPropertyNames(ts, source));
    return executor;
  };
}

module.exports = { writeOutPropertyNames, repairPropertyNames };
