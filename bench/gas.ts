import type { ContractTransactionResponse } from "ethers";

/** Gas used, as the receipt says it. */
export const gasOf = async (sent: Promise<ContractTransactionResponse>): Promise<bigint> => {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("no receipt");
  return receipt.gasUsed;
};
