import type {
  ArgumentType,
  IgnitionModuleBuilder,
  NamedArtifactContractAtFuture,
} from "@nomicfoundation/ignition-core";

/** An implementation, and a proxy that is initialised in the transaction that deploys it: there is nothing to front-run. */
export const proxied = <Name extends string>(
  m: IgnitionModuleBuilder,
  name: Name,
  constructorArguments: ArgumentType[],
  initializeArguments: ArgumentType[],
): NamedArtifactContractAtFuture<Name> => {
  const implementation = m.contract(name, constructorArguments, { id: `${name}_implementation` });
  const initialize = m.encodeFunctionCall(implementation, "initialize", initializeArguments, {
    id: `encode_${name}_initialize`,
  });
  const proxy = m.contract("ERC1967Proxy", [implementation, initialize], { id: `${name}_proxy` });
  return m.contractAt(name, proxy);
};
