// Preloaded into a child process: it ends when its parent does, however that came about. The parent holds the other end
// of standard input and never writes to it.
"use strict";
process.stdin.on("close", () => process.exit()).resume();
