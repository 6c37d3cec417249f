/** What holders sign: the shared suites of ERC-2612 and ERC-3009, transfers of shares, and what an attacker makes of them. */
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import {
  MaxUint256,
  TypedDataEncoder,
  ZeroAddress,
  ZeroHash,
  recoverAddress,
  toBeHex,
  type ContractTransactionResponse,
} from "ethers";
import hre from "hardhat";

import {
  buildSharesTransfer,
  equityDigest,
  equityDomain,
  sharesArguments,
  signEquity,
  type EquityMessages,
  type SharesAuthorization,
} from "../../sdk/equity/typedData";
import { toAmount } from "../../sdk/equity/rounding";
import { buildTransfer, randomNonce, transferArguments } from "../../sdk/payments/typedData";
import {
  HELD,
  KIND,
  PAUSE,
  SHARE,
  WAD,
  act,
  block,
  equityFixture,
  loadEquity,
  mint,
  scheduleAction,
  type EquityFixture,
} from "../fixtures/equity";
import { MULTIPLIER, MAX_SHARES, movesOf, setMultiplier } from "../fixtures/ledger";
import { PAYER_KINDS, eoaPayer, payersOfEveryKind, walletPayer, type Payer } from "../helpers/accounts";
import { shouldBehaveLikeERC2612, type ERC2612Context } from "../helpers/ERC2612.behavior";
import { shouldBehaveLikeERC3009, type ERC3009Context } from "../helpers/ERC3009.behavior";
import { compacted, flippedV, malleated, partsOf, resized, withV } from "../helpers/signatures";

const FUNDS = 100n * SHARE;

const TRANSFER = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
const RECEIVE = "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
const PERMIT = "permit(address,address,uint256,uint256,bytes)";
const CANCEL = "cancelAuthorization(address,bytes32,bytes)";

/** `HostileWallet.Answer`, of those that are no yes. */
const NOT_A_YES = { Refusal: 1, Revert: 2, Short: 3, Dirty: 4, BurnGas: 6, Write: 8 } as const;
/** Of those that are: plain, with a megabyte behind it, of which nothing is copied, and after much gas. */
const A_YES = [0, 5, 7];

/** A payer of each kind, with funds. */
async function signaturesFixture(): Promise<ERC2612Context & ERC3009Context & { suite: EquityFixture }> {
  const suite = await loadFixture(equityFixture);
  const payers = await payersOfEveryKind();
  for (const { address } of Object.values(payers)) await mint(suite, address, FUNDS);
  const { equity, equityAddress, chainId, alice, relayer, stranger, bob } = suite;
  return {
    suite,
    token: equity,
    domain: equityDomain(chainId, equityAddress),
    payers,
    funds: FUNDS,
    spender: bob,
    payee: alice,
    relayer,
    stranger,
    refusesItself: true,
  };
}

describe("EquityToken by signature", () => {
  shouldBehaveLikeERC2612(signaturesFixture);
  shouldBehaveLikeERC3009(signaturesFixture);
});

