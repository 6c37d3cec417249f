import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, type ContractTransactionResponse, type Signer } from "ethers";
import hre from "hardhat";

import { randomNonce, signPieUSD, transferArguments, type TransferAuthorization } from "../../sdk/payments/typedData";
import { PieUSD__factory, type HostileWallet, type IPieUSD } from "../../typechain-types";
import { UNIT, suiteFixture, type SuiteFixture } from "../fixtures/suite";
import { PAYER_KINDS, eoaPayer, payersOfEveryKind, type Payer, type PayerKind } from "../helpers/accounts";
import { asRole } from "../helpers/authority";
import { NOBODYS_SIGNATURE, compacted, malleated, resized, withV } from "../helpers/signatures";

type Element = IPieUSD.TransferAuthorizationStruct & TransferAuthorization & { signature: string };

interface BatchFixture extends SuiteFixture {
  payers: Record<PayerKind, Payer>;
  hostile: HostileWallet;
  hostileAddress: string;
}

const FUNDS = 100n * UNIT;
const VALUE = 7n;

async function batchFixture(): Promise<BatchFixture> {
  const suite = await loadFixture(suiteFixture);
  const payers = await payersOfEveryKind();
  const hostile = await hre.ethers.deployContract("HostileWallet");
  const hostileAddress = await hostile.getAddress();
  for (const address of [...Object.values(payers).map((p) => p.address), hostileAddress]) {
    await suite.pieUSD.connect(suite.carol).transfer(address, FUNDS);
  }
  return { ...suite, payers, hostile, hostileAddress };
}

/** What `AuthorizationSkipped` reports for an error. */
const selectorOf = (error: string): string => {
  const fragment = PieUSD__factory.createInterface().getError(error);
  if (fragment === null) throw new Error(`pieUSD has no error ${error}`);
  return fragment.selector;
};

