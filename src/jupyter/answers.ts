import { readFileSync } from "node:fs";
import path from "node:path";
import { failure } from "./error-text";
import type { History } from "./history";
import type { LanguageThread } from "./language/language-thread";
import { PROTOCOL, type Content, type Message } from "./wire";

/** What answers are made from. */
export interface Sources {
  /** The project's folder. */
  root: string;
  language: LanguageThread;
  history: History;
  /** The target of each open comm, by the comm's id. */
  comms: ReadonlyMap<string, string>;
}

/** The content of the reply to a request that runs no code. */
export async function answerTo(
  { header, content }: Message,
  { root, language, history, comms }: Sources,
): Promise<Content> {
  const code = String(content.code ?? "");
  switch (header.msg_type) {
    case "kernel_info_request":
      return kernelInfo(root);
    case "complete_request": {
      const { matches, kinds, ...range } = await language.complete(code, utf16(code, Number(content.cursor_pos)));
      const [start, end] = [codePoints(code, range.start), codePoints(code, range.end)];
      const types = matches.map((text, index) => ({ text, type: kinds[index], start, end }));
      return {
        status: "ok",
        matches,
        cursor_start: start,
        cursor_end: end,
        metadata: { _jupyter_types_experimental: types },
      };
    }
    case "inspect_request": {
      const found = await language.inspect(code, utf16(code, Number(content.cursor_pos)));
      return {
        status: "ok",
        found: found !== undefined,
        data: found ? { "text/plain": found.plain, "text/markdown": found.markdown } : {},
        metadata: {},
      };
    }
    case "is_complete_request":
      return { ...(await language.isComplete(code)) };
    case "history_request":
      return { status: "ok", history: history.answer(content) };
    case "comm_info_request": {
      const wanted = [...comms].filter(([, target]) => [undefined, target].includes(content.target_name as string));
      return { status: "ok", comms: Object.fromEntries(wanted.map(([id, target]) => [id, { target_name: target }])) };
    }
    case "interrupt_request":
      return { status: "ok" };
    case "shutdown_request":
      return { status: "ok", restart: content.restart === true };
    case "debug_request":
      return {
        ...failedReply("NotSupported", "This kernel has no debugger."),
        type: "response",
        success: false,
        command: content.command,
        request_seq: content.seq,
      };
    default:
      return failedReply("NotSupported", `The kernel does not know ${header.msg_type}.`);
  }
}

/** A reply that says why there is no answer. */
export const failedReply = (ename: string, evalue: string): Content => ({
  status: "error",
  ...failure(ename, evalue),
});

function kernelInfo(root: string): Content {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  return {
    status: "ok",
    protocol_version: PROTOCOL,
    implementation: "kernel-view",
    implementation_version: version,
    language_info: {
      name: "typescript",
      version: typescriptVersion(),
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: { name: "javascript", typescript: true },
      nbconvert_exporter: "script",
    },
    banner: `TypeScript ${typescriptVersion()} on Node ${process.version} (Kernel View ${version})`,
    help_links: [{ text: "TypeScript Handbook", url: "https://www.typescriptlang.org/docs/handbook/intro.html" }],
    debugger: false,
    supported_features: [],
  };
}

const typescriptVersion = (): string => (require("typescript/package.json") as { version: string }).version;

/** Jupyter counts characters, JavaScript UTF-16 units. */
function utf16(text: string, characters: number): number {
  return [...text].slice(0, Number.isFinite(characters) ? characters : undefined).join("").length;
}

const codePoints = (text: string, units: number): number => [...text.slice(0, units)].length;