describe("EquityToken.transferSharesWithAuthorization", () => {
  let suite: EquityFixture;
  let ctx: Awaited<ReturnType<typeof signaturesFixture>>;
  let payer: Payer;

  beforeEach(async () => {
    ctx = await loadFixture(signaturesFixture);
    ({ suite } = ctx);
    payer = ctx.payers["an EOA"];
  });

  const fresh = async (changes: Partial<SharesAuthorization> = {}): Promise<SharesAuthorization> =>
    buildSharesTransfer({
      from: payer.address,
      to: suite.bob.address,
      shares: SHARE,
      validBefore: BigInt(await time.latest()) + 86_400n,
      ...changes,
    });

  const sign = async (message: SharesAuthorization, signer = payer.signer): Promise<string> =>
    (await signEquity(signer, ctx.domain, "TransferSharesWithAuthorization", message)).bytes;

  const submit = (
    message: SharesAuthorization,
    signature: string,
    caller = suite.relayer,
  ): Promise<ContractTransactionResponse> =>
    suite.equity.connect(caller).transferSharesWithAuthorization(...sharesArguments(message), signature);

  /** Reverts with this, moves nothing and leaves the nonce. */
  const refuses = async (
    message: SharesAuthorization,
    signature: string,
    error: string,
    ...args: unknown[]
  ): Promise<void> => {
    const { equity } = suite;
    const before = await equity.authorizationState(message.from, message.nonce);
    await expect(submit(message, signature))
      .to.be.revertedWithCustomError(equity, error)
      .withArgs(...args);
    expect(await equity.authorizationState(message.from, message.nonce)).to.equal(before);
  };

  for (const kind of PAYER_KINDS) {
    it(`moves the shares of ${kind}, spends the nonce, and does so once`, async () => {
      payer = ctx.payers[kind];
      const { equity, bob } = suite;
      const message = await fresh();
      const signature = await sign(message);
      await expect(submit(message, signature))
        .to.emit(equity, "AuthorizationUsed")
        .withArgs(payer.address, message.nonce);
      expect(await equity.sharesOf(payer.address)).to.equal(FUNDS - SHARE);
      expect(await equity.sharesOf(bob)).to.equal(HELD + SHARE);
      expect(await equity.authorizationState(payer.address, message.nonce)).to.equal(true);
      await refuses(message, signature, "AuthorizationUsedOrCanceled", payer.address, message.nonce);
    });

    it(`reverts for another's signature for ${kind}`, async () => {
      payer = ctx.payers[kind];
      const message = await fresh();
      await refuses(message, await sign(message, eoaPayer().signer), "InvalidSignature");
    });
  }

  it("is exact over a split that comes between signature and transaction", async () => {
    const { bob } = suite;
    const message = await fresh({ shares: 3n * SHARE, validBefore: MaxUint256 });
    const signature = await sign(message);
    await act(suite, { kind: KIND.Split, numerator: 7n, denominator: 1n });
    expect(await movesOf(suite, submit(message, signature))).to.deep.equal([
      { from: payer.address, to: bob.address, amount: 21n * SHARE, shares: 3n * SHARE },
    ]);
  });

  it("writes a matured multiplier first", async () => {
    const at = await scheduleAction(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
    const message = await fresh({ validBefore: MaxUint256 });
    const signature = await sign(message);
    await time.setNextBlockTimestamp(at);
    await expect(submit(message, signature))
      .to.emit(suite.equity, "MultiplierUpdated")
      .withArgs(WAD, 2n * WAD);
  });

  it("tells what the shares are worth, rounded down", async () => {
    const m = MULTIPLIER["1.234567890123456789"];
    await setMultiplier(suite, m);
    const message = await fresh({ shares: SHARE + 1n });
    const [move] = await movesOf(suite, submit(message, await sign(message)));
    expect(move).to.include({ amount: toAmount(SHARE + 1n, m), shares: SHARE + 1n });
  });

  it("moves nothing, with its nonce", async () => {
    const message = await fresh({ shares: 0n });
    const [move] = await movesOf(suite, submit(message, await sign(message)));
    expect(move).to.include({ amount: 0n, shares: 0n });
    expect(await suite.equity.authorizationState(message.from, message.nonce)).to.equal(true);
  });

  it("passes whoever sends it", async () => {
    for (const caller of [suite.stranger, suite.bob, suite.alice]) {
      const message = await fresh();
      await submit(message, await sign(message), caller);
      expect(await suite.equity.authorizationState(message.from, message.nonce)).to.equal(true);
    }
  });

  describe("outside of its window", () => {
    let now: bigint;

    beforeEach(async () => {
      now = BigInt(await time.latest()) + 100n;
    });

    for (const [name, offsets, error] of [
      ["validAfter is the block's time", { validAfter: 0n, validBefore: 10n }, "AuthorizationNotYetValid"],
      ["validAfter is later", { validAfter: 1n, validBefore: 10n }, "AuthorizationNotYetValid"],
      ["validBefore is the block's time", { validAfter: -10n, validBefore: 0n }, "AuthorizationExpired"],
      ["validBefore is earlier", { validAfter: -10n, validBefore: -1n }, "AuthorizationExpired"],
    ] as const) {
      it(`reverts where ${name}`, async () => {
        const message = await fresh({
          validAfter: now + offsets.validAfter,
          validBefore: now + offsets.validBefore,
        });
        const signature = await sign(message);
        await time.setNextBlockTimestamp(now);
        const bound = error === "AuthorizationExpired" ? message.validBefore : message.validAfter;
        await refuses(message, signature, error, bound);
      });
    }

    it("passes in a window of one second", async () => {
      const message = await fresh({ validAfter: now - 1n, validBefore: now + 1n });
      const signature = await sign(message);
      await time.setNextBlockTimestamp(now);
      await submit(message, signature);
      expect(await suite.equity.authorizationState(message.from, message.nonce)).to.equal(true);
    });
  });

  describe("with a signature over something else", () => {
    const tampered: Record<string, (message: SharesAuthorization) => Partial<SharesAuthorization>> = {
      from: () => ({ from: ctx.payers["an ERC-1271 wallet"].address }),
      to: () => ({ to: suite.stranger.address }),
      shares: ({ shares }) => ({ shares: shares + 1n }),
      validAfter: ({ validAfter }) => ({ validAfter: validAfter + 1n }),
      validBefore: ({ validBefore }) => ({ validBefore: validBefore + 1n }),
      nonce: () => ({ nonce: randomNonce() }),
    };
    for (const [field, change] of Object.entries(tampered)) {
      it(`reverts when ${field} is not what was signed`, async () => {
        const message = await fresh();
        await refuses({ ...message, ...change(message) }, await sign(message), "InvalidSignature");
      });
    }

    it("reverts for one over as great an amount, and an amount's for one over as many shares", async () => {
      const { equity, relayer } = suite;
      const { shares, ...rest } = await fresh();
      const [amount, message] = [
        { ...rest, value: shares },
        { ...rest, shares },
      ];
      for (const type of ["TransferWithAuthorization", "ReceiveWithAuthorization"] as const) {
        const { bytes } = await signEquity(payer.signer, ctx.domain, type, amount);
        await refuses(message, bytes, "InvalidSignature");
      }
      await expect(equity.connect(relayer)[TRANSFER](...transferArguments(amount), await sign(message)))
        .to.be.revertedWithCustomError(equity, "InvalidSignature")
        .withArgs();
    });

    for (const [what, change] of Object.entries({
      "another chain": { chainId: 1n },
      "another token": { verifyingContract: ZeroAddress },
      "another name": { name: "pieUSD" },
      "another version": { version: "2" },
    })) {
      it(`reverts for one over ${what}`, async () => {
        const message = await fresh();
        const domain = { ...ctx.domain, ...change };
        const { bytes } = await signEquity(payer.signer, domain, "TransferSharesWithAuthorization", message);
        await refuses(message, bytes, "InvalidSignature");
      });
    }

    for (const [what, bend] of Object.entries({
      "a high s": malleated,
      "a v of 0": (signature: string) => withV(signature, partsOf(signature).v - 27),
      "the other v": (signature: string) => withV(signature, flippedV(signature)),
      "the 64 bytes of ERC-2098": compacted,
      "no bytes": (signature: string) => resized(signature, 0),
      "a byte more": (signature: string) => resized(signature, 66),
    })) {
      it(`reverts for ${what}`, async () => {
        const message = await fresh();
        await refuses(message, bend(await sign(message)), "InvalidSignature");
      });
    }

    it("reverts from the zero address, whose key nobody has", async () => {
      const message = await fresh({ from: ZeroAddress, shares: 0n });
      await refuses(message, await sign(message), "InvalidSignature");
    });
  });

  describe("that the ledger refuses", () => {
    it("reverts beyond the shares, and beyond what a word holds", async () => {
      for (const shares of [FUNDS + 1n, MAX_SHARES, MAX_SHARES + 1n, MaxUint256]) {
        const message = await fresh({ shares });
        await refuses(message, await sign(message), "ERC20InsufficientBalance", payer.address, FUNDS, shares);
      }
    });

    it("reverts to nobody, to the token and to the wrapper", async () => {
      for (const to of [ZeroAddress, suite.equityAddress, suite.wrapperAddress]) {
        const message = await fresh({ to });
        await refuses(message, await sign(message), "ERC20InvalidReceiver", to);
      }
    });

    it("reverts while transfers are paused or halted, and for a blocked payer, and spends no nonce", async () => {
      const { equity, holders } = suite;
      const message = await fresh({ validBefore: MaxUint256 });
      const signature = await sign(message);
      const at = await scheduleAction(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n, haltMinutes: 1 });
      await time.increaseTo(at);
      await refuses(message, signature, "CorporateActionHalt", at);
      await time.increaseTo(at + 61);
      await block(suite, payer.address);
      await refuses(message, signature, "ERC7943CannotSend", payer.address);
      await equity.connect(holders.PAUSER).pause(PAUSE.TRANSFER);
      await refuses(message, signature, "TransferPaused");
    });
  });

  describe("nonces", () => {
    it("are one space with amounts, receipts and cancellations", async () => {
      const { equity, relayer, alice } = suite;
      const validBefore = MaxUint256;
      const spend: ((nonce: string) => Promise<unknown>)[] = [
        async (nonce) => {
          const message = await fresh({ nonce });
          await submit(message, await sign(message));
        },
        async (nonce) => {
          const message = buildTransfer({ from: payer.address, to: alice.address, value: 1n, validBefore, nonce });
          const { bytes } = await signEquity(payer.signer, ctx.domain, "TransferWithAuthorization", message);
          await equity.connect(relayer)[TRANSFER](...transferArguments(message), bytes);
        },
        async (nonce) => {
          const message = buildTransfer({ from: payer.address, to: alice.address, value: 1n, validBefore, nonce });
          const { bytes } = await signEquity(payer.signer, ctx.domain, "ReceiveWithAuthorization", message);
          await equity.connect(alice)[RECEIVE](...transferArguments(message), bytes);
        },
        async (nonce) => {
          const message = { authorizer: payer.address, nonce };
          const { bytes } = await signEquity(payer.signer, ctx.domain, "CancelAuthorization", message);
          await equity.connect(relayer)[CANCEL](payer.address, nonce, bytes);
        },
      ];
      for (const first of spend) {
        const nonce = randomNonce();
        await first(nonce);
        for (const second of spend)
          await expect(second(nonce))
            .to.be.revertedWithCustomError(equity, "AuthorizationUsedOrCanceled")
            .withArgs(payer.address, nonce);
      }
    });

    it("share a word by 256, and touch neither their neighbours nor the next word", async () => {
      const { equity } = suite;
      const at = (n: bigint): string => toBeHex(n, 32);
      const spent = [0n, 2n, 255n, 257n, MaxUint256];
      const unspent = [1n, 3n, 254n, 256n, 258n, 512n, MaxUint256 - 1n, MaxUint256 - 255n, 1n << 255n];
      for (const n of spent) {
        const message = await fresh({ nonce: at(n), shares: 1n });
        await submit(message, await sign(message));
      }
      for (const n of spent) expect(await equity.authorizationState(payer.address, at(n)), `${n}`).to.equal(true);
      for (const n of unspent) expect(await equity.authorizationState(payer.address, at(n)), `${n}`).to.equal(false);
      for (const n of spent)
        expect(await equity.authorizationState(ctx.payers["an ERC-1271 wallet"].address, at(n))).to.equal(false);
    });

    it("all 256 of a word are spent one by one", async () => {
      const { equity, relayer } = suite;
      for (let n = 0n; n < 256n; ++n) {
        const message = { authorizer: payer.address, nonce: toBeHex(512n + n, 32) };
        const { bytes } = await signEquity(payer.signer, ctx.domain, "CancelAuthorization", message);
        await equity.connect(relayer)[CANCEL](message.authorizer, message.nonce, bytes);
      }
      for (const [n, state] of [
        [511n, false],
        [512n, true],
        [640n, true],
        [767n, true],
        [768n, false],
      ] as const)
        expect(await equity.authorizationState(payer.address, toBeHex(n, 32))).to.equal(state);
    });

    it("of authorizations and of permits do not meet", async () => {
      const { equity } = suite;
      const message = await fresh({ nonce: ZeroHash });
      await submit(message, await sign(message));
      expect(await equity.nonces(payer.address)).to.equal(0n);
    });
  });
});

