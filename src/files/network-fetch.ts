import type { EnvHttpProxyAgent } from "undici";
import { InputError } from "../errors";
import { undici } from "../packages";

/** What the proxies' variables said, and the way to the network by them. */
let way: { said: string; agent: EnvHttpProxyAgent } | undefined;

/**
 * The global fetch; where HTTPS_PROXY or HTTP_PROXY is set, in capitals or small letters, a fetch through that proxy,
 * except to the hosts in NO_PROXY. (Node's own does not heed them before version 24.)
 * @throws {InputError} if one of them is not the address of a proxy
 */
export const networkFetch: typeof fetch = async (input, init) => {
  const [https, http] = ["https_proxy", "http_proxy"].map(
    (name) => process.env[name] || process.env[name.toUpperCase()] || "",
  );
  if (https === "" && http === "") return fetch(input, init);
  const said = [https, http].join("\n");
  if (way?.said !== said) way = { said, agent: agentFor(https, http) };
  // Its own fetch: that of another version of Node may not know its agents.
  const proxied = undici.fetch as unknown as typeof fetch;
  return proxied(input, { ...init, ...({ dispatcher: way.agent } as object) });
};

function agentFor(httpsProxy: string, httpProxy: string): EnvHttpProxyAgent {
  try {
    return new undici.EnvHttpProxyAgent({ httpsProxy, httpProxy });
  } catch (error) {
    throw new InputError(
      `HTTPS_PROXY or HTTP_PROXY is not the address of a proxy, such as http://proxy.example:8080 (${(error as Error).message})`,
      {},
      { cause: error },
    );
  }
}
