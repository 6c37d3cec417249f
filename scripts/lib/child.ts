/** Child processes that never outlive us: not on success, failure or Ctrl-C, nor when we are killed. */
import { spawn } from "node:child_process";
import path from "node:path";

export interface Child {
  /** Resolves with the exit code once the process has ended, for whatever reason. */
  readonly ended: Promise<number | null>;
  /** What it has written so far, for a report when something goes wrong. */
  output: () => string;
  stop: () => Promise<void>;
}

const STOP_GRACE_MS = 3_000;

/** Starts a Node script with our environment and what `env` adds; undefined takes a variable away. */
export const startNode = (
  script: string,
  args: readonly string[],
  env: Record<string, string | undefined> = {},
): Child => {
  const child = spawn(process.execPath, ["-r", path.join(__dirname, "endWithParent.cjs"), script, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true", ...env },
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      written = (written + chunk).slice(-20_000);
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
    child.once("error", (error) => {
      written += error.message;
      resolve(null);
    });
  });
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  return {
    ended,
    output: () => written,
    async stop() {
      process.off("exit", kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const timer = setTimeout(kill, STOP_GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
};

/** Turns Ctrl-C and a polite kill into an ordinary exit, so that what was started is stopped. */
export const exitOnSignals = (): void => {
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const) {
    process.once(signal, () => process.exit(128 + number));
  }
};

/** Resolves when a JSON-RPC node answers at `url`; throws a sentence when the child ends first or time runs out. */
export const waitForNode = async (url: string, node: Child, timeoutMs = 60_000): Promise<void> => {
  const state: { over: boolean } = { over: false };
  const ended = node.ended.then((code) => {
    state.over = true;
    return code;
  });
  const deadline = Date.now() + timeoutMs;
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
  while (Date.now() < deadline) {
    if (state.over) throw new Error(`The local node ended with code ${String(await ended)}:\n${node.output()}`);
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body }).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The local node at ${url} did not answer within ${timeoutMs / 1000} seconds:\n${node.output()}`);
};
