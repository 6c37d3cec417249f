import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import {
  MaxUint256,
  ZeroAddress,
  id,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
  type TypedDataDomain,
} from "ethers";

import { PIEUSD_TYPES } from "../../sdk/payments/typedData";
import {
  DAY,
  FLAGS,
  HELD,
  KIND,
  PAUSE,
  SHARE,
  act,
  block,
  call,
  equityFixture,
  loadEquity,
  mint,
  refresh,
  scheduleAction,
  setFlags,
  type EquityFixture,
} from "../fixtures/equity";

const MAX_SHARES = 2n ** 112n - 1n;
const FOREVER = 2n ** 40n;

const freeze = (
  { equity, holders }: EquityFixture,
  account: { address: string },
  amount: bigint,
): Promise<ContractTransactionResponse> =>
  equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(account.address, amount);

const seize = (suite: EquityFixture, from: string, to: string, amount: bigint): Promise<ContractTransactionResponse> =>
  call(suite, "EQUITY_ENFORCER", suite.equity, "forcedTransfer", [from, to, amount]);

const destroy = (suite: EquityFixture, from: string, amount: bigint): Promise<ContractTransactionResponse> =>
  call(suite, "EQUITY_ENFORCER", suite.equity, "forcedBurn", [from, amount]);

/** Names of the token's events, in their order. */
const eventsOf = async ({ equity, equityAddress }: EquityFixture, sent: ContractTransactionResponse) => {
  const receipt: ContractTransactionReceipt | null = await sent.wait();
  return (receipt?.logs ?? [])
    .filter((log) => log.address === equityAddress)
    .map((log) => equity.interface.parseLog(log)?.name);
};

const domainOf = ({ equityAddress, chainId }: EquityFixture): TypedDataDomain => ({
  name: "Tessera Equity",
  version: "1",
  chainId,
  verifyingContract: equityAddress,
});

/** The queue takes the stock, and alice's shares may be taken by it and by the wrapper. */
async function openFixture(): Promise<EquityFixture> {
  const suite = await loadFixture(equityFixture);
  const { equity, equityAddress, wrapper, redemptionQueue, alice } = suite;
  const limits = { accepted: true, minShares: 1n, maxOpenPerHolder: 10, cancelDelay: 0 };
  await call(suite, "EQUITY_CONFIG", redemptionQueue, "setToken", [equityAddress, limits]);
  await equity.connect(alice).approve(wrapper, MaxUint256);
  await equity.connect(alice).approve(redemptionQueue, MaxUint256);
  await refresh(suite.feed);
  return suite;
}

type Path = [name: string, send: (suite: EquityFixture, amount: bigint) => Promise<unknown>];

/** Every way in which alice's shares can leave her by her own will. At a multiplier of 1 amounts are shares. */
const PATHS: Path[] = [
  ["transfer", ({ equity, alice, bob }, amount) => equity.connect(alice).transfer(bob, amount)],
  ["transferShares", ({ equity, alice, bob }, amount) => equity.connect(alice).transferShares(bob, amount)],
  [
    "transferFrom",
    async ({ equity, alice, bob }, amount) => {
      await equity.connect(alice).approve(bob, MaxUint256);
      await equity.connect(bob).transferFrom(alice, bob, amount);
    },
  ],
  [
    "transferSharesFrom",
    async ({ equity, alice, bob }, amount) => {
      await equity.connect(alice).approve(bob, MaxUint256);
      await equity.connect(bob).transferSharesFrom(alice, bob, amount);
    },
  ],
  [
    "permit and transferFrom",
    async (suite, amount) => {
      const { equity, alice, bob } = suite;
      const message = {
        owner: alice.address,
        spender: bob.address,
        value: amount,
        nonce: await equity.nonces(alice),
        deadline: FOREVER,
      };
      const signature = await alice.signTypedData(domainOf(suite), { Permit: PIEUSD_TYPES.Permit }, message);
      await equity["permit(address,address,uint256,uint256,bytes)"](alice, bob, amount, FOREVER, signature);
      await equity.connect(bob).transferFrom(alice, bob, amount);
    },
  ],
  [
    "transferWithAuthorization",
    async (suite, value) => {
      const { equity, alice, bob, relayer } = suite;
      const message = {
        from: alice.address,
        to: bob.address,
        value,
        validAfter: 0n,
        validBefore: FOREVER,
        nonce: id(`3009 ${value}`),
      };
      const { TransferWithAuthorization } = PIEUSD_TYPES;
      const signature = await alice.signTypedData(domainOf(suite), { TransferWithAuthorization }, message);
      await equity
        .connect(relayer)
        ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
          alice,
          bob,
          value,
          0n,
          FOREVER,
          message.nonce,
          signature,
        );
    },
  ],
  [
    "transferSharesWithAuthorization",
    async (suite, shares) => {
      const { equity, alice, bob, relayer } = suite;
      const message = {
        from: alice.address,
        to: bob.address,
        shares,
        validAfter: 0n,
        validBefore: FOREVER,
        nonce: id(`shares ${shares}`),
      };
      const fields = PIEUSD_TYPES.TransferWithAuthorization.map((field) =>
        field.name === "value" ? { ...field, name: "shares" } : field,
      );
      const types = { TransferSharesWithAuthorization: fields };
      const signature = await alice.signTypedData(domainOf(suite), types, message);
      await equity
        .connect(relayer)
        .transferSharesWithAuthorization(alice, bob, shares, 0n, FOREVER, message.nonce, signature);
    },
  ],
  ["the wrapper's deposit", ({ wrapper, alice }, amount) => wrapper.connect(alice).deposit(amount, alice)],
  ["the wrapper's mint", ({ wrapper, alice }, amount) => wrapper.connect(alice).mint(amount, alice)],
  [
    "a request to redeem",
    ({ redemptionQueue, equityAddress, alice }, amount) =>
      redemptionQueue.connect(alice).request(equityAddress, amount, ZeroAddress, 0n, id("ref")),
  ],
];

