// danfojs-node requires this module when it is loaded, and uses it only to read tables from a URL.
module.exports = {
  get() {
    throw new Error("Reading a table from a URL is not supported here: download the file first.");
  },
};