describe("PieUSD.batchTransferWithAuthorization", () => {
  let ctx: BatchFixture;
  let eoa: Payer;

  beforeEach(async () => {
    ctx = await loadFixture(batchFixture);
    eoa = ctx.payers["an EOA"];
  });

  /** An element that settles, unless `changes` or `bend` spoil it. Signed as it is sent. */
  const element = async (
    changes: Partial<TransferAuthorization> = {},
    signer: Pick<Signer, "signTypedData"> = eoa.signer,
    bend: (signature: string) => string = (signature) => signature,
  ): Promise<Element> => {
    const message: TransferAuthorization = {
      from: eoa.address,
      to: ctx.bob.address,
      value: VALUE,
      validAfter: 0n,
      validBefore: BigInt(await time.latest()) + 86_400n,
      nonce: randomNonce(),
      ...changes,
    };
    const { bytes } = await signPieUSD(signer, ctx.domain, "TransferWithAuthorization", message);
    return { ...message, signature: bend(bytes) };
  };

  const of = async (payer: Payer, changes: Partial<TransferAuthorization> = {}): Promise<Element> =>
    element({ from: payer.address, ...changes }, payer.signer);

  const single = async (e: Element): Promise<ContractTransactionResponse> =>
    ctx.pieUSD
      .connect(ctx.relayer)
      ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
        ...transferArguments(e),
        e.signature,
      );

  const batch = async (elements: Element[]): Promise<ContractTransactionResponse> =>
    ctx.pieUSD.connect(ctx.relayer).batchTransferWithAuthorization(elements);

  const answer = async (elements: Element[]): Promise<bigint> =>
    ctx.pieUSD.connect(ctx.relayer).batchTransferWithAuthorization.staticCall(elements);

  const isSpent = async (e: Element): Promise<boolean> => ctx.pieUSD.authorizationState(e.from, e.nonce);

  const freeze = async (account: string): Promise<unknown> =>
    asRole(ctx, "PAYMENTS_FREEZER", ctx.token, ctx.pieUSD.interface.encodeFunctionData("freeze", [account]));

  const fund = async (account: string): Promise<unknown> => ctx.pieUSD.connect(ctx.carol).transfer(account, FUNDS);

  /** Sends the elements and expects each to be settled, or skipped for the error that stands at its place. */
  const settles = async (elements: Element[], errors: (string | undefined)[]): Promise<void> => {
    const expected = errors.reduce((bits, error, i) => (error === undefined ? bits | (1n << BigInt(i)) : bits), 0n);
    expect(await answer(elements)).to.equal(expected);
    const receipt = (await (await batch(elements)).wait())!;
    const outcomes = receipt.logs
      .map((log) => ctx.pieUSD.interface.parseLog(log)!)
      .filter(({ name }) => name !== "Transfer")
      .map(({ name, args }) => [name, ...(args.toArray() as unknown[])]);
    expect(outcomes).to.deep.equal(
      elements.map(({ from, nonce }, i) => {
        const error = errors[i];
        return error === undefined
          ? ["AuthorizationUsed", from, nonce]
          : ["AuthorizationSkipped", from, nonce, selectorOf(error)];
      }),
    );
    const transfers = receipt.logs
      .map((log) => ctx.pieUSD.interface.parseLog(log)!)
      .filter(({ name }) => name === "Transfer")
      .map(({ args }) => args.toArray() as unknown[]);
    expect(transfers).to.deep.equal(
      elements.filter((_, i) => errors[i] === undefined).map(({ from, to, value }) => [from, to, value]),
    );
  };

  describe("with nothing in it", () => {
    it("settles nothing and emits nothing", async () => {
      expect(await answer([])).to.equal(0n);
      expect((await (await batch([])).wait())!.logs).to.deep.equal([]);
    });
  });

  describe("with good elements alone", () => {
    it("settles payers of every kind, in their order", async () => {
      const elements = await Promise.all(PAYER_KINDS.map((kind) => of(ctx.payers[kind])));
      await settles(elements, [undefined, undefined, undefined, undefined]);
      for (const e of elements) {
        expect(await isSpent(e)).to.equal(true);
        expect(await ctx.pieUSD.balanceOf(e.from)).to.equal(FUNDS - VALUE);
      }
    });

    it("emits what the single call emits, for each", async () => {
      const elements = [await element(), await element({ value: 0n })];
      for (const { from, to, value, nonce } of elements) {
        const tx = batch(elements);
        await expect(tx)
          .to.emit(ctx.pieUSD, "AuthorizationUsed")
          .withArgs(from, nonce)
          .and.to.emit(ctx.pieUSD, "Transfer")
          .withArgs(from, to, value);
        ctx = await loadFixture(batchFixture);
      }
    });

    it("leaves the supply as it is", async () => {
      const supply = await ctx.pieUSD.totalSupply();
      await batch([await element(), await element()]);
      expect(await ctx.pieUSD.totalSupply()).to.equal(supply);
    });

    it("settles an element out of what an earlier one brought", async () => {
      const poor = eoaPayer();
      await settles([await element({ to: poor.address }), await of(poor)], [undefined, undefined]);
      expect(await ctx.pieUSD.balanceOf(poor.address)).to.equal(0n);
    });

    it("skips an element that comes before the one that would fund it", async () => {
      const poor = eoaPayer();
      await settles([await of(poor), await element({ to: poor.address })], ["ERC20InsufficientBalance", undefined]);
      expect(await ctx.pieUSD.balanceOf(poor.address)).to.equal(VALUE);
    });

    it("leaves the balance of a payer that pays itself", async () => {
      await settles([await element({ to: eoa.address, value: FUNDS })], [undefined]);
      expect(await ctx.pieUSD.balanceOf(eoa.address)).to.equal(FUNDS);
    });

    it("settles whoever sends it", async () => {
      const e = await element();
      await ctx.pieUSD.connect(ctx.stranger).batchTransferWithAuthorization([e]);
      expect(await isSpent(e)).to.equal(true);
    });
  });

  /** Each fault alone, and each next to the one that is checked after it: the order is part of the promise. */
  const FAULTS: Record<string, { error: string; args?: (e: Element) => unknown[]; make: () => Promise<Element> }> = {
    "validAfter in the future": {
      error: "AuthorizationNotYetValid",
      args: ({ validAfter }) => [validAfter],
      make: async () => element({ validAfter: BigInt(await time.latest()) + 864_000n }),
    },
    "validBefore in the past": {
      error: "AuthorizationExpired",
      args: ({ validBefore }) => [validBefore],
      make: async () => element({ validBefore: BigInt(await time.latest()) }),
    },
    "a nonce that was used": {
      error: "AuthorizationUsedOrCanceled",
      args: ({ from, nonce }) => [from, nonce],
      make: async () => {
        const e = await element();
        await single(e);
        return e;
      },
    },
    "a nonce that was cancelled": {
      error: "AuthorizationUsedOrCanceled",
      args: ({ from, nonce }) => [from, nonce],
      make: async () => {
        const e = await element();
        const { bytes } = await signPieUSD(eoa.signer, ctx.domain, "CancelAuthorization", {
          authorizer: e.from,
          nonce: e.nonce,
        });
        await ctx.pieUSD["cancelAuthorization(address,bytes32,bytes)"](e.from, e.nonce, bytes);
        return e;
      },
    },
    "another's signature": {
      error: "InvalidSignature",
      make: () => element({}, eoaPayer().signer),
    },
    "a signature meant for receiveWithAuthorization": {
      error: "InvalidSignature",
      make: async () => {
        const e = await element();
        const { bytes } = await signPieUSD(eoa.signer, ctx.domain, "ReceiveWithAuthorization", e);
        return { ...e, signature: bytes };
      },
    },
    "a value that was not signed": {
      error: "InvalidSignature",
      make: async () => ({ ...(await element()), value: VALUE + 1n }),
    },
    "a high s": { error: "InvalidSignature", make: () => element({}, eoa.signer, malleated) },
    "a v of 0": { error: "InvalidSignature", make: () => element({}, eoa.signer, (s) => withV(s, 0)) },
    "a v of 1": { error: "InvalidSignature", make: () => element({}, eoa.signer, (s) => withV(s, 1)) },
    "64 bytes of ERC-2098": { error: "InvalidSignature", make: () => element({}, eoa.signer, compacted) },
    "an empty signature": { error: "InvalidSignature", make: () => element({}, eoa.signer, (s) => resized(s, 0)) },
    "66 bytes": { error: "InvalidSignature", make: () => element({}, eoa.signer, (s) => resized(s, 66)) },
    "the zero address as payer": {
      error: "InvalidSignature",
      make: () => element({ from: ZeroAddress }, eoa.signer, () => NOBODYS_SIGNATURE),
    },
    "an ERC-1271 wallet's refusal": {
      error: "InvalidSignature",
      make: () => element({ from: ctx.payers["an ERC-1271 wallet"].address }),
    },
    "an ERC-7702 account's refusal": {
      error: "InvalidSignature",
      make: () => element({ from: ctx.payers["an ERC-7702 account by its code's key"].address }),
    },
    "the zero address as payee": {
      error: "ERC20InvalidReceiver",
      args: () => [ZeroAddress],
      make: () => element({ to: ZeroAddress }),
    },
    "the token as payee": {
      error: "ERC20InvalidReceiver",
      args: () => [ctx.token],
      make: () => element({ to: ctx.token }),
    },
    "a frozen payer": {
      error: "AccountFrozen",
      args: ({ from }) => [from],
      make: async () => {
        const frozen = eoaPayer();
        await fund(frozen.address);
        await freeze(frozen.address);
        return of(frozen);
      },
    },
    "a frozen payee": {
      error: "AccountFrozen",
      args: ({ to }) => [to],
      make: async () => {
        await freeze(ctx.stranger.address);
        return element({ to: ctx.stranger.address });
      },
    },
    "too small a balance": {
      error: "ERC20InsufficientBalance",
      args: ({ from, value }) => [from, 0n, value],
      make: () => of(eoaPayer()),
    },
    "validAfter in the future and validBefore in the past": {
      error: "AuthorizationNotYetValid",
      args: ({ validAfter }) => [validAfter],
      make: async () => element({ validAfter: BigInt(await time.latest()) + 864_000n, validBefore: 0n }),
    },
    "validBefore in the past and another's signature": {
      error: "AuthorizationExpired",
      args: () => [0n],
      make: () => element({ validBefore: 0n }, eoaPayer().signer),
    },
    "a used nonce and another's signature": {
      error: "AuthorizationUsedOrCanceled",
      args: ({ from, nonce }) => [from, nonce],
      make: async () => {
        const e = await element();
        await single(e);
        return { ...e, signature: NOBODYS_SIGNATURE };
      },
    },
    "another's signature and the zero address as payee": {
      error: "InvalidSignature",
      make: () => element({ to: ZeroAddress }, eoaPayer().signer),
    },
    "the zero address as payee and a frozen payer": {
      error: "ERC20InvalidReceiver",
      args: () => [ZeroAddress],
      make: async () => {
        const frozen = eoaPayer();
        await freeze(frozen.address);
        return of(frozen, { to: ZeroAddress });
      },
    },
    "a frozen payer and payee": {
      error: "AccountFrozen",
      args: ({ from }) => [from],
      make: async () => {
        const frozen = eoaPayer();
        await freeze(frozen.address);
        await freeze(ctx.stranger.address);
        return of(frozen, { to: ctx.stranger.address });
      },
    },
    "a frozen payee and too small a balance": {
      error: "AccountFrozen",
      args: ({ to }) => [to],
      make: async () => {
        await freeze(ctx.stranger.address);
        return of(eoaPayer(), { to: ctx.stranger.address });
      },
    },
  };

  for (const [what, { error, args = () => [], make }] of Object.entries(FAULTS)) {
    describe(`with ${what} in the middle`, () => {
      it(`skips it for ${error}, as the single call reverts, and settles the others`, async () => {
        const bad = await make();
        await expect(single(bad))
          .to.be.revertedWithCustomError(ctx.pieUSD, error)
          .withArgs(...args(bad));

        const spent = await isSpent(bad);
        await settles([await element(), bad, await element()], [undefined, error, undefined]);
        expect(await isSpent(bad)).to.equal(spent);
      });

      it("emits AuthorizationSkipped", async () => {
        const bad = await make();
        await expect(batch([bad]))
          .to.emit(ctx.pieUSD, "AuthorizationSkipped")
          .withArgs(bad.from, bad.nonce, selectorOf(error));
      });
    });
  }

  it("covers every reason there is", () => {
    expect([...new Set(Object.values(FAULTS).map(({ error }) => error))]).to.have.members([
      "AuthorizationNotYetValid",
      "AuthorizationExpired",
      "AuthorizationUsedOrCanceled",
      "InvalidSignature",
      "ERC20InvalidReceiver",
      "AccountFrozen",
      "ERC20InsufficientBalance",
    ]);
  });

  describe("at the edges of a window", () => {
    it("agrees with the single call on each second", async () => {
      const now = BigInt(await time.latest()) + 100n;
      const elements = [
        await element({ validAfter: now }),
        await element({ validAfter: now - 1n }),
        await element({ validBefore: now }),
        await element({ validBefore: now + 1n }),
      ];
      await time.setNextBlockTimestamp(now);
      const tx = batch(elements);
      await expect(tx)
        .to.emit(ctx.pieUSD, "AuthorizationSkipped")
        .withArgs(eoa.address, elements[0]!.nonce, selectorOf("AuthorizationNotYetValid"));
      await expect(tx)
        .to.emit(ctx.pieUSD, "AuthorizationSkipped")
        .withArgs(eoa.address, elements[2]!.nonce, selectorOf("AuthorizationExpired"));
      expect(await Promise.all(elements.map(isSpent))).to.deep.equal([false, true, false, true]);
    });
  });

  describe("with an element twice", () => {
    it("settles the first and skips the second", async () => {
      const e = await element();
      await settles([e, e], [undefined, "AuthorizationUsedOrCanceled"]);
      expect(await ctx.pieUSD.balanceOf(eoa.address)).to.equal(FUNDS - VALUE);
    });

    it("skips another payment with the same nonce", async () => {
      const e = await element();
      await settles([e, await element({ nonce: e.nonce, value: 1n })], [undefined, "AuthorizationUsedOrCanceled"]);
    });

    it("settles the same nonce of another payer", async () => {
      const e = await element();
      await settles([e, await of(ctx.payers["an ERC-1271 wallet"], { nonce: e.nonce })], [undefined, undefined]);
    });
  });

  describe("with a payer whose balance is enough for one of two", () => {
    it("settles the first, skips the second, and the second stays good", async () => {
      const elements = [await element({ value: FUNDS }), await element({ value: FUNDS })];
      await settles(elements, [undefined, "ERC20InsufficientBalance"]);
      await fund(eoa.address);
      await settles(elements, ["AuthorizationUsedOrCanceled", undefined]);
    });
  });

  describe("with an element that somebody settled before", () => {
    it("skips it and settles the others", async () => {
      const elements = [await element(), await element(), await element()];
      await ctx.pieUSD
        .connect(ctx.stranger)
        ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
          ...transferArguments(elements[1]!),
          elements[1]!.signature,
        );
      await settles(elements, [undefined, "AuthorizationUsedOrCanceled", undefined]);
      expect(await ctx.pieUSD.balanceOf(eoa.address)).to.equal(FUNDS - 3n * VALUE);
    });
  });

  describe("with a hostile wallet in the middle", () => {
    /** `HostileWallet.Answer`, in its order: what a batch and the single call make of it. */
    const ANSWERS: [name: string, inBatch: boolean, alone: boolean][] = [
      ["Magic", true, true],
      ["Refusal", false, false],
      ["Revert", false, false],
      ["Short", false, false],
      ["Dirty", false, false],
      ["Bomb", false, true],
      ["BurnGas", false, false],
      ["Slow", false, true],
      ["Write", false, false],
    ];

    /** The account's check, and what any element pays: calldata, recovery, two cold slots or accounts, the event. */
    const MOST_FOR_ONE = 100_000n + 20_000n;

    for (const [index, [name, inBatch, alone]] of ANSWERS.entries()) {
      describe(`that answers ${name}`, () => {
        let elements: Element[];

        beforeEach(async () => {
          await ctx.hostile.setAnswer(index);
          elements = [await element(), await element({ from: ctx.hostileAddress }), await element()];
        });

        it(`${inBatch ? "settles" : "skips"} it and settles the others`, async () => {
          await settles(elements, [undefined, inBatch ? undefined : "InvalidSignature", undefined]);
          expect(await ctx.pieUSD.balanceOf(ctx.hostileAddress)).to.equal(inBatch ? FUNDS - VALUE : FUNDS);
        });

        it(`is ${alone ? "accepted" : "refused"} by the single call`, async () => {
          if (alone) {
            await expect(single(elements[1]!)).to.changeTokenBalance(ctx.pieUSD, ctx.hostileAddress, -VALUE);
          } else {
            await expect(single(elements[1]!)).to.be.revertedWithCustomError(ctx.pieUSD, "InvalidSignature").withArgs();
          }
        });

        if (!inBatch) {
          it("costs the batch at most the cap @gas", async () => {
            const [first, bad, last] = elements as [Element, Element, Element];
            // So that neither batch is the payer's or the payee's first.
            await batch([await element()]);
            const alike = [await element(), await element()];
            const base = (await (await batch(alike)).wait())!.gasUsed;
            const used = (await (await batch([first, bad, last])).wait())!.gasUsed;
            expect(used - base).to.be.at.most(MOST_FOR_ONE);
          });
        }
      });
    }

    it("skips a hundred wallets that burn all they get, within one transaction's gas @gas", async () => {
      await ctx.hostile.setAnswer(ANSWERS.findIndex(([name]) => name === "BurnGas"));
      const elements = await Promise.all(Array.from({ length: 100 }, () => element({ from: ctx.hostileAddress })));
      const receipt = (await (await batch(elements)).wait())!;
      expect(receipt.gasUsed).to.be.at.most(100n * MOST_FOR_ONE);
      expect(receipt.logs.length).to.equal(100);
    });
  });

  describe("with a contract account and too little gas for its check", () => {
    it("reverts, and nothing is settled @gas", async () => {
      const elements = [await element(), await of(ctx.payers["an ERC-1271 wallet"])];
      const tx = ctx.pieUSD.connect(ctx.relayer).batchTransferWithAuthorization(elements, { gasLimit: 170_000 });
      await expect(tx)
        .to.be.revertedWithCustomError(ctx.pieUSD, "InsufficientSignatureGas")
        .withArgs((available: bigint) => available < 106_587n, 106_587n);
      expect(await Promise.all(elements.map(isSpent))).to.deep.equal([false, false]);
      expect(await ctx.pieUSD.balanceOf(eoa.address)).to.equal(FUNDS);
    });

    it("never skips it for want of gas @gas", async () => {
      const elements = [await of(ctx.payers["an ERC-1271 wallet"])];
      const answers: unknown[] = [];
      for (let gasLimit = 40_000; gasLimit <= 260_000; gasLimit += 4_000) {
        answers.push(
          await ctx.pieUSD
            .connect(ctx.relayer)
            .batchTransferWithAuthorization.staticCall(elements, { gasLimit })
            .catch(() => "reverted"),
        );
      }
      expect([...new Set(answers)]).to.deep.equal(["reverted", 1n]);
    });

    for (const kind of PAYER_KINDS) {
      it(`is settled with the gas that estimation answers, for ${kind}`, async () => {
        const elements = [await element(), await of(ctx.payers[kind])];
        const token = ctx.pieUSD.connect(ctx.relayer);
        const gasLimit = await token.batchTransferWithAuthorization.estimateGas(elements);
        await token.batchTransferWithAuthorization(elements, { gasLimit });
        expect(await Promise.all(elements.map(isSpent))).to.deep.equal([true, true]);
      });
    }

    it("needs no such gas for EOAs alone @gas", async () => {
      const elements = [await element()];
      await ctx.pieUSD.connect(ctx.relayer).batchTransferWithAuthorization(elements, { gasLimit: 100_000 });
      expect(await isSpent(elements[0]!)).to.equal(true);
    });
  });

  describe("with as many elements as it takes", () => {
    it("settles a hundred", async () => {
      const elements = await Promise.all(Array.from({ length: 100 }, () => element()));
      expect(await answer(elements)).to.equal((1n << 100n) - 1n);
      await expect(batch(elements)).to.changeTokenBalances(
        ctx.pieUSD,
        [eoa.address, ctx.bob],
        [-100n * VALUE, 100n * VALUE],
      );
    });

    it("sets no bit but the last for a last one that is good", async () => {
      const bad = await element({ validBefore: 0n });
      const elements = [...Array.from({ length: 99 }, () => bad), await element()];
      expect(await answer(elements)).to.equal(1n << 99n);
    });

    it("reverts for one more, and settles none", async () => {
      const good = await element();
      const elements = Array.from({ length: 101 }, () => good);
      await expect(batch(elements)).to.be.revertedWithCustomError(ctx.pieUSD, "BatchTooLarge").withArgs(101n, 100n);
      expect(await isSpent(good)).to.equal(false);
    });

    it("says how many it takes", async () => {
      expect(await ctx.pieUSD.MAX_BATCH()).to.equal(100n);
    });
  });
});
