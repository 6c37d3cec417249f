/** Reads and checks `deploy/parameters/<network>.json`: what a deployment needs to know of a network. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { ZeroAddress, getAddress, isAddress } from "ethers";

import { DEFAULT_PROTOCOL_FEE_BPS } from "./modules/ip";
import { HELD_ROLES, role, type RoleName } from "./roles";

/** A sentence for the person at the keyboard; scripts print its message alone. */
export class ConfigurationError extends Error {}

export interface NetworkParameters {
  /** Address of the chain's USDT, or "mock". */
  readonly underlying: string;
  /** Decimals of the mock. */
  readonly decimals: number;
  /** Withdraws the protocol's fees on works' revenue. */
  readonly treasury: string;
  /** The protocol's fee on direct revenue of works to come, in basis points. */
  readonly protocolFeeBps: number;
  /** Holder of each role. */
  readonly holders: Readonly<Record<RoleName, string>>;
}

/** The registry's own limit. */
const MAX_PROTOCOL_FEE_BPS = 500;

interface ParameterFile {
  underlying?: string;
  decimals?: number;
  /** Without it, the ADMIN's account. */
  treasury?: string;
  protocolFeeBps?: number;
  /**
   * By role name; `default` stands for every role that is not named, but never for ADMIN and GUARDIAN: who may undo the
   * others must be chosen on purpose.
   */
  holders?: Partial<Record<RoleName | "default", string>>;
}

export const parameterFile = (network: string): string => path.join(__dirname, "parameters", `${network}.json`);

const checkedAddress = (value: string, key: string, file: string): string => {
  const complaint = `"${value}" is not an address: mend ${key} in ${file}.`;
  if (!isAddress(value)) throw new ConfigurationError(complaint);
  const address = getAddress(value);
  if (address === ZeroAddress) {
    throw new ConfigurationError(`${key} in ${file} is the zero address, which nobody holds: name an account.`);
  }
  return address;
};

/** The parameters of a public network, checked; `deployer` must not be among the holders. */
export const readParameters = (network: string, deployer: string): NetworkParameters => {
  const file = parameterFile(network);
  const shown = path.relative(process.cwd(), file);
  if (!existsSync(file))
    throw new ConfigurationError(`There is no ${shown}: copy one of its neighbours and fill it in.`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error: unknown) {
    throw new ConfigurationError(`${shown} is not JSON: ${error instanceof Error ? error.message : "mend it"}.`);
  }
  return checkParameters(content, shown, deployer);
};

const KEYS: readonly string[] = [
  "underlying",
  "decimals",
  "treasury",
  "protocolFeeBps",
  "holders",
] satisfies (keyof ParameterFile)[];
const BY_NAME: readonly RoleName[] = ["ADMIN", "GUARDIAN"];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A misspelt key must not be ignored: the power that it meant to give would go to somebody else. */
const checkKeys = (object: unknown, known: readonly string[], what: string): void => {
  if (!isObject(object)) throw new ConfigurationError(`${what} must be an object.`);
  const unknown = Object.keys(object).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw new ConfigurationError(`${what} knows no ${unknown.join(", ")}; known are ${known.join(", ")}.`);
  }
};

export const checkParameters = (content: unknown, shown: string, deployer: string): NetworkParameters => {
  checkKeys(content, KEYS, shown);
  const {
    underlying,
    decimals = 6,
    treasury,
    protocolFeeBps = DEFAULT_PROTOCOL_FEE_BPS,
    holders = {},
  } = content as ParameterFile;
  checkKeys(holders, ["default", ...HELD_ROLES], `holders in ${shown}`);
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 36) {
    throw new ConfigurationError(`Set "decimals" in ${shown} to a whole number from 0 to 36.`);
  }
  if (!Number.isInteger(protocolFeeBps) || protocolFeeBps < 0 || protocolFeeBps > MAX_PROTOCOL_FEE_BPS) {
    throw new ConfigurationError(
      `Set "protocolFeeBps" in ${shown} to a whole number of basis points from 0 to ${MAX_PROTOCOL_FEE_BPS}.`,
    );
  }
  if (typeof underlying !== "string" || underlying === "") {
    throw new ConfigurationError(`Set "underlying" in ${shown} to the chain's USDT, or to "mock".`);
  }
  const named = (name: RoleName): string => {
    const byName = BY_NAME.includes(name);
    const value: unknown = holders[name] ?? (byName ? undefined : holders.default);
    if (typeof value !== "string" || value === "") {
      throw new ConfigurationError(
        byName
          ? `Set "holders.${name}" in ${shown} to an account of its own, not the deployer: ${role(name).purpose}`
          : `Set "holders.${name}" in ${shown}, or "holders.default" for every role without a holder of its own.`,
      );
    }
    const holder = checkedAddress(value, `holders.${name}`, shown);
    if (holder === getAddress(deployer)) {
      throw new ConfigurationError(
        `${name} in ${shown} is the deployer ${holder}, which must hold nothing in the end: name another account.`,
      );
    }
    return holder;
  };
  const byRole = Object.fromEntries(HELD_ROLES.map((n) => [n, named(n)])) as Record<RoleName, string>;
  return {
    underlying: underlying === "mock" ? underlying : checkedAddress(underlying, "underlying", shown),
    decimals,
    treasury: treasury === undefined ? byRole.ADMIN : checkedAddress(treasury, "treasury", shown),
    protocolFeeBps,
    holders: byRole,
  };
};
