/** Reads and checks `deploy/parameters/<network>.json`: what a deployment needs to know of a network. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { isAddress, getAddress } from "ethers";

import { DOMAINS, rolesOf, type RoleName } from "./roles";

/** A sentence for the person at the keyboard; scripts print its message alone. */
export class ConfigurationError extends Error {}

export interface NetworkParameters {
  /** Address of the chain's USDT, or "mock". */
  readonly underlying: string;
  /** Decimals of the mock. */
  readonly decimals: number;
  /** Holder of each role. */
  readonly holders: Readonly<Record<RoleName, string>>;
}

interface ParameterFile {
  underlying?: string;
  decimals?: number;
  /** By role name; `default` stands for every role that is not named, but never for ADMIN. */
  holders?: Partial<Record<RoleName | "default", string>>;
}

export const parameterFile = (network: string): string => path.join(__dirname, "parameters", `${network}.json`);

const checkedAddress = (value: string, key: string, file: string): string => {
  const complaint = `"${value}" is not an address: mend ${key} in ${file}.`;
  if (!isAddress(value)) throw new ConfigurationError(complaint);
  return getAddress(value);
};

/** The parameters of a public network, checked; `deployer` must not be among the holders. */
export const readParameters = (network: string, deployer: string): NetworkParameters => {
  const file = parameterFile(network);
  const shown = path.relative(process.cwd(), file);
  if (!existsSync(file))
    throw new ConfigurationError(`There is no ${shown}: copy one of its neighbours and fill it in.`);
  return checkParameters(JSON.parse(readFileSync(file, "utf8")) as ParameterFile, shown, deployer);
};

export const checkParameters = (parameters: ParameterFile, shown: string, deployer: string): NetworkParameters => {
  const { underlying, decimals = 6, holders = {} } = parameters;
  if (underlying === undefined || underlying === "") {
    throw new ConfigurationError(`Set "underlying" in ${shown} to the chain's USDT, or to "mock".`);
  }
  const named = (name: RoleName): string => {
    const value: string | undefined = holders[name] ?? (name === "ADMIN" ? undefined : holders.default);
    if (value === undefined || value === "") {
      throw new ConfigurationError(
        name === "ADMIN"
          ? `Set "holders.ADMIN" in ${shown} to the account that will govern the suite (a multisig, not the deployer).`
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
  return {
    underlying: underlying === "mock" ? underlying : checkedAddress(underlying, "underlying", shown),
    decimals,
    holders: Object.fromEntries((["ADMIN", ...rolesOf(DOMAINS)] as RoleName[]).map((n) => [n, named(n)])) as Record<
      RoleName,
      string
    >,
  };
};
