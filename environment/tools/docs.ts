// npm run docs: writes the API reference, docs/api, from the doc comments: a page for each heading of src/library.ts.
// npm run docs -- --check: writes nothing, and fails where the pages are not what the doc comments say.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  LogLevel,
  ReflectionKind,
  type Context,
  type ProjectReflection,
  type TypeDocOptions,
} from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import { cache, messageOf, root } from "./checkout";

const committed = path.join(root, "docs", "api");
const NOT_EXPORTED = "Types in these signatures that are not exported";

/** A part of src/library.ts: its heading, the exports below it, and a name for their page. */
interface Part {
  title: string;
  exports: string;
  name: string;
}

function headedParts(): Part[] {
  const [, ...parts] = readFileSync(path.join(root, "src", "library.ts"), "utf8").split(/^\/\/ /m);
  return parts.map((part) => {
    const [title, ...lines] = part.trim().split("\n");
    const exports = lines.join("\n").trim();
    return { title, exports, name: /"\.\/(.*?)(?:\/.*?)?";$/.exec(exports)![1] };
  });
}

/** Writes the reference into a folder. Every part is a module of its own here, since TypeDoc writes a page for each module. */
async function writeReference(out: string, modules: string): Promise<void> {
  const parts = headedParts();
  for (const { name, exports } of parts) {
    const code = exports.replaceAll('"./', '"../../src/');
    writeFileSync(path.join(modules, `${name}.ts`), `/**\n * @module ${name}\n */\n${code}\n`);
  }
  const tsconfig = path.join(modules, "tsconfig.json");
  writeFileSync(tsconfig, JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }));
  const titles = new Map(parts.map(({ name, title }) => [name, title]));
  const options: Partial<TypeDocOptions & PluginOptions> & { placeInternalsInOwningModule: boolean } = {
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
    pageTitleTemplates: { module: ({ name }) => titles.get(name)! },
    out,
  };
  const app = await Application.bootstrapWithPlugins(options);
  const exported = new Set(parts.flatMap(({ exports }) => exports.match(/\w+/g) ?? []));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => setApart(project, exported), -1000);
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }: Context) => {
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
function setApart(project: ProjectReflection, exported: ReadonlySet<string>): void {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    for (const child of (module.children ?? []).filter(({ name }) => !exported.has(name))) {
      if (child.kindOf([ReflectionKind.Variable, ReflectionKind.Function])) project.removeReflection(child);
      else {
        child.comment ??= new Comment();
        child.comment.blockTags.push(new CommentTag("@group", [{ kind: "text", text: NOT_EXPORTED }]));
      }
    }
  }
}

const contents = (parts: Part[]): string => `# The public names

What \`import { … } from "kernel-view"\` offers, in the order of the data flow. \`npm run docs\` writes these pages from the
comments of the sources. Everything else is internal and may change, except \`tf\` and \`resultDataFrame\`
([code.md](../code.md#the-public-names)).

${parts.map(({ name, title }) => `- [${title}](${name}.md)`).join("\n")}
`;

/**
 * Every heading and property has an anchor, which would double the size of the tables. What stays are those that a link
 * leads to and that are not the name of a heading anyway.
 */
function removeUnusedAnchors(folder: string): void {
  const pages = filesUnder(folder).map((file) => [file, readFileSync(file, "utf8")] as const);
  const used = new Set(pages.flatMap(([, text]) => [...text.matchAll(/\]\([\w.-]*#([\w-]+)\)/g)].map(([, id]) => id)));
  const isNeeded = (id: string): boolean => used.has(id) && /^property-|-\d+$/.test(id);
  for (const [file, text] of pages) {
    writeFileSync(
      file,
      text.replace(/<a id="([\w-]+)"><\/a>\s+/g, (anchor: string, id: string) => (isNeeded(id) ? anchor : "")),
    );
  }
}

/** Pages that are not the same in two folders. */
function differingPages(one: string, other: string): string[] {
  const names = [one, other].flatMap((folder) => filesUnder(folder).map((file) => path.relative(folder, file)));
  const text = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
  return [...new Set(names)].filter((name) => text(path.join(one, name)) !== text(path.join(other, name)));
}

const filesUnder = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort()
    : [];

async function main(): Promise<void> {
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
    console.error(`docs: ${messageOf(error)}`);
    process.exitCode = 1;
  } finally {
    rmSync(modules, { recursive: true, force: true });
  }
}

void main();
