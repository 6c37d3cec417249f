module.exports = {
  skipFiles: ["mocks"],
  // OpenZeppelin's P256 and the longer signatures here are 'stack too deep' without the intermediate representation.
  irMinimum: true,
  istanbulReporter: ["html", "lcov", "text", "json-summary"],
  mocha: { grep: "@gas", invert: true },
};
