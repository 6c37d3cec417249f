/**
 * Writes what is derived from `deploy/roles.ts`: `contracts/access/Roles.sol` and `docs/roles.md`.
 * With `--check` it writes nothing and fails where a file is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import prettier from "prettier";

import { DEPLOYABLES, ROLE_NAMES, role, type RoleName } from "../deploy/roles";
import { projectRoot } from "./lib/project";
import { run } from "./lib/run";

const humanDelay = (seconds: number): string => {
  if (seconds === 0) return "none";
  const days = seconds / 86_400;
  return days >= 1 ? `${days} ${days === 1 ? "day" : "days"}` : `${seconds / 3600} hours`;
};

const rolesSol = (): string => {
  const constants = ROLE_NAMES.map((name) => {
    const { id, purpose, executionDelay } = role(name);
    return `    /// @notice ${purpose} Execution delay: ${humanDelay(executionDelay)}.
    uint64 internal constant ${name} = ${id};`;
  });
  return `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Roles
/// @notice Role ids of the suite's AccessManager. Generated from deploy/roles.ts by \`npm run generate\`: change it there.
library Roles {
${constants.join("\n\n")}
}
`;
};

const rolesMd = (): string => {
  const functionsOf = (name: RoleName): string[] =>
    DEPLOYABLES.flatMap(({ contract, restricted }) =>
      Object.entries(restricted)
        .filter(([, holder]) => holder === name)
        .map(([signature]) => `\`${contract}.${signature}\``),
    );
  const roleRows = ROLE_NAMES.map((name) => {
    const { id, executionDelay, grantDelay, scope, emergency, bounded, purpose } = role(name);
    const delays = `${humanDelay(executionDelay)} | ${humanDelay(grantDelay)}`;
    return `| ${name} | ${id} | ${scope} | ${delays} | ${emergency ? "emergency" : (bounded ?? "")} | ${purpose} |`;
  });
  const callRows = ROLE_NAMES.map((name) => `| ${name} | ${functionsOf(name).join("<br>") || "—"} |`);
  const openRows = DEPLOYABLES.map(
    ({ contract, open }) => `### ${contract}\n\n${open.map((signature) => `- \`${signature}\``).join("\n")}\n`,
  );
  return `# Roles

Generated from \`deploy/roles.ts\` by \`npm run generate\`; \`npm run lint\` fails where this page is stale. One OpenZeppelin
\`AccessManager\` governs the suite. An operation of a delayed role is scheduled in public, waits its execution delay, and
can be cancelled meanwhile by the guardian (the admin's own operations by the admin alone). It expires a week after it
became ready. After deployment the deployer holds nothing.

A delay counts from the scheduling, and an operation may be scheduled before there is an occasion for it: an unpauser who
keeps one ready could end the next pause at once, and a redirection that is kept ready takes a work's income in the
second in which it is frozen. The guardian watches \`OperationScheduled\` and cancels what has no
occasion.

The grant delay passes between a grant and the role's first use. It comes into force five days after deployment
(OpenZeppelin's minimum setback); until then the admin's execution delay covers every grant. Emergency roles act at once
and can only move to the safer state; whatever else acts at once is bounded by the contracts, and the table says by what.

| role | id | scope | execution delay | grant delay | at once, because | purpose |
| --- | --- | --- | --- | --- | --- | --- |
${roleRows.join("\n")}

## Who may call what

| role | functions |
| --- | --- |
${callRows.join("\n")}

\`setAuthority(address)\` of a managed contract answers to the manager alone, by the admin's \`updateAuthority\`.

## Open to everybody

Functions that change state without a role; views are not listed.

${openRows.join("\n")}`;
};

const main = async (): Promise<void> => {
  const check = process.argv.includes("--check");
  const stale: string[] = [];
  for (const [file, content] of [
    ["contracts/access/Roles.sol", rolesSol()],
    ["docs/roles.md", rolesMd()],
  ] as const) {
    const full = path.join(projectRoot, file);
    const formatted = await prettier.format(content, { ...(await prettier.resolveConfig(full)), filepath: full });
    let current = "";
    try {
      current = readFileSync(full, "utf8");
    } catch {
      // not written yet: stale
    }
    if (current === formatted) continue;
    stale.push(file);
    if (!check) writeFileSync(full, formatted);
  }
  if (check && stale.length > 0) throw new Error(`Stale: ${stale.join(", ")}. Run "npm run generate".`);
  console.log(stale.length === 0 ? "Generated files are fresh." : `Written: ${stale.join(", ")}.`);
};

run(main);
