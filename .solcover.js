// What a traced call leaves behind lies outside of V8's heap, which sees no reason to collect it: gigabytes, over the suite.
let file;
const rootHooks = {
  afterEach() {
    if (this.currentTest.file === file) return;
    file = this.currentTest.file;
    globalThis.gc?.();
  },
};

module.exports = {
  skipFiles: ["mocks"],
  // OpenZeppelin's P256 and the longer signatures here are 'stack too deep' without the intermediate representation.
  irMinimum: true,
  istanbulReporter: ["html", "lcov", "text", "json-summary"],
  // Gas, sizes and precompiles of instrumented code mean nothing. Every step is traced, so all is slower, and what tests
  // marked @long do is much of the same: no line is theirs alone.
  mocha: { grep: "@gas|@long", invert: true, timeout: 600_000, rootHooks },
};