describe("EquityToken and what attackers sign", () => {
  let suite: EquityFixture;

  beforeEach(async () => {
    suite = await loadEquity();
  });

  const signed = async <T extends keyof EquityMessages>(type: T, message: EquityMessages[T], chainId = suite.chainId) =>
    (await signEquity(suite.alice, equityDomain(chainId, suite.equityAddress), type, message)).bytes;

  it("11: a permit that was front-run has set the allowance, and the second one fails", async () => {
    const { equity, alice, bob, stranger } = suite;
    const deadline = MaxUint256;
    const message = { owner: alice.address, spender: bob.address, value: SHARE, nonce: 0n, deadline };
    const signature = await signed("Permit", message);
    await equity.connect(stranger)[PERMIT](alice, bob, SHARE, deadline, signature);
    const signer = recoverAddress(
      equityDigest(equityDomain(suite.chainId, suite.equityAddress), "Permit", { ...message, nonce: 1n }),
      signature,
    );
    await expect(equity.connect(bob)[PERMIT](alice, bob, SHARE, deadline, signature))
      .to.be.revertedWithCustomError(equity, "ERC2612InvalidSigner")
      .withArgs(signer, alice.address);
    await equity.connect(bob).transferFrom(alice, bob, SHARE);
    expect(await equity.sharesOf(bob)).to.equal(HELD + SHARE);
  });

  it("4: a permit that is older than a reverse split sets an allowance of after it", async () => {
    // Its holder signed no epoch; a deadline bounds what it may still approve, and halts keep it from the split itself.
    const { equity, alice, bob } = suite;
    const deadline = MaxUint256;
    const message = { owner: alice.address, spender: bob.address, value: SHARE, nonce: 0n, deadline };
    const signature = await signed("Permit", message);
    await act(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 10n });
    await equity[PERMIT](alice, bob, SHARE, deadline, signature);
    expect(await equity.allowance(alice, bob)).to.equal(SHARE);
  });

  it("refuses a permit whose value does not fit, and keeps its nonce", async () => {
    const { equity, alice, bob } = suite;
    const value = MaxUint256 - 1n;
    const message = { owner: alice.address, spender: bob.address, value, nonce: 0n, deadline: MaxUint256 };
    await expect(equity[PERMIT](alice, bob, value, MaxUint256, await signed("Permit", message)))
      .to.be.revertedWithCustomError(equity, "AllowanceOverflow")
      .withArgs(value);
    expect(await equity.nonces(alice)).to.equal(0n);
  });

  it("13: a signature for one stock moves no other, of the same issue and holder", async () => {
    const { equity, tokenBeacon, alice, bob, chainId } = suite;
    const other = await hre.ethers.deployContract("BeaconProxy", [
      tokenBeacon,
      equity.interface.encodeFunctionData("initialize", [
        await suite.manager.getAddress(),
        {
          name: "Tesla xStock",
          symbol: "TSLAx",
          isin: toBeHex(0, 12),
          wrapper: suite.wrapperAddress,
          policy: 0,
          productClass: 0,
          countries: 0n,
        },
      ]),
    ]);
    const twin = await hre.ethers.getContractAt("EquityToken", await other.getAddress());
    expect(await twin.DOMAIN_SEPARATOR()).to.equal(
      TypedDataEncoder.hashDomain(equityDomain(chainId, await twin.getAddress())),
    );
    const message = buildTransfer({ from: alice.address, to: bob.address, value: 0n, validBefore: MaxUint256 });
    await expect(
      twin[TRANSFER](...transferArguments(message), await signed("TransferWithAuthorization", message)),
    ).to.be.revertedWithCustomError(twin, "InvalidSignature");
    await equity[TRANSFER](...transferArguments(message), await signed("TransferWithAuthorization", message));
    expect(await equity.authorizationState(alice, message.nonce)).to.equal(true);
  });

  describe("14: a wallet whose check misbehaves", () => {
    for (const [name, answer] of Object.entries(NOT_A_YES)) {
      it(`authorizes nothing where it answers ${name}`, async () => {
        const { equity, alice, bob, chainId, equityAddress } = suite;
        const wallet = await hre.ethers.deployContract("HostileWallet");
        const from = await wallet.getAddress();
        await equity.connect(alice).transfer(from, SHARE);
        await wallet.setAnswer(answer);
        const domain = equityDomain(chainId, equityAddress);
        const deadline = MaxUint256;
        const options = { gasLimit: 5_000_000n };

        const permit = { owner: from, spender: bob.address, value: 1n, nonce: 0n, deadline };
        const ofPermit = (await signEquity(alice, domain, "Permit", permit)).bytes;
        await expect(equity[PERMIT](from, bob, 1n, deadline, ofPermit, options))
          .to.be.revertedWithCustomError(equity, "ERC2612InvalidSigner")
          .withArgs(alice.address, from);

        const transfer = buildTransfer({ from, to: bob.address, value: 1n, validBefore: deadline });
        const ofTransfer = (await signEquity(alice, domain, "TransferWithAuthorization", transfer)).bytes;
        await expect(equity[TRANSFER](...transferArguments(transfer), ofTransfer, options))
          .to.be.revertedWithCustomError(equity, "InvalidSignature")
          .withArgs();

        const shares = buildSharesTransfer({ from, to: bob.address, shares: 1n, validBefore: deadline });
        const ofShares = (await signEquity(alice, domain, "TransferSharesWithAuthorization", shares)).bytes;
        await expect(equity.transferSharesWithAuthorization(...sharesArguments(shares), ofShares, options))
          .to.be.revertedWithCustomError(equity, "InvalidSignature")
          .withArgs();

        expect(await equity.sharesOf(from)).to.equal(SHARE);
        expect(await equity.nonces(from)).to.equal(0n);
      });
    }

    it("authorizes what it likes where it answers yes to everything, once for each nonce, and of its own alone", async () => {
      const { equity, alice, bob } = suite;
      const wallet = await hre.ethers.deployContract("HostileWallet");
      const from = await wallet.getAddress();
      await equity.connect(alice).transfer(from, SHARE);
      for (const answer of A_YES) {
        await wallet.setAnswer(answer);
        const message = buildTransfer({ from, to: bob.address, value: 1n, validBefore: MaxUint256 });
        await equity[TRANSFER](...transferArguments(message), "0x");
        await expect(equity[TRANSFER](...transferArguments(message), "0x"))
          .to.be.revertedWithCustomError(equity, "AuthorizationUsedOrCanceled")
          .withArgs(from, message.nonce);
      }
      expect(await equity.sharesOf(from)).to.equal(SHARE - BigInt(A_YES.length));
      expect(await equity.sharesOf(alice)).to.equal(HELD - SHARE);
    });

    it("authorizes nothing as one of the suite's own contracts", async () => {
      const { equity, bob, redemptionQueue, wrapper, complianceRegistry } = suite;
      for (const contract of [equity, redemptionQueue, wrapper, complianceRegistry]) {
        const from = await contract.getAddress();
        const message = buildTransfer({ from, to: bob.address, value: 0n, validBefore: MaxUint256 });
        await expect(
          equity[TRANSFER](...transferArguments(message), await signed("TransferWithAuthorization", message)),
        )
          .to.be.revertedWithCustomError(equity, "InvalidSignature")
          .withArgs();
      }
    });
  });

  it("12: nobody but its owner spends a nonce, of either kind", async () => {
    const { equity, alice, stranger } = suite;
    const nonce = randomNonce();
    const { bytes } = await signEquity(
      stranger,
      equityDomain(suite.chainId, suite.equityAddress),
      "CancelAuthorization",
      { authorizer: alice.address, nonce },
    );
    await expect(equity.connect(stranger)[CANCEL](alice, nonce, bytes))
      .to.be.revertedWithCustomError(equity, "InvalidSignature")
      .withArgs();
    expect(await equity.authorizationState(alice, nonce)).to.equal(false);
  });

  it("a wallet of which another is the owner approves by its owner's key, whoever sends it, blocked or not", async () => {
    const { equity, bob, relayer } = suite;
    const { address, signer } = await walletPayer();
    await block(suite, relayer.address);
    const message = { owner: address, spender: bob.address, value: 5n, nonce: 0n, deadline: MaxUint256 };
    const { bytes } = await signEquity(signer, equityDomain(suite.chainId, suite.equityAddress), "Permit", message);
    await equity.connect(relayer)[PERMIT](address, bob, 5n, MaxUint256, bytes);
    expect(await equity.allowance(address, bob)).to.equal(5n);
  });
});
