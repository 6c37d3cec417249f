/** The registry as the real modules deploy it: its roles and their delays, and every door that a blocked account tries. */
import { time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash, id } from "ethers";
import hre from "hardhat";

import { role, type RoleName } from "../../deploy/roles";
import { ROLE_MASKS, Restriction, describeRestriction, packInvestor } from "../../sdk/equity/compliance";
import { FLAGS, SHARE, block, call, loadEquity, mint, refresh, setFlags, type EquityFixture } from "../fixtures/equity";
import { impersonated } from "../helpers/accounts";
import { schedule } from "../helpers/authority";

/** What is signed before a block, and sent after it. */
const signTransfer = async (
  { equity, equityAddress, chainId }: EquityFixture,
  from: HardhatEthersSigner,
  to: string,
  value: bigint,
): Promise<string> => {
  const { name, version } = await equity.eip712Domain();
  const field = (type: string, field: string): { type: string; name: string } => ({ type, name: field });
  return from.signTypedData(
    { name, version, chainId, verifyingContract: equityAddress },
    {
      TransferWithAuthorization: [
        field("address", "from"),
        field("address", "to"),
        field("uint256", "value"),
        field("uint256", "validAfter"),
        field("uint256", "validBefore"),
        field("bytes32", "nonce"),
      ],
    },
    { from: from.address, to, value, validAfter: 0n, validBefore: MaxUint256, nonce: ZeroHash },
  );
};

