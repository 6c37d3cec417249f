import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { MaxUint256 } from "ethers";

import { FLAGS, PAUSE, call, equityFixture, setFlags } from "../fixtures/equity";
import { shouldBehaveLikeERC7943, type ERC7943Context } from "../helpers/ERC7943.behavior";

/** The stock at a multiplier of 1, where an amount is as many shares. */
async function rwaFixture(): Promise<ERC7943Context> {
  const suite = await loadFixture(equityFixture);
  const { equity, alice, bob, stranger, redemptionQueue, holders } = suite;
  await equity.connect(alice).approve(stranger, MaxUint256);
  return {
    token: equity,
    holder: alice,
    recipient: bob,
    stranger,
    system: await redemptionQueue.getAddress(),
    tooLarge: 2n ** 112n - 1n,
    setFrozen: (account, amount) => call(suite, "EQUITY_FREEZER", equity, "setFrozenTokens", [account, amount]),
    force: (from, to, amount) => call(suite, "EQUITY_ENFORCER", equity, "forcedTransfer", [from, to, amount]),
    setBlocked: (account, blocked) => setFlags(suite, account, FLAGS.BLOCKED, blocked ? FLAGS.BLOCKED : 0n),
    setNoSend: (account) => setFlags(suite, account, FLAGS.NO_SEND),
    setNoReceive: (account) => setFlags(suite, account, FLAGS.NO_RECEIVE),
    pause: async () => {
      await equity.connect(holders.PAUSER).pause(PAUSE.TRANSFER);
    },
  };
}

describe("EquityToken", () => {
  describe("as an ERC-7943 token", () => {
    shouldBehaveLikeERC7943(rwaFixture);
  });
});
