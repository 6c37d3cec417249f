/** Amounts for people. */
import { formatUnits } from "ethers";

import { thousands } from "./table";

/** 1234567890 with 6 decimals → "1,234.56789": every digit that counts, and two after the point at least. */
export const money = (amount: bigint, decimals: number): string => {
  const [whole = "0", fraction = ""] = formatUnits(amount, decimals).split(".");
  return `${thousands(BigInt(whole))}.${fraction.replace(/0+$/, "").padEnd(2, "0")}`;
};

/** Wei as ether, rounded down to six places. */
export const ether = (wei: bigint): string => {
  const [whole = "0", fraction = ""] = formatUnits(wei).split(".");
  return `${thousands(BigInt(whole))}.${fraction.slice(0, 6).padEnd(6, "0")}`;
};

/** 0x1234…cdef */
export const short = (hash: string): string => `${hash.slice(0, 6)}…${hash.slice(-4)}`;