describe("ComplianceRegistry, deployed", () => {
  describe("roles", () => {
    it("act at once for blocks and KYC, after two days for parts of the system and the list", async () => {
      const suite = await loadEquity();
      const { complianceRegistry: registry, holders, alice } = suite;
      const target = await registry.getAddress();
      const list = await hre.ethers.deployContract("MockSanctionsList");
      const { interface: abi } = registry;
      await registry.connect(holders.EQUITY_SANCTIONS).setRestrictions(alice, FLAGS.NO_SEND, FLAGS.NO_SEND);
      await registry.connect(holders.EQUITY_KYC).setInvestor(alice, FLAGS.KYC, FLAGS.KYC);
      await registry.connect(holders.EQUITY_KYC).setInvestors([alice], FLAGS.KYC, [0n]);
      for (const [name, data] of [
        ["EQUITY_REGISTRAR", abi.encodeFunctionData("setSystem", [alice.address, FLAGS.SYSTEM, FLAGS.SYSTEM])],
        ["EQUITY_CONFIG", abi.encodeFunctionData("setSanctionsList", [await list.getAddress()])],
      ] as const) {
        expect(role(name).executionDelay).to.equal(2 * 86_400);
        const operation = await suite.manager.hashOperation(holders[name], target, data);
        const send = (): Promise<unknown> => holders[name].sendTransaction({ to: target, data });
        await expect(send())
          .to.be.revertedWithCustomError(suite.manager, "AccessManagerNotScheduled")
          .withArgs(operation);
        await schedule(suite, name, target, data);
        await expect(send()).to.be.revertedWithCustomError(suite.manager, "AccessManagerNotReady").withArgs(operation);
        await time.increase(role(name).executionDelay);
        await send();
      }
      expect(await registry.accountOf(alice)).to.equal(FLAGS.NO_SEND | FLAGS.SYSTEM);
      expect(await registry.sanctionsList()).to.equal(await list.getAddress());
    });

    it("belong to their holders alone: not to strangers, other roles or the deployer", async () => {
      const { complianceRegistry: registry, holders, deployer, stranger, alice } = await loadEquity();
      const everybody = [deployer, stranger, ...Object.values(holders)];
      const attempts: [RoleName, (caller: HardhatEthersSigner) => Promise<unknown>][] = [
        ["EQUITY_SANCTIONS", (c) => registry.connect(c).setRestrictions(alice, FLAGS.BLOCKED, FLAGS.BLOCKED)],
        ["EQUITY_KYC", (c) => registry.connect(c).setInvestor(alice, FLAGS.KYC, FLAGS.KYC)],
        ["EQUITY_KYC", (c) => registry.connect(c).setInvestors([alice], FLAGS.KYC, [FLAGS.KYC])],
        ["EQUITY_REGISTRAR", (c) => registry.connect(c).setSystem(alice, FLAGS.SYSTEM, FLAGS.SYSTEM)],
        ["EQUITY_CONFIG", (c) => registry.connect(c).setSanctionsList(ZeroAddress)],
      ];
      for (const [name, attempt] of attempts)
        for (const caller of everybody.filter((account) => account.address !== holders[name].address))
          await expect(attempt(caller))
            .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
            .withArgs(caller.address);
      expect(await registry.accountOf(alice)).to.equal(0n);
    });

    it("have the wrapper as a wrapper and the queue as a part of the system, which no list can block", async () => {
      const suite = await loadEquity();
      const { complianceRegistry: registry, wrapperAddress, redemptionQueue } = suite;
      const queue = await redemptionQueue.getAddress();
      expect(await registry.accountOf(wrapperAddress)).to.equal(packInvestor({ system: true, wrapper: true }));
      expect(await registry.accountOf(queue)).to.equal(packInvestor({ system: true }));
      const list = await hre.ethers.deployContract("MockSanctionsList");
      await list.addToSanctionsList([wrapperAddress, queue]);
      await call(suite, "EQUITY_CONFIG", registry, "setSanctionsList", [await list.getAddress()]);
      for (const account of [wrapperAddress, queue])
        await expect(registry.syncSanction(account))
          .to.be.revertedWithCustomError(registry, "SystemAccount")
          .withArgs(account);
    });
  });

  describe("attacks", () => {
    it("15: a blocked account finds every door of token and wrapper shut, whatever it prepared before", async () => {
      const suite = await loadEquity();
      const { equity, wrapper, wrapperAddress, alice, bob, carol, relayer } = suite;
      // Prepared: units, allowances both ways, and a signed transfer.
      await equity.connect(alice).approve(wrapper, MaxUint256);
      await equity.connect(bob).approve(wrapper, MaxUint256);
      await wrapper.connect(alice).deposit(100n * SHARE, alice);
      await wrapper.connect(bob).deposit(100n * SHARE, bob);
      for (const contract of [equity, wrapper]) {
        await contract.connect(alice).approve(bob, MaxUint256);
        await contract.connect(bob).approve(alice, MaxUint256);
      }
      const signature = await signTransfer(suite, alice, bob.address, SHARE);
      const send = (from: HardhatEthersSigner, signed: string): Promise<unknown> =>
        equity
          .connect(relayer)
          ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
            from,
            bob,
            SHARE,
            0n,
            MaxUint256,
            ZeroHash,
            signed,
          );
      const before = [await equity.sharesOf(alice), await wrapper.balanceOf(alice), await equity.totalShares()];
      await block(suite, alice.address);

      const refused: [string, string, string, () => Promise<unknown>][] = [
        ["transfer", "CannotSend", alice.address, () => equity.connect(alice).transfer(bob, SHARE)],
        ["nothing", "CannotSend", alice.address, () => equity.connect(alice).transfer(bob, 0n)],
        ["to itself", "CannotSend", alice.address, () => equity.connect(alice).transfer(alice, SHARE)],
        ["shares", "CannotSend", alice.address, () => equity.connect(alice).transferShares(bob, SHARE)],
        ["by allowance", "CannotSend", alice.address, () => equity.connect(bob).transferFrom(alice, bob, SHARE)],
        ["shares, too", "CannotSend", alice.address, () => equity.connect(bob).transferSharesFrom(alice, bob, 1n)],
        ["signed before", "CannotSend", alice.address, () => send(alice, signature)],
        ["of others'", "CannotSend", alice.address, () => equity.connect(alice).transferFrom(bob, carol, SHARE)],
        ["fetching", "CannotReceive", alice.address, () => equity.connect(alice).transferFrom(bob, alice, SHARE)],
        ["receiving", "CannotReceive", alice.address, () => equity.connect(bob).transfer(alice, SHARE)],
        ["minted to", "CannotReceive", alice.address, () => mint(suite, alice.address, SHARE)],
        ["units", "CannotSend", alice.address, () => wrapper.connect(alice).transfer(bob, 1n)],
        ["units by allowance", "CannotSend", alice.address, () => wrapper.connect(bob).transferFrom(alice, bob, 1n)],
        ["others' units", "CannotSend", alice.address, () => wrapper.connect(alice).transferFrom(bob, carol, 1n)],
        ["units received", "CannotReceive", alice.address, () => wrapper.connect(bob).transfer(alice, 1n)],
        ["stock for units", "CannotReceive", alice.address, () => wrapper.connect(bob).redeem(1n, alice, bob)],
        ["deposit for another", "CannotSend", alice.address, () => wrapper.connect(alice).deposit(SHARE, bob)],
        ["others' units redeemed", "CannotSend", alice.address, () => wrapper.connect(alice).redeem(1n, carol, bob)],
      ];
      for (const [what, error, account, attempt] of refused)
        await expect(attempt(), what).to.be.revertedWithCustomError(equity, `ERC7943${error}`).withArgs(account);
      for (const [what, error, args, attempt] of [
        [
          "deposit",
          "ERC4626ExceededMaxDeposit",
          [alice.address, SHARE, 0n],
          () => wrapper.connect(alice).deposit(SHARE, alice),
        ],
        [
          "deposit by another",
          "ERC4626ExceededMaxMint",
          [alice.address, 1n, 0n],
          () => wrapper.connect(bob).mint(1n, alice),
        ],
        [
          "redeem",
          "ERC4626ExceededMaxRedeem",
          [alice.address, 1n, 0n],
          () => wrapper.connect(alice).redeem(1n, bob, alice),
        ],
        [
          "withdraw by another",
          "ERC4626ExceededMaxWithdraw",
          [alice.address, 1n, 0n],
          () => wrapper.connect(bob).withdraw(1n, bob, alice),
        ],
      ] as const)
        await expect(attempt(), what)
          .to.be.revertedWithCustomError(wrapper, error)
          .withArgs(...args);
      expect([await equity.sharesOf(alice), await wrapper.balanceOf(alice), await equity.totalShares()]).to.deep.equal(
        before,
      );
      expect(await wrapper.totalSupply()).to.equal(await equity.sharesOf(wrapperAddress));
      // The same doors, once the block is lifted.
      await setFlags(suite, alice.address, FLAGS.BLOCKED, 0n);
      await send(alice, signature);
      await equity.connect(alice).transfer(bob, SHARE);
      await wrapper.connect(alice).redeem(1n, alice, alice);
    });

    it("15: who is frozen over all that it has before the block is mined can move nothing in between", async () => {
      const suite = await loadEquity();
      const { equity, holders, alice, bob } = suite;
      await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, MaxUint256);
      await expect(equity.connect(alice).transfer(bob, 1n))
        .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(alice.address, 1n, 0n);
      await block(suite, alice.address);
      await equity.connect(bob).transfer(suite.carol, 1n);
    });

    it("16: the KYC vendor's key cannot open them, and what it writes is no block's end", async () => {
      const suite = await loadEquity();
      const { complianceRegistry: registry, equity, holders, alice, bob } = suite;
      await block(suite, alice.address);
      const vendor = registry.connect(holders.EQUITY_KYC);
      for (const mask of [FLAGS.BLOCKED, FLAGS.SYSTEM, FLAGS.BLOCKED | FLAGS.KYC, MaxUint256])
        await expect(vendor.setInvestor(alice, mask, 0n))
          .to.be.revertedWithCustomError(registry, "MaskForbidden")
          .withArgs(mask, ROLE_MASKS.investor);
      await vendor.setInvestor(alice, ROLE_MASKS.investor, ROLE_MASKS.investor);
      await expect(equity.connect(alice).transfer(bob, SHARE))
        .to.be.revertedWithCustomError(equity, "ERC7943CannotSend")
        .withArgs(alice.address);
    });

    it("nobody sends to the wrapper past its own deposit, not even by its holder's allowance", async () => {
      const suite = await loadEquity();
      const { equity, wrapper, wrapperAddress, alice, bob, feed } = suite;
      await equity.connect(alice).approve(bob, MaxUint256);
      await refresh(feed);
      for (const attempt of [
        () => equity.connect(alice).transfer(wrapper, SHARE),
        () => equity.connect(alice).transferShares(wrapper, SHARE),
        () => equity.connect(bob).transferFrom(alice, wrapper, SHARE),
        () => equity.connect(suite.holders.EQUITY_MINTER).mint(wrapper, SHARE, id("to the wrapper")),
      ])
        await expect(attempt()).to.be.revertedWithCustomError(equity, "ERC20InvalidReceiver").withArgs(wrapperAddress);
      expect(await equity.detectTransferRestriction(alice, wrapper, SHARE)).to.equal(Restriction.ReceiverWrapper);
      expect(await equity.messageForTransferRestriction(Restriction.ReceiverWrapper)).to.equal(
        describeRestriction(Restriction.ReceiverWrapper),
      );
      // The wrapper itself may fetch, and so may be asked about.
      const asWrapper = await impersonated(wrapperAddress);
      await equity.connect(alice).approve(wrapper, SHARE);
      await equity.connect(asWrapper).transferSharesFrom(alice, wrapper, SHARE);
      expect(await equity.canReceive(wrapper)).to.equal(true);
    });
  });
});
