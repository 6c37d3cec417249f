/** Redemptions and dividends in the suite as it is deployed: by its roles, after their delays, in pieUSD. */
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroHash, id as digest } from "ethers";

import { role } from "../../deploy/roles";
import { HELD, SHARE, block, call, equityFixture, type EquityFixture } from "../fixtures/equity";
import { STATE } from "../fixtures/redemptions";
import { UNIT } from "../fixtures/suite";
import { asRole } from "../helpers/authority";

const MIN = 100n * UNIT;
const LIMITS = { accepted: true, minShares: SHARE, maxOpenPerHolder: 5, cancelDelay: 86_400 };
const DOCUMENT = digest("a dividend of pieUSD");
const FUNDED = 3_000n * UNIT;

/** The queue takes the stock's requests against pieUSD; redeemer and treasurer have some. */
async function openFixture(): Promise<EquityFixture> {
  const suite = await loadFixture(equityFixture);
  const { redemptionQueue, dividendDistributor, equity, equityAddress, pieUSD, token, holders } = suite;
  await call(suite, "EQUITY_CONFIG", redemptionQueue, "setToken", [equityAddress, LIMITS]);
  await call(suite, "EQUITY_CONFIG", redemptionQueue, "setPayToken", [equityAddress, token, true]);
  for (const holder of [suite.alice, suite.bob, suite.carol]) {
    await equity.connect(holder).approve(redemptionQueue, MaxUint256);
    await equity.connect(holder).approve(suite.wrapper, MaxUint256);
  }
  await pieUSD.connect(suite.alice).transfer(holders.EQUITY_REDEEMER, 4_000n * UNIT);
  await pieUSD.connect(suite.bob).transfer(holders.EQUITY_CORP_ACTION, 4_000n * UNIT);
  await pieUSD.connect(holders.EQUITY_REDEEMER).approve(redemptionQueue, MaxUint256);
  await pieUSD.connect(holders.EQUITY_CORP_ACTION).approve(dividendDistributor, MaxUint256);
  return suite;
}

