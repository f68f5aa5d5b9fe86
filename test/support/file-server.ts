import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A local web server with files, which behaves like Apache: ranges, If-Range, ETag and Last-Modified, redirects, pages for errors. */
export interface FileServer {
  /** Ends with "/". */
  address: string;
  files: Record<string, Uint8Array>;
  /** From path to path. */
  redirects: Record<string, string>;
  /** Bytes of a body after which the connection is cut, one entry for each answer with more than one byte; undefined: not cut. */
  cutAfter: (number | undefined)[];
  /** Statuses to answer with before behaving. */
  statuses: number[];
  ignoreRanges: boolean;
  hideLength: boolean;
  /** "path [range]" of every request. */
  requests: string[];
  close: () => Promise<void>;
}

const LAST_MODIFIED = "Mon, 04 Sep 2023 12:00:00 GMT";

export async function fileServer(files: Record<string, Uint8Array>): Promise<FileServer> {
  const own: FileServer = {
    address: "",
    files,
    redirects: {},
    cutAfter: [],
    statuses: [],
    ignoreRanges: false,
    hideLength: false,
    requests: [],
    close: async () => undefined,
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://local").pathname;
    const asked = request.headers.range;
    own.requests.push(asked === undefined ? path : `${path} ${asked}`);
    const page = (status: number, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "Content-Type": "text/html; charset=iso-8859-1", ...headers });
      response.end(`<!DOCTYPE HTML><html><head><title>${status}</title></head></html>`);
    };
    const status = own.statuses.shift();
    if (status !== undefined) return page(status);
    if (path in own.redirects) return page(301, { Location: own.redirects[path] });
    const bytes = own.files[path];
    if (bytes === undefined) return page(404);
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    const condition = request.headers["if-range"];
    const range =
      own.ignoreRanges || (condition !== undefined && condition !== etag)
        ? null
        : /^bytes=(\d+)-(\d*)$/.exec(asked ?? "");
    const from = Number(range?.[1] ?? 0);
    if (from >= bytes.length) return page(416, { "Content-Range": `bytes */${bytes.length}` });
    const to = range === null || range[2] === "" ? bytes.length : Math.min(bytes.length, Number(range[2]) + 1);
    const body = bytes.subarray(from, to);
    response.writeHead(range === null ? 200 : 206, {
      "Content-Type": path.endsWith(".html") ? "text/html" : "application/zip",
      "Accept-Ranges": "bytes",
      ETag: etag,
      "Last-Modified": LAST_MODIFIED,
      ...(own.hideLength ? {} : { "Content-Length": body.length }),
      ...(range === null ? {} : { "Content-Range": `bytes ${from}-${to - 1}/${bytes.length}` }),
    });
    const cut = body.length > 1 ? own.cutAfter.shift() : undefined;
    const end = Math.min(cut ?? body.length, body.length);
    response.write(body.subarray(0, end));
    if (cut === undefined) response.end();
    // Let what was written leave before the cut.
    else setTimeout(() => response.destroy(), 200);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  own.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  own.close = () =>
    new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return own;
}
