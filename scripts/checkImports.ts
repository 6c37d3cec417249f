/**
 * Holds the domains apart: a contract imports another domain through that domain's `interfaces/` alone, `access/` is the
 * one shared folder, and nothing outside of `mocks/` imports a mock.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

import { filesBelow, projectRoot } from "./lib/project";
import { run } from "./lib/run";

const contracts = path.join(projectRoot, "contracts");
const SHARED = "access";
const MOCKS = "mocks";

const domainOf = (file: string): string => path.relative(contracts, file).split(path.sep)[0] ?? "";

const complaint = (from: string, to: string): string | null => {
  const [here, there] = [domainOf(from), domainOf(to)];
  if (here === MOCKS || here === there) return null;
  if (there === MOCKS) return "imports a mock";
  if (there === SHARED) return null;
  const inInterfaces = path.relative(path.join(contracts, there), to).split(path.sep)[0] === "interfaces";
  if (here === SHARED) return `is shared, and imports the domain ${there}`;
  return inInterfaces ? null : `imports ${there} past its interfaces/`;
};

const main = (): Promise<void> => {
  const files = filesBelow(contracts).filter((file) => file.endsWith(".sol"));
  const complaints = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)";/g)].flatMap(([, target = ""]) => {
      const found = complaint(file, path.resolve(path.dirname(file), target));
      return found === null ? [] : [`${path.relative(projectRoot, file)} ${found} (${target})`];
    }),
  );
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  console.log(`Imports keep to their domains: ${files.length} contracts' files.`);
  return Promise.resolve();
};

run(main);
