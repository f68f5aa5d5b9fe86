// Sets up whatever is missing, then returns; npm runs this before every command that needs it.
// Plain Node without dependencies, because nothing is installed yet. This first file also has to be readable by an
// old Node, so that it can say so: no recent syntax here, everything else is imported after the check.
import { checkNodeVersion } from "./setup/node-version.mjs";

const complaint = checkNodeVersion(process.env.KERNEL_VIEW_PRETEND_NODE || process.versions.node);
if (complaint) {
  console.error("\nSet-up stopped: " + complaint + "\n");
  process.exitCode = 1;
} else {
  import("./setup/main.mjs").then((setup) => setup.main(process.argv.slice(2)));
}
