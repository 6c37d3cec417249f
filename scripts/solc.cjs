#!/usr/bin/env node
// The npm compiler behind the command line that Foundry expects of a native solc.
"use strict";
const solc = require("solc");

if (process.argv.includes("--version")) {
  const version = solc.version().replace(/\.Emscripten\.clang$/, "");
  console.log("solc, the solidity compiler commandline interface");
  console.log(`Version: ${version}.Linux.g++`);
} else {
  const chunks = [];
  process.stdin.on("data", (chunk) => chunks.push(chunk));
  process.stdin.on("end", () => process.stdout.write(solc.compile(Buffer.concat(chunks).toString("utf8"))));
}
