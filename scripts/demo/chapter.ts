/** What a chapter of the demo gets, and how it speaks. */
import type { HardhatRuntimeEnvironment } from "hardhat/types";

import type { Suite } from "../../deploy/deploySuite";

export interface DemoContext {
  hre: HardhatRuntimeEnvironment;
  suite: Suite;
}

export interface Chapter {
  title: string;
  run: (context: DemoContext) => Promise<void>;
}

export const say = (line: string): void => {
  console.log(`  ${line}`);
};

/** Prints a statement that was found true; one that is not ends the demo with a failure. */
export const check = (holds: boolean, statement: string): void => {
  if (!holds) throw new Error(`This should hold and does not: ${statement}`);
  say(`✓ ${statement}`);
};
