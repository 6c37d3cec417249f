/** The name of Ignition's journal of a chain. */
import type { HardhatRuntimeEnvironment } from "hardhat/types";

import { LOCAL_NETWORKS } from "./networks";

/** One journal a chain: a local chain that was started afresh is another one, which its first block tells. */
export const journalName = async ({ ethers, network }: HardhatRuntimeEnvironment): Promise<string> => {
  const { chainId } = await ethers.provider.getNetwork();
  const genesis = LOCAL_NETWORKS.includes(network.name) ? await ethers.provider.getBlock(0) : null;
  return `${network.name}-${chainId}${genesis?.hash == null ? "" : `-${genesis.hash.slice(2, 10)}`}`;
};