describe("EquityToken: setFrozenTokens", () => {
  it("freezes a part, and says so; the rest moves", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await expect(freeze(suite, alice, 400n))
      .to.emit(equity, "Frozen")
      .withArgs(alice.address, 400n);
    expect(await equity.getFrozenTokens(alice)).to.equal(400n);
    expect(await equity.balanceOf(alice)).to.equal(HELD);
    expect(await equity.canTransfer(alice, bob, HELD - 400n)).to.equal(true);
    expect(await equity.canTransfer(alice, bob, HELD - 399n)).to.equal(false);
    expect(await equity.detectTransferRestriction(alice, bob, HELD - 399n)).to.equal(12n);
    await expect(equity.connect(alice).transfer(bob, HELD - 399n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, HELD - 399n, HELD - 400n);
    await equity.connect(alice).transfer(bob, HELD - 400n);
    expect(await equity.balanceOf(alice)).to.equal(400n);
  });

  it("sets, and does not add; to less it thaws, to nothing all", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, 400n);
    await freeze(suite, alice, 300n);
    expect(await equity.getFrozenTokens(alice)).to.equal(300n);
    await expect(freeze(suite, alice, 0n))
      .to.emit(equity, "Frozen")
      .withArgs(alice.address, 0n);
    await equity.connect(alice).transfer(bob, HELD);
  });

  it("freezes more than there is: what arrives is frozen too, up to it", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, HELD + 100n);
    expect(await equity.getFrozenTokens(alice)).to.equal(HELD + 100n);
    await expect(equity.connect(alice).transfer(bob, 1n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 1n, 0n);
    await equity.connect(bob).transfer(alice, 101n);
    await expect(equity.connect(alice).transfer(bob, 2n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 2n, 1n);
    await equity.connect(alice).transfer(bob, 1n);
  });

  it("freezes an account that has nothing yet", async () => {
    const suite = await loadEquity();
    const { equity, stranger, bob } = suite;
    await freeze(suite, stranger, 5n);
    await equity.connect(bob).transfer(stranger, 7n);
    await expect(equity.connect(stranger).transfer(bob, 3n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(stranger.address, 3n, 2n);
  });

  it("freezes all, by the greatest number, through whatever arrives and whatever splits", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await expect(freeze(suite, alice, MaxUint256))
      .to.emit(equity, "Frozen")
      .withArgs(alice.address, MaxUint256);
    expect(await equity.getFrozenTokens(alice)).to.equal(MaxUint256);
    await equity.connect(bob).transfer(alice, HELD);
    await act(suite, { kind: KIND.Split, numerator: 1_000n, denominator: 1n });
    expect(await equity.getFrozenTokens(alice)).to.equal(MaxUint256);
    await expect(equity.connect(alice).transferShares(bob, 1n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 1_000n, 0n);
    await equity.connect(alice).transfer(bob, 0n);
  });

  it("reverts between the greatest that fits and the greatest number, by the shares that it makes", async () => {
    const suite = await loadEquity();
    const { equity, alice } = suite;
    for (const amount of [MAX_SHARES, MAX_SHARES + 1n, 2n ** 192n - 1n, 2n ** 192n, MaxUint256 - 1n]) {
      await expect(freeze(suite, alice, amount))
        .to.be.revertedWithCustomError(equity, "FrozenTooLarge")
        .withArgs(amount);
    }
    await freeze(suite, alice, MAX_SHARES - 1n);
    expect(await equity.getFrozenTokens(alice)).to.equal(MAX_SHARES - 1n);
    await act(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
    await expect(freeze(suite, alice, 2n * MAX_SHARES - 1n))
      .to.be.revertedWithCustomError(equity, "FrozenTooLarge")
      .withArgs(2n * MAX_SHARES - 1n);
    await freeze(suite, alice, 2n * MAX_SHARES - 2n);
    expect(await equity.getFrozenTokens(alice)).to.equal(2n * MAX_SHARES - 2n);
  });

  it("scales with splits, both ways", async () => {
    const suite = await loadEquity();
    const { equity, alice } = suite;
    await freeze(suite, alice, 300n * SHARE);
    await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
    expect(await equity.getFrozenTokens(alice)).to.equal(900n * SHARE);
    await act(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 6n });
    expect(await equity.getFrozenTokens(alice)).to.equal(150n * SHARE);
  });

  it("rounds up to shares: at least the amount is frozen, and what is free is at most the rest", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
    await freeze(suite, alice, 1n);
    expect(await equity.getFrozenTokens(alice)).to.equal(3n);
    await expect(equity.connect(alice).transfer(bob, 3n * HELD - 2n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 3n * HELD - 2n, 3n * HELD - 3n);
    await equity.connect(alice).transfer(bob, 3n * HELD - 3n);
  });

  it("answers true, as ERC-7943 wants it", async () => {
    const { equity, holders, alice } = await loadEquity();
    expect(await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens.staticCall(alice, 1n)).to.equal(true);
  });

  it("is no stranger's, and not the enforcer's", async () => {
    const { equity, stranger, holders, alice } = await loadEquity();
    for (const caller of [stranger, alice, holders.EQUITY_ENFORCER, holders.EQUITY_SANCTIONS]) {
      await expect(equity.connect(caller).setFrozenTokens(alice, 0n))
        .to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
  });

  it("stops a part of the system too, and takes nothing of it", async () => {
    const suite = await loadFixture(openFixture);
    const { equity, wrapper, wrapperAddress, alice, holders } = suite;
    await wrapper.connect(alice).deposit(100n, alice);
    await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(wrapperAddress, MaxUint256);
    await expect(wrapper.connect(alice).redeem(100n, alice, alice))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(wrapperAddress, 100n, 0n);
    await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(wrapperAddress, 0n);
    await wrapper.connect(alice).redeem(100n, alice, alice);
  });

  describe("what is frozen moves by no path:", () => {
    for (const [name, send] of PATHS) {
      it(`${name} takes what is free, and no share more`, async () => {
        const suite = await loadFixture(openFixture);
        const { equity, alice } = suite;
        await freeze(suite, alice, HELD - 100n);
        await expect(send(suite, 101n))
          .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
          .withArgs(alice.address, 101n, 100n);
        await send(suite, 100n);
        expect(await equity.balanceOf(alice)).to.equal(HELD - 100n);
      });
    }
  });
});

describe("EquityToken: forcedTransfer", () => {
  it("takes of a blocked account, whatever is frozen of it, and says so", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await block(suite, alice.address);
    const sent = await seize(suite, alice.address, bob.address, 10n);
    await expect(sent).to.emit(equity, "ForcedTransfer").withArgs(alice.address, bob.address, 10n);
    await expect(sent).to.emit(equity, "Transfer").withArgs(alice.address, bob.address, 10n);
    await expect(sent).to.emit(equity, "TransferShares").withArgs(10n);
    expect(await eventsOf(suite, sent)).to.deep.equal(["ForcedTransfer", "Transfer", "TransferShares"]);
    expect(await equity.balanceOf(alice)).to.equal(HELD - 10n);
    expect(await equity.balanceOf(bob)).to.equal(HELD + 10n);
    await seize(suite, alice.address, bob.address, HELD - 10n);
    expect(await equity.balanceOf(alice)).to.equal(0n);
  });

  it("takes what is frozen, and no more, of an account that is not blocked", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, 100n);
    for (const amount of [101n, HELD]) {
      await expect(seize(suite, alice.address, bob.address, amount))
        .to.be.revertedWithCustomError(equity, "AccountNotSeizable")
        .withArgs(alice.address);
    }
    await seize(suite, alice.address, bob.address, 100n);
  });

  it("of an account that is neither blocked nor frozen takes nothing", async () => {
    const suite = await loadEquity();
    await expect(seize(suite, suite.alice.address, suite.bob.address, 1n))
      .to.be.revertedWithCustomError(suite.equity, "AccountNotSeizable")
      .withArgs(suite.alice.address);
    await setFlags(suite, suite.alice.address, FLAGS.NO_SEND | FLAGS.NO_RECEIVE);
    await expect(seize(suite, suite.alice.address, suite.bob.address, 2n))
      .to.be.revertedWithCustomError(suite.equity, "AccountNotSeizable")
      .withArgs(suite.alice.address);
  });

  it("says what stays frozen before it says what moved", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, HELD - 100n);
    const sent = await seize(suite, alice.address, bob.address, 300n);
    expect(await eventsOf(suite, sent)).to.deep.equal(["Frozen", "ForcedTransfer", "Transfer", "TransferShares"]);
    await expect(sent)
      .to.emit(equity, "Frozen")
      .withArgs(alice.address, HELD - 300n);
    expect(await equity.getFrozenTokens(alice)).to.equal(HELD - 300n);
    await expect(equity.connect(alice).transfer(bob, 1n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 1n, 0n);
  });

  it("takes of what is free first: it is silent of a freeze that it does not touch", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, 100n);
    const sent = await seize(suite, alice.address, bob.address, 100n);
    expect(await eventsOf(suite, sent)).to.deep.equal(["ForcedTransfer", "Transfer", "TransferShares"]);
    expect(await equity.getFrozenTokens(alice)).to.equal(100n);
    await block(suite, alice.address);
    const more = await seize(suite, alice.address, bob.address, HELD - 200n);
    expect(await eventsOf(suite, more)).to.deep.equal(["ForcedTransfer", "Transfer", "TransferShares"]);
    const last = await seize(suite, alice.address, bob.address, 60n);
    await expect(last).to.emit(equity, "Frozen").withArgs(alice.address, 40n);
  });

  it("leaves frozen what is frozen beyond the holding, for what is still to arrive", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, HELD + 500n);
    const sent = await seize(suite, alice.address, bob.address, HELD);
    await expect(sent).to.emit(equity, "Frozen").withArgs(alice.address, 500n);
    expect(await equity.getFrozenTokens(alice)).to.equal(500n);
    await equity.connect(bob).transfer(alice, 600n);
    await expect(equity.connect(alice).transfer(bob, 101n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 101n, 100n);
    // Nothing is taken, and nothing thawed.
    const nothing = await seize(suite, alice.address, bob.address, 0n);
    expect(await eventsOf(suite, nothing)).to.deep.equal(["ForcedTransfer", "Transfer", "TransferShares"]);
    expect(await equity.getFrozenTokens(alice)).to.equal(500n);
  });

  it("of nothing thaws nothing of an over-freeze", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, HELD + 500n);
    await seize(suite, alice.address, bob.address, 0n);
    expect(await equity.getFrozenTokens(alice)).to.equal(HELD + 500n);
  });

  it("leaves all frozen that was frozen as all", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, MaxUint256);
    const sent = await seize(suite, alice.address, bob.address, 400n);
    expect(await eventsOf(suite, sent)).to.deep.equal(["ForcedTransfer", "Transfer", "TransferShares"]);
    expect(await equity.getFrozenTokens(alice)).to.equal(MaxUint256);
  });

  it("takes an amount's shares rounded up, and freezes by shares through a split", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, 10n);
    await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
    const sent = await seize(suite, alice.address, bob.address, 28n);
    await expect(sent).to.emit(equity, "TransferShares").withArgs(10n);
    await expect(seize(suite, alice.address, bob.address, 31n))
      .to.be.revertedWithCustomError(equity, "AccountNotSeizable")
      .withArgs(alice.address);
  });

  it("reverts over the balance, whatever the number", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, MaxUint256);
    for (const amount of [HELD + 1n, 2n ** 192n - 1n, 2n ** 192n, MaxUint256]) {
      await expect(seize(suite, alice.address, bob.address, amount))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
        .withArgs(alice.address, HELD, amount);
    }
  });

  it("reverts of a part of the system, whose holdings are others'", async () => {
    const suite = await loadFixture(openFixture);
    const { equity, equityAddress, wrapper, wrapperAddress, redemptionQueue, alice, bob, holders } = suite;
    await wrapper.connect(alice).deposit(100n, alice);
    await redemptionQueue.connect(alice).request(equityAddress, 100n, ZeroAddress, 0n, id("ref"));
    for (const part of [wrapperAddress, await redemptionQueue.getAddress()]) {
      await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(part, MaxUint256);
      await expect(seize(suite, part, bob.address, 1n))
        .to.be.revertedWithCustomError(equity, "EnforcementForbidden")
        .withArgs(part);
      await expect(destroy(suite, part, 1n))
        .to.be.revertedWithCustomError(equity, "EnforcementForbidden")
        .withArgs(part);
    }
  });

  it("reverts to who may not receive", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, MaxUint256);
    for (const flag of [FLAGS.BLOCKED, FLAGS.NO_RECEIVE]) {
      await setFlags(suite, bob.address, FLAGS.BLOCKED | FLAGS.NO_RECEIVE, flag);
      await expect(seize(suite, alice.address, bob.address, flag))
        .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
        .withArgs(bob.address);
    }
    await setFlags(suite, bob.address, FLAGS.BLOCKED | FLAGS.NO_RECEIVE, 0n);
    await call(suite, "EQUITY_CONFIG", equity, "setPolicy", [1, 0, 0n]);
    await expect(seize(suite, alice.address, bob.address, 1n))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
      .withArgs(bob.address);
  });

  it("reverts to nobody and to the token", async () => {
    const suite = await loadEquity();
    await freeze(suite, suite.alice, MaxUint256);
    for (const to of [ZeroAddress, suite.equityAddress]) {
      await expect(seize(suite, suite.alice.address, to, 1n))
        .to.be.revertedWithCustomError(suite.equity, "ERC20InvalidReceiver")
        .withArgs(to);
    }
  });

  it("to the wrapper makes no units, and is swept from there", async () => {
    const suite = await loadFixture(openFixture);
    const { equity, wrapper, wrapperAddress, alice, bob } = suite;
    await wrapper.connect(alice).deposit(100n, alice);
    await freeze(suite, alice, MaxUint256);
    await seize(suite, alice.address, wrapperAddress, 50n);
    expect(await wrapper.totalSupply()).to.equal(100n);
    expect(await wrapper.convertToAssets(100n)).to.equal(100n);
    await call(suite, "EQUITY_CONFIG", wrapper, "sweep", [bob.address]);
    expect(await equity.balanceOf(bob)).to.equal(HELD + 50n);
    expect(await equity.sharesOf(wrapperAddress)).to.equal(100n);
  });

  it("to the account itself moves nothing", async () => {
    const suite = await loadEquity();
    const { equity, alice } = suite;
    await freeze(suite, alice, 100n);
    await seize(suite, alice.address, alice.address, 50n);
    expect(await equity.balanceOf(alice)).to.equal(HELD);
    expect(await equity.totalShares()).to.equal(3n * HELD);
  });

  it("answers true, as ERC-7943 wants it", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob, holders, manager, equityAddress } = suite;
    await block(suite, alice.address);
    for (const [name, args] of [
      ["forcedTransfer", [alice.address, bob.address, 1n]],
      ["forcedBurn", [alice.address, 1n]],
    ] as const) {
      const data = equity.interface.encodeFunctionData(name as "forcedBurn", args as [string, bigint]);
      await manager.connect(holders.EQUITY_ENFORCER).schedule(equityAddress, data, 0);
      await time.increase(DAY);
      const by = equity.connect(holders.EQUITY_ENFORCER);
      expect(
        name === "forcedBurn"
          ? await by.forcedBurn.staticCall(alice, 1n)
          : await by.forcedTransfer.staticCall(alice, bob, 1n),
      ).to.equal(true);
    }
  });

  it("and forcedBurn work while everything is paused and halted", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob, holders, manager, equityAddress } = suite;
    await block(suite, alice.address);
    await equity.connect(holders.PAUSER).pause(15n);
    const at = await scheduleAction(suite, {
      kind: KIND.Split,
      numerator: 2n,
      denominator: 1n,
      haltMinutes: 15,
      effectiveAt: (await time.latest()) + 2 * DAY,
    });
    const calls = [
      equity.interface.encodeFunctionData("forcedTransfer", [alice.address, bob.address, 5n]),
      equity.interface.encodeFunctionData("forcedBurn", [alice.address, 5n]),
    ];
    const enforcer = manager.connect(holders.EQUITY_ENFORCER);
    for (const data of calls) await enforcer.schedule(equityAddress, data, 0);
    await time.increaseTo(at - 60);
    expect(await equity.isHalted()).to.equal(true);
    for (const data of calls) await enforcer.execute(equityAddress, data);
    expect(await equity.balanceOf(alice)).to.equal(HELD - 10n);
  });

  it("and forcedBurn are no stranger's, and the enforcer's after a day", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob, stranger, holders } = suite;
    await block(suite, alice.address);
    for (const caller of [stranger, bob, holders.EQUITY_FREEZER, holders.EQUITY_SANCTIONS, holders.EQUITY_REDEEMER]) {
      for (const sent of [
        () => equity.connect(caller).forcedTransfer(alice, bob, 1n),
        () => equity.connect(caller).forcedBurn(alice, 1n),
      ]) {
        await expect(sent())
          .to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    }
    const enforcer = equity.connect(holders.EQUITY_ENFORCER);
    for (const sent of [() => enforcer.forcedTransfer(alice, bob, 1n), () => enforcer.forcedBurn(alice, 1n)]) {
      await expect(sent()).to.be.revertedWithCustomError(suite.manager, "AccessManagerNotScheduled");
    }
  });
});

