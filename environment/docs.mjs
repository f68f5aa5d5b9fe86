// npm run docs: writes the API reference, docs/api, from the doc comments: a page for each heading of src/library.ts.
// npm run docs -- --check: writes nothing, and fails where the pages are not what the doc comments say.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Application, Comment, CommentTag, Converter, LogLevel, ReflectionKind } from "typedoc";
import { filesUnder, readIfThere } from "./setup/files.mjs";
import { cache, root } from "./setup/places.mjs";

const committed = path.join(root, "docs", "api");
const NOT_EXPORTED = "Types in these signatures that are not exported";

/** The parts of src/library.ts that begin with a heading: its text, the exports below it, and a name for their page. */
function headedParts() {
  const [, ...parts] = readFileSync(path.join(root, "src", "library.ts"), "utf8").split(/^\/\/ /m);
  return parts.map((part) => {
    const [title, ...lines] = part.trim().split("\n");
    const exports = lines.join("\n").trim();
    return { title, exports, name: /"\.\/(.*?)(?:\/.*?)?";$/.exec(exports)[1] };
  });
}

/** Writes the reference into a folder. Every part is a module of its own here, since TypeDoc writes a page for each module. */
async function writeReference(out, modules) {
  const parts = headedParts();
  for (const { name, exports } of parts) {
    const code = exports.replaceAll('"./', '"../../src/');
    writeFileSync(path.join(modules, `${name}.ts`), `/**\n * @module ${name}\n */\n${code}\n`);
  }
  const tsconfig = path.join(modules, "tsconfig.json");
  writeFileSync(tsconfig, JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }));
  const titles = new Map(parts.map(({ name, title }) => [name, title]));
  const app = await Application.bootstrapWithPlugins({
    // The second adds the types that signatures name and the package does not export, such as those of options.
    plugin: ["typedoc-plugin-markdown", "typedoc-plugin-missing-exports"],
    placeInternalsInOwningModule: true,
    tsconfig,
    entryPoints: parts.map(({ name }) => path.join(modules, `${name}.ts`)),
    sortEntryPoints: false,
    sort: ["source-order"],
    groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases", NOT_EXPORTED],
    readme: "none",
    disableSources: true,
    excludeExternals: true,
    logLevel: LogLevel.Warn,
    router: "module",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    typeDeclarationFormat: "table",
    tableColumnSettings: { hideInherited: true, hideOverrides: true },
    useCodeBlocks: true,
    useHTMLAnchors: true,
    pageTitleTemplates: { module: ({ name }) => titles.get(name) },
    out,
  });
  const exported = new Set(parts.flatMap(({ exports }) => exports.match(/\w+/g)));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => setApart(project, exported), -1000);
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    // What TypeDoc calls a parameter that the source takes apart.
    for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter)) {
      if (parameter.name === "__namedParameters") parameter.name = "options";
    }
  });
  const project = await app.convert();
  if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("TypeDoc complains (see above)");
  await app.generateOutputs(project);
  writeFileSync(path.join(out, "README.md"), contents(parts));
  removeUnusedAnchors(out);
}

/** What is not exported comes last on its page if it is a type, and goes if it is a value. */
function setApart(project, exported) {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    for (const child of [...module.children].filter(({ name }) => !exported.has(name))) {
      if (child.kindOf([ReflectionKind.Variable, ReflectionKind.Function])) project.removeReflection(child);
      else {
        child.comment ??= new Comment();
        child.comment.blockTags.push(new CommentTag("@group", [{ kind: "text", text: NOT_EXPORTED }]));
      }
    }
  }
}

const contents = (parts) => `# The public names

What \`import { … } from "kernel-view"\` offers, in the order of the data flow. \`npm run docs\` writes these pages from the
comments of the sources. Everything else is internal and may change, except \`tf\` and \`resultDataFrame\`
([code.md](../code.md#the-public-names)).

${parts.map(({ name, title }) => `- [${title}](${name}.md)`).join("\n")}
`;

/**
 * Every heading and property has an anchor, which would double the size of the tables. What stays are those that a link
 * leads to and that are not the name of a heading anyway.
 */
function removeUnusedAnchors(folder) {
  const pages = filesUnder(folder).map((file) => [file, readFileSync(file, "utf8")]);
  const used = new Set(pages.flatMap(([, text]) => [...text.matchAll(/\]\([\w.-]*#([\w-]+)\)/g)].map(([, id]) => id)));
  const isNeeded = (id) => used.has(id) && /^property-|-\d+$/.test(id);
  for (const [file, text] of pages) {
    writeFileSync(
      file,
      text.replace(/<a id="([\w-]+)"><\/a>\s+/g, (anchor, id) => (isNeeded(id) ? anchor : "")),
    );
  }
}

/** Pages that are not the same in two folders. */
function differingPages(one, other) {
  const names = [one, other].flatMap((folder) => filesUnder(folder).map((file) => path.relative(folder, file)));
  return [...new Set(names)].filter(
    (name) => readIfThere(path.join(one, name)) !== readIfThere(path.join(other, name)),
  );
}

mkdirSync(cache, { recursive: true });
const modules = mkdtempSync(path.join(cache, "api-"));
try {
  const check = process.argv.includes("--check");
  const out = check ? path.join(modules, "pages") : committed;
  await writeReference(out, modules);
  const differing = check ? differingPages(out, committed) : [];
  if (differing.length > 0)
    throw new Error(`docs/api is not what the doc comments say (${differing.join(", ")}): run npm run docs`);
} catch (error) {
  console.error(`docs: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(modules, { recursive: true, force: true });
}
