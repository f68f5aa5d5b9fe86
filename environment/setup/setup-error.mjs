import { readFileSync } from "node:fs";

/** A missing prerequisite: `message` says what is wrong and what to do; shown without a stack trace. */
export class SetupError extends Error {}

/** What a failed download looks like in the words of npm, pip, node-gyp and Node itself. */
const networkTrouble =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|Temporary failure in name resolution|Name or service not known|Failed to establish a new connection|NewConnectionError|ConnectTimeoutError|Max retries exceeded|ReadTimeoutError|network is unreachable|CERTIFICATE_VERIFY_FAILED|UNABLE_TO_(?:VERIFY|GET)_/i;

/**
 * Turns the log of a failed command into one clear message.
 * @param what the thing that was being done, e.g. "installing the Node packages"
 * @param source what had to be reachable, with how to find out which address is in use
 */
export function explainFailure({ what, source, logFile, code }) {
  const log = readFileSync(logFile, "utf8");
  if (/ENOSPC|No space left on device/i.test(log)) {
    return new SetupError(`The disk is full while ${what}. Free about 3 GB, then run the same command again.`);
  }
  if (source && networkTrouble.test(log)) {
    return new SetupError(
      `No network while ${what}: ${source} cannot be reached.\n` +
        "Check the connection (and HTTPS_PROXY, if you are behind a proxy), then run the same command again: " +
        "what is already set up is kept.\n" +
        `Details: ${logFile}`,
    );
  }
  const lastLines = log.trimEnd().split("\n").slice(-15).join("\n");
  return new SetupError(
    `The command failed (exit code ${code}) while ${what}. Its last lines:\n\n${lastLines}\n\nAll of it: ${logFile}`,
  );
}
