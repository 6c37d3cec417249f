import { buildModule } from "@nomicfoundation/ignition-core";

/** The authority of the whole suite. The deployer administers it until `handover` takes everything from it. */
export const AccessModule = buildModule("Access", (m) => {
  const manager = m.contract("AccessManager", [m.getAccount(0)]);
  return { manager };
});

export default AccessModule;
