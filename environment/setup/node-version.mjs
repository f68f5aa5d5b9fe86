/** The oldest Node that can `require` the ES modules our notebooks use. */
const oldest = [20, 19];

/** Returns the sentence to show when this Node is too old, or nothing. Old syntax on purpose: see setup.mjs. */
export function checkNodeVersion(version) {
  const parts = version.split(".").map(Number);
  if (parts[0] > oldest[0] || (parts[0] === oldest[0] && parts[1] >= oldest[1])) return undefined;
  return (
    "Node " +
    version +
    " is too old; Kernel View needs Node " +
    oldest.join(".") +
    " or newer.\n" +
    "Install a current one from https://nodejs.org (or `nvm install 22`), then run the same command again."
  );
}