describe("EquityToken: forcedBurn", () => {
  it("destroys tokens of a blocked account, and says so", async () => {
    const suite = await loadEquity();
    const { equity, alice } = suite;
    await block(suite, alice.address);
    await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
    const total = await equity.totalShares();
    const sent = await destroy(suite, alice.address, 10n);
    expect(await eventsOf(suite, sent)).to.deep.equal([
      "MultiplierUpdated",
      "ForcedBurn",
      "Transfer",
      "TransferShares",
    ]);
    await expect(sent).to.emit(equity, "ForcedBurn").withArgs(alice.address, 10n, 4n);
    await expect(sent).to.emit(equity, "Transfer").withArgs(alice.address, ZeroAddress, 10n);
    await expect(sent).to.emit(equity, "TransferShares").withArgs(4n);
    expect(await equity.totalShares()).to.equal(total - 4n);
    expect(await equity.sharesOf(alice)).to.equal(HELD - 4n);
  });

  it("destroys what is frozen, says first what stays so, and takes no more", async () => {
    const suite = await loadEquity();
    const { equity, alice } = suite;
    await freeze(suite, alice, HELD - 10n);
    await expect(destroy(suite, alice.address, HELD - 9n))
      .to.be.revertedWithCustomError(equity, "AccountNotSeizable")
      .withArgs(alice.address);
    const sent = await destroy(suite, alice.address, HELD - 10n);
    expect(await eventsOf(suite, sent)).to.deep.equal(["Frozen", "ForcedBurn", "Transfer", "TransferShares"]);
    await expect(sent).to.emit(equity, "Frozen").withArgs(alice.address, 10n);
  });

  it("reverts over the balance, and of an account that is neither blocked nor frozen", async () => {
    const suite = await loadEquity();
    const { equity, alice } = suite;
    await expect(destroy(suite, alice.address, 1n))
      .to.be.revertedWithCustomError(equity, "AccountNotSeizable")
      .withArgs(alice.address);
    for (const amount of [HELD + 1n, MaxUint256]) {
      await expect(destroy(suite, alice.address, amount))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
        .withArgs(alice.address, HELD, amount);
    }
  });
});