describe("Redemptions and dividends in the deployed suite", () => {
  it("accept no token before the role has listed it, after its delay", async () => {
    const suite = await loadFixture(equityFixture);
    const { redemptionQueue, equity, equityAddress, pieUSD, alice, manager, holders } = suite;
    await expect(redemptionQueue.connect(alice).request(equity, SHARE, pieUSD, MIN, ZeroHash))
      .to.be.revertedWithCustomError(redemptionQueue, "TokenNotAccepted")
      .withArgs(equityAddress);
    const data = redemptionQueue.interface.encodeFunctionData("setToken", [equityAddress, LIMITS]);
    await manager.connect(holders.EQUITY_CONFIG).schedule(redemptionQueue, data, 0);
    await time.increase(role("EQUITY_CONFIG").executionDelay - 10);
    const operation = await manager.hashOperation(holders.EQUITY_CONFIG, redemptionQueue, data);
    await expect(redemptionQueue.connect(holders.EQUITY_CONFIG).setToken(equity, LIMITS))
      .to.be.revertedWithCustomError(manager, "AccessManagerNotReady")
      .withArgs(operation);
  });

  it("pay a holder in pieUSD and burn the shares", async () => {
    const { redemptionQueue, equity, pieUSD, alice, holders } = await loadFixture(openFixture);
    await redemptionQueue.connect(alice).request(equity, 10n * SHARE, pieUSD, MIN, ZeroHash);
    const by = redemptionQueue.connect(holders.EQUITY_REDEEMER);
    await by.lock(1n);
    const supply = await equity.totalSupply();
    await expect(by.settle(1n, MIN, ZeroHash)).to.changeTokenBalances(
      pieUSD,
      [alice, holders.EQUITY_REDEEMER],
      [MIN, -MIN],
    );
    expect(await equity.totalSupply()).to.equal(supply - 10n * SHARE);
    expect(await equity.sharesOf(redemptionQueue)).to.equal(0n);
  });

  it("let an enforcer move a blocked requester's escrow after a day, and never by the token's own force", async () => {
    const suite = await loadFixture(openFixture);
    const { redemptionQueue, equity, pieUSD, alice, bob, holders } = suite;
    await redemptionQueue.connect(alice).request(equity, 10n * SHARE, pieUSD, MIN, ZeroHash);
    await block(suite, alice.address);
    const queue = await redemptionQueue.getAddress();
    await expect(
      asRole(
        suite,
        "EQUITY_ENFORCER",
        suite.equityAddress,
        equity.interface.encodeFunctionData("forcedTransfer", [queue, bob.address, SHARE]),
      ),
    )
      .to.be.revertedWithCustomError(equity, "EnforcementForbidden")
      .withArgs(queue);
    const data = redemptionQueue.interface.encodeFunctionData("seize", [1n, bob.address]);
    await expect(redemptionQueue.connect(holders.EQUITY_ENFORCER).seize(1n, bob))
      .to.be.revertedWithCustomError(suite.manager, "AccessManagerNotScheduled")
      .withArgs(await suite.manager.hashOperation(holders.EQUITY_ENFORCER, redemptionQueue, data));
    await call(suite, "EQUITY_ENFORCER", redemptionQueue, "seize", [1n, bob.address]);
    expect(await equity.sharesOf(bob)).to.equal(HELD + 10n * SHARE);
    expect((await redemptionQueue.requestOf(1n)).state).to.equal(STATE.Seized);
  });

  it("pay a dividend in pieUSD to accounts, wrapper and queue, whatever happens between snapshot and claim", async () => {
    const suite = await loadFixture(openFixture);
    const { redemptionQueue, dividendDistributor, equity, wrapper, pieUSD, alice, bob, carol, holders } = suite;
    await wrapper.connect(alice).deposit(300n * SHARE, alice);
    await redemptionQueue.connect(alice).request(equity, 100n * SHARE, pieUSD, MIN, ZeroHash);
    await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
    await redemptionQueue.connect(holders.EQUITY_REDEEMER).reject(1n, ZeroHash);
    await wrapper.connect(alice).redeem(300n * SHARE, alice, alice);
    await equity.connect(alice).transfer(bob, HELD);
    await dividendDistributor.connect(holders.EQUITY_CORP_ACTION).fund(equity, 1n, FUNDED, DOCUMENT);
    const before = await pieUSD.balanceOf(alice);
    await dividendDistributor.claimBatch(1n, [alice, bob, carol]);
    await dividendDistributor.claimWrapped(1n, alice);
    await dividendDistributor.claimRequest(1n, 1n);
    expect((await pieUSD.balanceOf(alice)) - before).to.be.within(1_000n * UNIT - 3n, 1_000n * UNIT);
    const { paid, funded } = await dividendDistributor.dividendOf(1n);
    expect(funded - paid).to.be.within(0n, 5n);
    expect(await pieUSD.balanceOf(dividendDistributor)).to.equal(funded - paid);
  });

  it("go past an account that pieUSD has frozen, whose part waits", async () => {
    const suite = await loadFixture(openFixture);
    const { dividendDistributor, equity, pieUSD, alice, bob, holders } = suite;
    await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
    await dividendDistributor.connect(holders.EQUITY_CORP_ACTION).fund(equity, 1n, FUNDED, DOCUMENT);
    await pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(alice);
    const part = await dividendDistributor.claimable(1n, alice);
    const sent = dividendDistributor.claimBatch(1n, [alice, bob]);
    await expect(sent).to.emit(dividendDistributor, "ClaimSkipped").withArgs(1n, alice.address, part);
    await expect(sent).to.changeTokenBalances(pieUSD, [alice, bob], [0n, part]);
    await call(suite, "PAYMENTS_UNFREEZER", pieUSD, "unfreeze", [alice.address]);
    await expect(dividendDistributor.claim(1n, alice)).to.changeTokenBalance(pieUSD, alice, part);
  });

  it("give what nobody claimed to the role's receiver after two years and two days", async () => {
    const suite = await loadFixture(openFixture);
    const { dividendDistributor, equity, pieUSD, alice, stranger, holders } = suite;
    await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
    await dividendDistributor.connect(holders.EQUITY_CORP_ACTION).fund(equity, 1n, FUNDED, DOCUMENT);
    await dividendDistributor.claim(1n, alice);
    await time.increase(730 * 86_400);
    const { paid } = await dividendDistributor.dividendOf(1n);
    await call(suite, "EQUITY_CONFIG", dividendDistributor, "reclaim", [1n, stranger.address]);
    expect(await pieUSD.balanceOf(stranger)).to.equal(FUNDED - paid);
    await expect(dividendDistributor.claim(1n, suite.bob))
      .to.be.revertedWithCustomError(dividendDistributor, "DividendIsClosed")
      .withArgs(1n);
  });
});
