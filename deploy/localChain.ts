/** What every public chain has and a Hardhat chain lacks, for the demo and for tests. */
import type { HardhatRuntimeEnvironment } from "hardhat/types";

export const MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11";

/** Puts Multicall3 where it is on public chains; x402's facilitator tells the cause of a failed payment through it. */
export const installMulticall3 = async (hre: HardhatRuntimeEnvironment): Promise<void> => {
  const { deployedBytecode } = await hre.artifacts.readArtifact("MockMulticall3");
  await hre.network.provider.send("hardhat_setCode", [MULTICALL3, deployedBytecode]);
};