describe("EquityToken: pauses", () => {
  /** What each bit alone must stop, and nothing else. */
  const TABLE = [
    [PAUSE.TRANSFER, "transfers"],
    [PAUSE.MINT, "mints"],
    [PAUSE.BURN, "burns"],
    [PAUSE.BRIDGE, "neither of the three"],
  ] as const;

  for (const [bit, stopped] of TABLE) {
    it(`bit ${bit} alone stops ${stopped}`, async () => {
      const suite = await loadEquity();
      const { equity, alice, bob, holders } = suite;
      await equity.connect(alice).transfer(holders.EQUITY_REDEEMER, 10n);
      await expect(equity.connect(holders.PAUSER).pause(bit)).to.emit(equity, "PausesUpdated").withArgs(bit);
      expect(await equity.pauses()).to.equal(bit);
      const acts = [
        [PAUSE.TRANSFER, "TransferPaused", () => equity.connect(alice).transfer(bob, 1n)],
        [PAUSE.MINT, "MintPaused", () => mint(suite, bob.address, 1n)],
        [PAUSE.BURN, "BurnPaused", () => equity.connect(holders.EQUITY_REDEEMER).burn(1n)],
      ] as const;
      for (const [by, error, send] of acts) {
        if (by === bit) await expect(send()).to.be.revertedWithCustomError(equity, error).withArgs();
        else await send();
      }
      expect(await equity.canTransfer(alice, bob, 1n)).to.equal(bit !== PAUSE.TRANSFER);
      expect(await equity.detectTransferRestriction(alice, bob, 1n)).to.equal(bit === PAUSE.TRANSFER ? 1n : 0n);
      await expect(call(suite, "UNPAUSER", equity, "unpause", [bit]))
        .to.emit(equity, "PausesUpdated")
        .withArgs(0n);
      for (const [, , send] of acts) await send();
    });
  }

  it("pause sets bits beside those that are, unpause clears those that it names", async () => {
    const suite = await loadEquity();
    const { equity, holders } = suite;
    const pauser = equity.connect(holders.PAUSER);
    await pauser.pause(1n);
    await expect(pauser.pause(6n)).to.emit(equity, "PausesUpdated").withArgs(7n);
    await expect(pauser.pause(1n)).to.emit(equity, "PausesUpdated").withArgs(7n);
    await expect(call(suite, "UNPAUSER", equity, "unpause", [10n]))
      .to.emit(equity, "PausesUpdated")
      .withArgs(5n);
    expect(await equity.pauses()).to.equal(5n);
    await pauser.pause(15n);
    await call(suite, "UNPAUSER", equity, "unpause", [15n]);
    expect(await equity.pauses()).to.equal(0n);
  });

  it("revert for no bit, and for one that there is not", async () => {
    const suite = await loadEquity();
    const { equity, holders } = suite;
    for (const bits of [0n, 16n, 17n, MaxUint256]) {
      await expect(equity.connect(holders.PAUSER).pause(bits))
        .to.be.revertedWithCustomError(equity, "InvalidPauses")
        .withArgs(bits);
      await expect(call(suite, "UNPAUSER", equity, "unpause", [bits]))
        .to.be.revertedWithCustomError(equity, "InvalidPauses")
        .withArgs(bits);
    }
  });

  it("are no stranger's; who pauses does not resume, and who resumes waits a day", async () => {
    const { equity, manager, stranger, holders } = await loadEquity();
    await expect(equity.connect(stranger).pause(1n))
      .to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized")
      .withArgs(stranger.address);
    for (const caller of [stranger, holders.PAUSER]) {
      await expect(equity.connect(caller).unpause(1n))
        .to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
    await expect(equity.connect(holders.UNPAUSER).unpause(1n)).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotScheduled",
    );
  });

  it("keep multiplier, policy and snapshot as they are", async () => {
    const suite = await loadEquity();
    const { equity, holders } = suite;
    await act(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
    await call(suite, "EQUITY_CONFIG", equity, "setPolicy", [7, 0, 5n]);
    await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
    await equity.connect(holders.PAUSER).pause(15n);
    expect(await equity.multiplier()).to.equal(2n * SHARE);
    expect(await equity.policy()).to.deep.equal([7n, 0n, 5n]);
    expect(await equity.snapshotId()).to.equal(1n);
  });
});

describe("EquityToken: setPolicy", () => {
  it("sets policy, class and countries, at their limits too, and says so", async () => {
    const suite = await loadEquity();
    const { equity } = suite;
    for (const policy of [
      [15n, 63n, MaxUint256],
      [0n, 0n, 0n],
    ] as const) {
      await expect(call(suite, "EQUITY_CONFIG", equity, "setPolicy", policy))
        .to.emit(equity, "PolicyUpdated")
        .withArgs(...policy);
      expect(await equity.policy()).to.deep.equal(policy);
    }
  });

  it("reverts for bits and classes that there are not", async () => {
    const suite = await loadEquity();
    for (const [policy, productClass, field] of [
      [16, 0, "policy"],
      [255, 0, "policy"],
      [0, 64, "productClass"],
      [0, 255, "productClass"],
    ] as const) {
      await expect(call(suite, "EQUITY_CONFIG", suite.equity, "setPolicy", [policy, productClass, 0n]))
        .to.be.revertedWithCustomError(suite.equity, "InvalidConfig")
        .withArgs(field);
    }
  });

  it("is no stranger's, and waits two days", async () => {
    const { equity, manager, stranger, holders } = await loadEquity();
    for (const caller of [stranger, holders.EQUITY_KYC]) {
      await expect(equity.connect(caller).setPolicy(0, 0, 0n))
        .to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
    await expect(equity.connect(holders.EQUITY_CONFIG).setPolicy(0, 0, 0n)).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotScheduled",
    );
  });

  it("holds for transfers from then on, of sender and receiver", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob, complianceRegistry, holders } = suite;
    const verify = (account: string): Promise<unknown> =>
      complianceRegistry.connect(holders.EQUITY_KYC).setInvestor(account, FLAGS.KYC, FLAGS.KYC);
    await call(suite, "EQUITY_CONFIG", equity, "setPolicy", [3, 0, 0n]);
    await expect(equity.connect(alice).transfer(bob, 1n))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotSend")
      .withArgs(alice.address);
    await verify(alice.address);
    await expect(equity.connect(alice).transfer(bob, 1n))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
      .withArgs(bob.address);
    await verify(bob.address);
    await equity.connect(alice).transfer(bob, 1n);
  });
});

