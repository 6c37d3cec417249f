/** ERC-7201's formula, recomputed: the upgrade validator compares layouts, not the constants that place them. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { AbiCoder, keccak256, toBeHex, toUtf8Bytes } from "ethers";
import hre from "hardhat";

export const erc7201Slot = (namespace: string): string => {
  const inner = BigInt(keccak256(toUtf8Bytes(namespace))) - 1n;
  const outer = BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(["uint256"], [inner])));
  return toBeHex(outer & ~0xffn, 32);
};

/** The value of a bytes32 constant as a source file states it. */
export const storageConstant = (file: string, name: string): string => {
  const source = readFileSync(path.join(hre.config.paths.root, file), "utf8");
  const value = new RegExp(`${name} =\\s*(0x[0-9a-f]{64});`).exec(source)?.[1];
  if (value === undefined) throw new Error(`${file} has no constant ${name}`);
  return value;
};
