import { id } from "ethers";
import type {
  CallableContractFuture,
  ContractCallFuture,
  EncodeFunctionCallFuture,
  IgnitionModule,
  IgnitionModuleBuilder,
  NamedArtifactContractAtFuture,
  NamedArtifactContractDeploymentFuture,
} from "@nomicfoundation/ignition-core";

import { DELAYS, ROLES, role, rolesOf, signaturesByRole, type Domain } from "../roles";

type Manager = CallableContractFuture<string>;
export type Call = ContractCallFuture<string, string>;

export const selector = (signature: string): string => id(signature).slice(0, 10);

/**
 * Gives a contract's privileged functions to their roles, in one transaction, as `deploy/roles.ts` says, and puts the
 * admin's own changes to this target behind the upgrade delay (in force after OpenZeppelin's setback of five days).
 * @param domain Deployed and set up before, or called: from here on the deployer's word counts for nothing there.
 */
export const wire = (
  m: IgnitionModuleBuilder,
  manager: Manager,
  target: NamedArtifactContractAtFuture<string> | NamedArtifactContractDeploymentFuture<string>,
  domain: IgnitionModule | readonly Call[],
  /** For the ids of the futures, where there are several of the contract. */
  key = target.contractName,
): Call => {
  const name = target.contractName;
  const calls: EncodeFunctionCallFuture<string, string>[] = [];
  for (const [roleName, signatures] of signaturesByRole(name)) {
    calls.push(
      m.encodeFunctionCall(manager, "setTargetFunctionRole", [target, signatures.map(selector), role(roleName).id], {
        id: `encode_${key}_${roleName}`,
      }),
    );
  }
  calls.push(
    m.encodeFunctionCall(manager, "setTargetAdminDelay", [target, DELAYS.upgrade], { id: `encode_${key}_adminDelay` }),
  );
  return m.call(manager, "multicall", [calls], {
    id: `wire_${key}`,
    after: Array.isArray(domain) ? [...(domain as readonly Call[])] : [domain as IgnitionModule],
  });
};

/**
 * Grants every role to its holder (a module parameter by the role's name) with its delay, makes the guardian able to
 * cancel each, hands the administration to `ADMIN`, and takes it from the deployer. One transaction, so there is no
 * block in which the deployer and the holders both have power, and a failure leaves nothing half done.
 */
export const handOver = (
  m: IgnitionModuleBuilder,
  manager: Manager,
  domains: readonly Domain[],
  after: readonly Call[],
): Call => {
  const encode = (name: string, args: (string | number | bigint | ReturnType<typeof m.getParameter>)[], key: string) =>
    m.encodeFunctionCall(manager, name, args, { id: `encode_${name}_${key}` });
  const calls: EncodeFunctionCallFuture<string, string>[] = [];
  for (const name of rolesOf(domains)) {
    const { id: roleId, executionDelay, grantDelay } = role(name);
    calls.push(encode("labelRole", [roleId, name], name));
    calls.push(encode("grantRole", [roleId, m.getParameter(name), executionDelay], name));
    calls.push(encode("setRoleGuardian", [roleId, ROLES.GUARDIAN.id], name));
    calls.push(encode("setGrantDelay", [roleId, grantDelay], name));
  }
  const { id: adminId, executionDelay, grantDelay } = ROLES.ADMIN;
  // The execution delay is the one that holds from the first block: it covers the admin's own grants too.
  calls.push(encode("grantRole", [adminId, m.getParameter("ADMIN"), executionDelay], "ADMIN"));
  calls.push(encode("setGrantDelay", [adminId, grantDelay], "ADMIN"));
  calls.push(
    m.encodeFunctionCall(manager, "renounceRole", [adminId, m.getAccount(0)], { id: "encode_renounceRole_deployer" }),
  );
  return m.call(manager, "multicall", [calls], { id: "handOver", after: [...after] });
};
