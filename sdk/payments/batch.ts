/** What a relayer needs to send a batch of authorizations safely. */

/** pieUSD's longest batch. */
export const MAX_BATCH = 100;

/**
 * Gas that a batch may spend on one account with code: 100,000 for its ERC-1271 check, and what the call around it takes.
 * The cost of a hostile wallet was measured at 115,800 at most; the rest is margin.
 */
export const GAS_PER_ACCOUNT_WITH_CODE = 130_000n;

/**
 * A gas limit for `batchTransferWithAuthorization` that no wallet in it can break. Estimation sees what each wallet's check
 * costs now; the wallet may be dearer by the time that the batch is mined, and a batch that runs short reverts whole.
 * @param estimate What the node estimated.
 * @param accountsWithCode How many of the batch's payers have code.
 */
export const batchGasLimit = (estimate: bigint, accountsWithCode: number): bigint =>
  estimate + BigInt(accountsWithCode) * GAS_PER_ACCOUNT_WITH_CODE;
