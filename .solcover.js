module.exports = {
  skipFiles: ["mocks"],
  // OpenZeppelin's P256 and the longer signatures here are 'stack too deep' without the intermediate representation.
  irMinimum: true,
  istanbulReporter: ["html", "lcov", "text", "json-summary"],
  // Gas, sizes and precompiles of instrumented code mean nothing; every step is traced, so all is slower.
  mocha: { grep: "@gas", invert: true, timeout: 600_000 },
};
