module.exports = {
  skipFiles: ["mocks"],
  // OpenZeppelin's P256 and the longer signatures here are 'stack too deep' without the intermediate representation.
  irMinimum: true,
  istanbulReporter: ["html", "lcov", "text", "json-summary"],
  // Gas, sizes and precompiles of instrumented code mean nothing. Every step is traced, so all is slower, and what tests
  // marked @long do is much of the same: no line is theirs alone.
  mocha: { grep: "@gas|@long", invert: true, timeout: 600_000 },
};
