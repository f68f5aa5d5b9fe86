import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the next answers differ from a well-behaved Hub's. */
export interface Behaviour {
  /** Bytes after which the connection is cut, one entry per request for file content; undefined: not cut. */
  cutAfter: (number | undefined)[];
  /** Cut with an orderly end instead of a reset: the body just stops. */
  quietly: boolean;
  ignoreRanges: boolean;
  /** Answer ranges from this many bytes too early. */
  rangeShift: number;
  /** Flip a byte of the content of this file. */
  corrupt?: string;
  /** Announce this many bytes too few (or, negative, too many) in paths-info. */
  sizeLie: number;
  /** Answer every API request with this status. */
  apiStatus?: number;
  /** Answer requests for content with these, one each, before behaving. */
  contentStatus: number[];
  /** Wait before each piece of content, in milliseconds. */
  slow: number;
  requireToken?: string;
}

export interface FakeHub {
  endpoint: string;
  behaviour: Behaviour;
  /** "METHOD path [range]" of every request. */
  requests: string[];
  /** Authorization header of every request. */
  authorizations: (string | undefined)[];
  close: () => Promise<void>;
}

const wellBehaved = (): Behaviour => ({
  cutAfter: [],
  quietly: false,
  ignoreRanges: false,
  rangeShift: 0,
  sizeLie: 0,
  contentStatus: [],
  slow: 0,
});

/** A local server that behaves like the Hub for one model or data set at one commit; files of 1,000 bytes or more are large (LFS). */
export async function fakeHub(
  id: string,
  commit: string,
  files: Record<string, Uint8Array>,
  kind: "model" | "dataset" = "model",
): Promise<FakeHub> {
  const page = kind === "model" ? id : `datasets/${id}`;
  const hub: FakeHub = {
    endpoint: "",
    behaviour: wellBehaved(),
    requests: [],
    authorizations: [],
    close: async () => undefined,
  };
  const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  const gitSha1 = (bytes: Uint8Array): string =>
    createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const isLarge = (bytes: Uint8Array): boolean => bytes.length >= 1000;
  const known = (revision: string): boolean => ["main", "v1", "refs/pr/1", commit].includes(revision);

  const refuse = (response: ServerResponse, status: number, code: string): void => {
    response.writeHead(status, { "Content-Type": "application/json", "X-Error-Code": code });
    response.end(JSON.stringify({ error: code }));
  };

  const sendContent = async (request: IncomingMessage, response: ServerResponse, name: string): Promise<void> => {
    const { behaviour } = hub;
    const status = behaviour.contentStatus.shift();
    if (status !== undefined) return refuse(response, status, "Broken");
    const bytes = Buffer.from(files[name]);
    if (behaviour.corrupt === name) bytes[bytes.length >> 1] ^= 1;
    const range = behaviour.ignoreRanges ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const from = Math.max(0, Number(range?.[1] ?? 0) - (range === null ? 0 : behaviour.rangeShift));
    if (from >= bytes.length && from > 0) return refuse(response, 416, "Range");
    const body = bytes.subarray(from);
    const cut = behaviour.cutAfter.shift();
    response.writeHead(range === null ? 200 : 206, {
      "Content-Type": "application/octet-stream",
      ...(cut !== undefined && behaviour.quietly ? {} : { "Content-Length": body.length }),
      ...(range === null ? {} : { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    const end = Math.min(cut ?? body.length, body.length);
    for (let at = 0; at < end; at += 4096) {
      response.write(body.subarray(at, Math.min(at + 4096, end)));
      if (behaviour.slow > 0) await new Promise((done) => setTimeout(done, behaviour.slow));
    }
    if (cut === undefined || behaviour.quietly) return void response.end();
    // Let what was written leave before the cut.
    setTimeout(() => response.destroy(), 50);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://local");
    hub.requests.push(
      `${request.method} ${url.pathname}${request.headers.range === undefined ? "" : ` ${request.headers.range}`}`,
    );
    hub.authorizations.push(request.headers.authorization);
    const { behaviour } = hub;
    const isApi = url.pathname.startsWith("/api/");
    if (isApi && behaviour.apiStatus !== undefined) return refuse(response, behaviour.apiStatus, "Broken");
    if (
      behaviour.requireToken !== undefined &&
      request.headers.authorization !== `Bearer ${behaviour.requireToken}` &&
      !url.pathname.startsWith("/cdn/")
    ) {
      return refuse(response, 401, "GatedRepo");
    }
    if (isApi) {
      const [, asked, revision] =
        url.pathname.match(new RegExp(`^/api/${kind}s/${id}/(revision|paths-info)/([^/]+)$`)) ?? [];
      if (asked === undefined) return refuse(response, 404, "RepoNotFound");
      if (!known(decodeURIComponent(revision))) return refuse(response, 404, "RevisionNotFound");
      response.setHeader("Content-Type", "application/json");
      if (asked === "revision") {
        const siblings = Object.keys(files).map((rfilename) => ({ rfilename }));
        return void response.end(
          JSON.stringify({ _id: "1", id, sha: commit, siblings, lastModified: "2026-01-01T00:00:00.000Z" }),
        );
      }
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const { paths } = JSON.parse(body) as { paths: string[] };
      const infos = paths
        .filter((path) => path in files)
        .map((path) => {
          const bytes = files[path];
          const size = bytes.length - behaviour.sizeLie;
          const lfs = isLarge(bytes) ? { lfs: { oid: sha256(bytes), size, pointerSize: 130 } } : {};
          return { type: "file", path, oid: gitSha1(bytes), size, ...lfs };
        });
      return void response.end(JSON.stringify(infos));
    }
    const [, where, revision, name] = url.pathname.match(new RegExp(`^/(${page}/resolve|cdn)/([^/]+)/(.+)$`)) ?? [];
    if (where === undefined || !known(revision) || !(name in files)) return refuse(response, 404, "EntryNotFound");
    if (where === "cdn") return sendContent(request, response, name);
    const bytes = files[name];
    response.setHeader("X-Repo-Commit", commit);
    if (!isLarge(bytes)) {
      response.setHeader("ETag", `"${gitSha1(bytes)}"`);
      return sendContent(request, response, name);
    }
    response.writeHead(302, {
      Location: `/cdn/${revision}/${name}`,
      "X-Linked-Size": bytes.length,
      "X-Linked-ETag": `"${sha256(bytes)}"`,
    });
    response.end();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  hub.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  hub.close = () =>
    new Promise((closed) => {
      server.closeAllConnections();
      server.close(() => closed());
    });
  return hub;
}