describe("EquityToken: attacks on enforcement", () => {
  it("unwrapping to evade a freeze: what arrives is frozen as what was there", async () => {
    const suite = await loadFixture(openFixture);
    const { equity, wrapper, alice, bob } = suite;
    await wrapper.connect(alice).deposit(100n, alice);
    await freeze(suite, alice, HELD);
    await wrapper.connect(alice).redeem(100n, alice, alice);
    await expect(equity.connect(alice).transfer(bob, 1n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 1n, 0n);
  });

  it("unwrapping frozen units to another account: they are frozen in the wrapper by themselves", async () => {
    const suite = await loadFixture(openFixture);
    const { wrapper, alice, bob, holders } = suite;
    await wrapper.connect(alice).deposit(100n, alice);
    await wrapper.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, 100n);
    await expect(wrapper.connect(alice).redeem(1n, bob, alice))
      .to.be.revertedWithCustomError(wrapper, "ERC4626ExceededMaxRedeem")
      .withArgs(alice.address, 1n, 0n);
    await expect(wrapper.connect(alice).transfer(bob, 1n))
      .to.be.revertedWithCustomError(wrapper, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 1n, 0n);
  });

  it("wrapping and redeeming to evade a block: neither goes in, neither comes out", async () => {
    const suite = await loadFixture(openFixture);
    const { equity, equityAddress, wrapper, redemptionQueue, alice, bob } = suite;
    await wrapper.connect(alice).deposit(100n, alice);
    await redemptionQueue.connect(alice).request(equityAddress, 100n, ZeroAddress, 0n, id("ref"));
    await block(suite, alice.address);
    for (const [, send] of PATHS.filter(([name]) => !name.startsWith("the wrapper"))) {
      await expect(send(suite, 1n)).to.be.revertedWithCustomError(equity, "ERC7943CannotSend").withArgs(alice.address);
    }
    await expect(wrapper.connect(alice).deposit(1n, bob))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotSend")
      .withArgs(alice.address);
    for (const to of [alice, bob]) {
      await expect(wrapper.connect(alice).redeem(1n, to, alice))
        .to.be.revertedWithCustomError(wrapper, "ERC4626ExceededMaxRedeem")
        .withArgs(alice.address, 1n, 0n);
    }
    await expect(redemptionQueue.connect(alice).cancel(1n))
      .to.be.revertedWithCustomError(redemptionQueue, "RequesterBlocked")
      .withArgs(alice.address);
  });

  it("a freeze evaded by a split, a reverse split or a fee: it is of shares", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await freeze(suite, alice, HELD);
    for (const action of [
      { kind: KIND.Split, numerator: 7n, denominator: 2n },
      { kind: KIND.ReverseSplit, numerator: 1n, denominator: 3n },
      { kind: KIND.Fee, numerator: 99n, denominator: 100n },
    ]) {
      await act(suite, action);
      await expect(equity.connect(alice).transferShares(bob, 1n)).to.be.revertedWithCustomError(
        equity,
        "ERC7943InsufficientUnfrozenBalance",
      );
      await expect(equity.connect(alice).transfer(bob, 1n)).to.be.revertedWithCustomError(
        equity,
        "ERC7943InsufficientUnfrozenBalance",
      );
    }
  });

  it("a freeze evaded by many small transfers: each rounds up against the sender", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
    await freeze(suite, alice, 3n * HELD - 6n); // two shares are free
    for (let i = 0; i < 2; i++) await equity.connect(alice).transfer(bob, 1n);
    await expect(equity.connect(alice).transfer(bob, 1n))
      .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
      .withArgs(alice.address, 1n, 0n);
  });

  it("an enforcer who would take of anybody: without a block or a freeze he takes nothing, and cannot make either", async () => {
    const suite = await loadEquity();
    const { equity, complianceRegistry, alice, holders } = suite;
    const enforcer = holders.EQUITY_ENFORCER;
    await expect(equity.connect(enforcer).setFrozenTokens(alice, MaxUint256))
      .to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized")
      .withArgs(enforcer.address);
    await expect(complianceRegistry.connect(enforcer).setRestrictions(alice, FLAGS.BLOCKED, FLAGS.BLOCKED))
      .to.be.revertedWithCustomError(complianceRegistry, "AccessManagedUnauthorized")
      .withArgs(enforcer.address);
    await expect(seize(suite, alice.address, enforcer.address, HELD))
      .to.be.revertedWithCustomError(equity, "AccountNotSeizable")
      .withArgs(alice.address);
  });

  it("a freeze of a little used to take all", async () => {
    const suite = await loadEquity();
    await freeze(suite, suite.alice, 1n);
    await expect(seize(suite, suite.alice.address, suite.bob.address, 2n))
      .to.be.revertedWithCustomError(suite.equity, "AccountNotSeizable")
      .withArgs(suite.alice.address);
  });
});
