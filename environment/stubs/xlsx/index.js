// danfojs-node requires this module when it is loaded, and uses it only to read and write Excel files.
const refuse = () => {
  throw new Error("Excel files are not supported here: save the table as CSV and use readCSV.");
};
module.exports = { read: refuse, readFile: refuse, write: refuse, writeFile: refuse, utils: {} };
