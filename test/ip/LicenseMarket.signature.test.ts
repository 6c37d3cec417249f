import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { ZeroAddress, ZeroHash, type ContractTransactionResponse } from "ethers";

import {
  pieUSDDomain,
  randomNonce,
  signPieUSD,
  transferArguments,
  type PieUSDPrimaryType,
} from "../../sdk/payments/typedData";
import { NATIVE, STATUS, USE } from "../fixtures/ip";
import {
  FOREVER,
  NO_END,
  PRICE,
  fund,
  marketFixture,
  nonceOf,
  now,
  periods,
  send,
  signPurchase,
  units,
  type Purchase,
} from "../fixtures/market";
import { PAYER_KINDS, payersOfEveryKind, type Payer } from "../helpers/accounts";
import { asRole } from "../helpers/authority";
import { flippedV, malleated, resized, withV } from "../helpers/signatures";

const RECEIVE = "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
const TRANSFER = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
const CANCEL = "cancelAuthorization(address,bytes32,bytes)";

/** Payers of every kind with pieUSD, without ether, and without an approval of anybody. */
async function fixture() {
  const market = await loadFixture(marketFixture);
  const payers = await payersOfEveryKind();
  for (const payer of Object.values(payers)) await fund(market, payer);
  const termsId = await market.sell(periods(1_000n));
  return { ...market, payers, termsId };
}
type Context = Awaited<ReturnType<typeof fixture>>;

describe("LicenseMarket.authorizationNonce", () => {
  it("is the hash of all that is bought, by whom, and a salt", async () => {
    const { licenseMarket, bob, carol, beat, purchase } = await loadFixture(fixture);
    const salt = randomNonce();
    const purchases = [
      purchase(1n, bob),
      purchase(2n ** 32n - 1n, carol, {
        ipId: 2n ** 256n - 1n,
        use: USE.InferenceCommercial,
        quantity: 2n ** 64n - 1n,
      }),
      purchase(0n, { address: ZeroAddress }, { ipId: beat, quantity: 0n }),
    ];
    for (const bought of purchases) {
      for (const buyer of [bob.address, carol.address]) {
        expect(await licenseMarket.authorizationNonce(bought, buyer, salt)).to.equal(nonceOf(bought, buyer, salt));
      }
    }
  });

  it("differs wherever one field does", async () => {
    const { licenseMarket, bob, carol, beat, termsId, purchase } = await loadFixture(fixture);
    const base = purchase(termsId, bob);
    const variants: [Purchase, string, string][] = [
      [base, bob.address, ZeroHash],
      [base, carol.address, ZeroHash],
      [base, bob.address, randomNonce()],
      [{ ...base, ipId: beat }, bob.address, ZeroHash],
      [{ ...base, use: USE.HumanCommercial }, bob.address, ZeroHash],
      [{ ...base, termsId: termsId + 1n }, bob.address, ZeroHash],
      [{ ...base, quantity: 2n }, bob.address, ZeroHash],
      [{ ...base, licensee: carol.address }, bob.address, ZeroHash],
    ];
    const nonces = await Promise.all(variants.map((v) => licenseMarket.authorizationNonce(...v)));
    expect(new Set(nonces).size).to.equal(variants.length);
  });
});

describe("LicenseMarket.buyWithAuthorization", () => {
  for (const kind of PAYER_KINDS) {
    describe(`by ${kind}`, () => {
      it("buys, sent by anybody, for the whole price to the work", async () => {
        const ctx = await loadFixture(fixture);
        const { licenseMarket, royaltyGraph, pieUSD, market, stranger, song, token, termsId, purchase, earned } = ctx;
        const payer = ctx.payers[kind];
        const signed = await signPurchase(ctx, payer, purchase(termsId, payer, { quantity: 3n }), 3n * PRICE);
        const start = (await now()) + 10n;
        await time.setNextBlockTimestamp(start);
        const sending = send(licenseMarket.connect(stranger), signed);
        await expect(sending).to.changeTokenBalances(
          pieUSD,
          [payer.address, stranger, market, royaltyGraph],
          [-3n * PRICE, 0n, 0n, 3n * PRICE],
        );
        await expect(sending)
          .to.emit(licenseMarket, "LicensePurchased")
          .withArgs(song, payer.address, payer.address, USE.Human, termsId, start + 3_000n, 3n * PRICE);
        await expect(sending)
          .to.emit(pieUSD, "AuthorizationUsed")
          .withArgs(payer.address, nonceOf(signed.purchase, payer.address, signed.salt));
        await expect(sending)
          .to.emit(royaltyGraph, "Paid")
          .withArgs(song, token, market, 3n * PRICE);
        expect(await earned(token)).to.equal(3n * PRICE);
        expect(await licenseMarket.hasAccess(payer.address, song, USE.Human)).to.equal(true);
      });

      it("cannot be sent again", async () => {
        const ctx = await loadFixture(fixture);
        const { licenseMarket, pieUSD, relayer, termsId, purchase } = ctx;
        const payer = ctx.payers[kind];
        const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE);
        await send(licenseMarket.connect(relayer), signed);
        for (const sender of [relayer, ctx.bob]) {
          await expect(send(licenseMarket.connect(sender), signed))
            .to.be.revertedWithCustomError(pieUSD, "AuthorizationUsedOrCanceled")
            .withArgs(payer.address, signed.authorization.nonce);
        }
      });

      it("buys nothing else: not of another work, use, quantity, licensee, salt, window, or for another buyer", async () => {
        const ctx = await loadFixture(fixture);
        const { licenseMarket, pieUSD, bob, carol, stranger, beat, sell, termsId, purchase } = ctx;
        const payer = ctx.payers[kind];
        const price = 2n * PRICE;
        const bought = purchase(termsId, payer, { quantity: 2n });
        const signed = await signPurchase(ctx, payer, bought, price);
        // All of these are for sale, and cost as much.
        expect(await sell(periods(1_000n), beat, bob)).to.equal(termsId);
        const commercial = await sell(periods(1_000n, { use: USE.HumanCommercial }));
        await fund(ctx, stranger);
        const elsewhere: Partial<Parameters<typeof send>[2]>[] = [
          { purchase: { ...bought, ipId: beat } },
          { purchase: { ...bought, use: USE.HumanCommercial, termsId: commercial } },
          { purchase: { ...bought, quantity: 1n } },
          { purchase: { ...bought, quantity: 3n } },
          { purchase: { ...bought, licensee: carol.address } },
          { purchase: { ...bought, licensee: stranger.address } },
          { salt: randomNonce() },
          { salt: ZeroHash },
          { buyer: stranger.address },
          { authorization: { ...signed.authorization, validAfter: 1n } },
          { authorization: { ...signed.authorization, validBefore: NO_END + 1n } },
        ];
        for (const change of elsewhere) {
          await expect(send(licenseMarket.connect(stranger), signed, change)).to.be.revertedWithCustomError(
            pieUSD,
            "InvalidSignature",
          );
        }
        expect(await pieUSD.balanceOf(payer.address)).to.equal(100n * PRICE);
        await send(licenseMarket.connect(stranger), signed);
      });

      it("buys by no other terms, be they offered at the same price", async () => {
        const ctx = await loadFixture(fixture);
        const { licenseMarket, pieUSD, stranger, song, sell, termsId, purchase } = ctx;
        const payer = ctx.payers[kind];
        const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE);
        const other = await sell(periods(1n));
        await expect(send(licenseMarket.connect(stranger), signed))
          .to.be.revertedWithCustomError(licenseMarket, "UnexpectedTerms")
          .withArgs(song, termsId, other);
        await expect(
          send(licenseMarket.connect(stranger), signed, { purchase: { ...signed.purchase, termsId: other } }),
        ).to.be.revertedWithCustomError(pieUSD, "InvalidSignature");
      });

      it("cannot be spent outside of the market", async () => {
        const ctx = await loadFixture(fixture);
        const { licenseMarket, pieUSD, market, stranger, termsId, purchase } = ctx;
        const payer = ctx.payers[kind];
        const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE);
        const call = transferArguments(signed.authorization);
        await expect(pieUSD.connect(stranger)[RECEIVE](...call, signed.signature))
          .to.be.revertedWithCustomError(pieUSD, "CallerNotPayee")
          .withArgs(stranger.address, market);
        await expect(pieUSD.connect(stranger)[TRANSFER](...call, signed.signature)).to.be.revertedWithCustomError(
          pieUSD,
          "InvalidSignature",
        );
        await send(licenseMarket.connect(stranger), signed);
      });

      it("can be cancelled by its buyer", async () => {
        const ctx = await loadFixture(fixture);
        const { licenseMarket, pieUSD, relayer, domain, termsId, purchase } = ctx;
        const payer = ctx.payers[kind];
        const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE);
        const cancellation = { authorizer: payer.address, nonce: signed.authorization.nonce };
        const { bytes } = await signPieUSD(payer.signer, domain, "CancelAuthorization", cancellation);
        await pieUSD.connect(relayer)[CANCEL](payer.address, cancellation.nonce, bytes);
        await expect(send(licenseMarket.connect(relayer), signed))
          .to.be.revertedWithCustomError(pieUSD, "AuthorizationUsedOrCanceled")
          .withArgs(payer.address, cancellation.nonce);
      });

      it("counts for nothing when it is empty, bent, another's, of another message, token or chain", async () => {
        const ctx = await loadFixture(fixture);
        const { licenseMarket, pieUSD, relayer, stranger, domain, market, chainId, termsId, purchase } = ctx;
        const payer = ctx.payers[kind];
        const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE);
        const { authorization, signature } = signed;
        const by = async (signer: Payer["signer"], type: PieUSDPrimaryType, on = domain): Promise<string> =>
          (await signPieUSD(signer, on, type as "ReceiveWithAuthorization", authorization)).bytes;
        const signatures = [
          "0x",
          malleated(signature),
          withV(signature, flippedV(signature)),
          resized(signature, 64),
          resized(signature, 66),
          await by(stranger, "ReceiveWithAuthorization"),
          await by(payer.signer, "TransferWithAuthorization"),
          await by(payer.signer, "ReceiveWithAuthorization", pieUSDDomain(chainId, market)),
          await by(payer.signer, "ReceiveWithAuthorization", { ...domain, chainId: chainId + 1n }),
        ];
        for (const bent of signatures) {
          await expect(send(licenseMarket.connect(relayer), signed, { signature: bent })).to.be.revertedWithCustomError(
            pieUSD,
            "InvalidSignature",
          );
        }
      });
    });
  }

  it("never pulls an allowance: not with an empty signature, nor with any other that the victim did not make", async () => {
    const ctx = await loadFixture(fixture);
    const { licenseMarket, pieUSD, market, alice, bob: victim, stranger, token, sell, termsId, purchase, earned } = ctx;
    expect(await pieUSD.allowance(victim, market)).to.equal(2n ** 256n - 1n);
    const balance = await pieUSD.balanceOf(victim);
    const forged = await signPurchase(
      ctx,
      { address: victim.address, signer: stranger },
      purchase(termsId, victim),
      PRICE,
    );
    const training = await sell(units({ use: USE.Training, price: 1_000n * PRICE }));
    // The owner of the work gains by it, a relayer may, and the licence may go to either or to the victim.
    for (const attacker of [alice, stranger]) {
      for (const licensee of [victim, attacker]) {
        for (const [bought, price] of [
          [purchase(termsId, licensee), PRICE],
          [purchase(training, licensee, { use: USE.Training, quantity: 5n }), 5_000n * PRICE],
        ] as const) {
          for (const signature of ["0x", "0x00", ZeroHash, forged.signature]) {
            const { authorization } = forged;
            const attempt = {
              ...forged,
              purchase: bought,
              authorization: { ...authorization, value: price },
              signature,
            };
            await expect(send(licenseMarket.connect(attacker), attempt)).to.be.revertedWithCustomError(
              pieUSD,
              "InvalidSignature",
            );
          }
        }
      }
    }
    expect(await pieUSD.balanceOf(victim)).to.equal(balance);
    expect(await earned(token)).to.equal(0n);
  });

  it("is a gift where the buyer signed for another licensee", async () => {
    const ctx = await loadFixture(fixture);
    const { licenseMarket, bob, relayer, song, sell, purchase } = ctx;
    const payer = ctx.payers["an EOA"];
    const termsId = await sell(units({ price: 2n }));
    const signed = await signPurchase(ctx, payer, purchase(termsId, bob, { quantity: 5n }), 10n);
    await expect(send(licenseMarket.connect(relayer), signed))
      .to.emit(licenseMarket, "UnitsPurchased")
      .withArgs(song, bob.address, payer.address, USE.Human, termsId, 5n, 10n);
  });

  it("is the signer's own purchase, whoever sends it: it may change its terms, a gift may not", async () => {
    const ctx = await loadFixture(fixture);
    const { licenseMarket, bob, carol, song, sell, termsId, purchase } = ctx;
    const payer = ctx.payers["an EOA"];
    await licenseMarket.connect(bob).buy(purchase(termsId, payer));
    await licenseMarket.connect(bob).buy(purchase(termsId, bob));
    const other = await sell();
    const [own, gift] = [
      await signPurchase(ctx, payer, purchase(other, payer), PRICE),
      await signPurchase(ctx, payer, purchase(other, bob), PRICE),
    ];
    // Not even where the receiver itself sends it.
    for (const sender of [carol, bob]) {
      await expect(send(licenseMarket.connect(sender), gift))
        .to.be.revertedWithCustomError(licenseMarket, "OtherTermsRunning")
        .withArgs(bob.address, termsId, other);
    }
    await send(licenseMarket.connect(carol), own);
    expect(await licenseMarket.subscriptionExpiry(payer.address, song, USE.Human)).to.equal(FOREVER);
  });

  it("takes the same purchase twice under two salts", async () => {
    const ctx = await loadFixture(fixture);
    const { licenseMarket, relayer, song, termsId, purchase } = ctx;
    const payer = ctx.payers["an EOA"];
    for (let i = 0; i < 2; i++) {
      await send(licenseMarket.connect(relayer), await signPurchase(ctx, payer, purchase(termsId, payer), PRICE));
    }
    const { start, expiry } = await licenseMarket.licenseOf(payer.address, song, USE.Human);
    expect(expiry - start).to.equal(2_000n);
  });

  describe("front-run by a copy-cat", () => {
    /** The copy-cat's transaction comes first; then the original. */
    const raced = async (ctx: Context, copycat: HardhatEthersSigner): Promise<ContractTransactionResponse> => {
      const { licenseMarket, relayer, termsId, purchase } = ctx;
      const payer = ctx.payers["an EOA"];
      const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE);
      const copy = await send(licenseMarket.connect(copycat), signed);
      await expect(send(licenseMarket.connect(relayer), signed))
        .to.be.revertedWithCustomError(ctx.pieUSD, "AuthorizationUsedOrCanceled")
        .withArgs(payer.address, signed.authorization.nonce);
      return copy;
    };

    it("is made all the same, for the same buyer and licensee, once", async () => {
      const ctx = await loadFixture(fixture);
      const { licenseMarket, pieUSD, stranger, song, token, earned } = ctx;
      const payer = ctx.payers["an EOA"];
      const before = await pieUSD.balanceOf(stranger);
      await raced(ctx, stranger);
      expect(await licenseMarket.hasAccess(payer.address, song, USE.Human)).to.equal(true);
      expect(await licenseMarket.hasAccess(stranger, song, USE.Human)).to.equal(false);
      expect(await pieUSD.balanceOf(stranger)).to.equal(before);
      expect(await pieUSD.balanceOf(payer.address)).to.equal(99n * PRICE);
      expect(await earned(token)).to.equal(PRICE);
    });
  });

  describe("reverts", () => {
    it("before and after the authorization's window", async () => {
      const ctx = await loadFixture(fixture);
      const { licenseMarket, pieUSD, relayer, termsId, purchase } = ctx;
      const payer = ctx.payers["an EOA"];
      const start = (await now()) + 100n;
      const window = { validAfter: start, validBefore: start + 10n };
      const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE, window);
      await time.setNextBlockTimestamp(start);
      await expect(send(licenseMarket.connect(relayer), signed))
        .to.be.revertedWithCustomError(pieUSD, "AuthorizationNotYetValid")
        .withArgs(start);
      await time.setNextBlockTimestamp(start + 10n);
      await expect(send(licenseMarket.connect(relayer), signed))
        .to.be.revertedWithCustomError(pieUSD, "AuthorizationExpired")
        .withArgs(start + 10n);
    });

    it("where another sum was signed than the price", async () => {
      const ctx = await loadFixture(fixture);
      const { licenseMarket, pieUSD, relayer, termsId, purchase } = ctx;
      const payer = ctx.payers["an EOA"];
      for (const value of [PRICE - 1n, PRICE + 1n, 0n]) {
        const signed = await signPurchase(ctx, payer, purchase(termsId, payer), value);
        await expect(send(licenseMarket.connect(relayer), signed)).to.be.revertedWithCustomError(
          pieUSD,
          "InvalidSignature",
        );
      }
    });

    it("where there is nothing to sign for: a price in native coin, or none", async () => {
      const ctx = await loadFixture(fixture);
      const { licenseMarket, relayer, token, sell, purchase } = ctx;
      const payer = ctx.payers["an EOA"];
      for (const [paymentToken, price] of [
        [NATIVE, PRICE],
        [NATIVE, 0n],
        [token, 0n],
      ] as const) {
        const termsId = await sell(periods(1_000n, { paymentToken, price }));
        const signed = await signPurchase(ctx, payer, purchase(termsId, payer, { quantity: 2n }), 2n * price);
        for (const signature of [signed.signature, "0x"]) {
          await expect(send(licenseMarket.connect(relayer), signed, { signature }))
            .to.be.revertedWithCustomError(licenseMarket, "NotPayableBySignature")
            .withArgs(paymentToken, 2n * price);
        }
      }
    });

    it("for a buyer without the money, or frozen", async () => {
      const ctx = await loadFixture(fixture);
      const { licenseMarket, pieUSD, relayer, token, stranger, termsId, purchase } = ctx;
      const poor: Payer = { address: stranger.address, signer: stranger };
      const unpaid = await signPurchase(ctx, poor, purchase(termsId, poor), PRICE);
      await expect(send(licenseMarket.connect(relayer), unpaid))
        .to.be.revertedWithCustomError(pieUSD, "ERC20InsufficientBalance")
        .withArgs(stranger.address, 0n, PRICE);
      const payer = ctx.payers["an EOA"];
      const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE);
      await asRole(ctx, "PAYMENTS_FREEZER", token, pieUSD.interface.encodeFunctionData("freeze", [payer.address]));
      await expect(send(licenseMarket.connect(relayer), signed))
        .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
        .withArgs(payer.address);
    });

    it("for everything that reverts a purchase, before the authorization is spent", async () => {
      const ctx = await loadFixture(fixture);
      const { licenseMarket, ipRegistry, pieUSD, relayer, holders, song, termsId, purchase, sell } = ctx;
      const payer = ctx.payers["an EOA"];
      const forGood = await sell({ use: USE.Training });
      const cases: [Purchase, string, unknown[]][] = [
        [purchase(termsId, { address: ZeroAddress }), "InvalidLicensee", [ZeroAddress]],
        [purchase(termsId, payer, { quantity: 0n }), "InvalidQuantity", [0n]],
        [purchase(forGood, payer, { use: USE.Training, quantity: 2n }), "InvalidQuantity", [2n]],
        [purchase(termsId, payer, { use: USE.Inference }), "NoOffer", [song, USE.Inference]],
        [purchase(forGood, payer), "UnexpectedTerms", [song, forGood, termsId]],
      ];
      for (const [bought, error, args] of cases) {
        const signed = await signPurchase(ctx, payer, bought, PRICE * bought.quantity);
        await expect(send(licenseMarket.connect(relayer), signed))
          .to.be.revertedWithCustomError(licenseMarket, error)
          .withArgs(...args);
        expect(await pieUSD.authorizationState(payer.address, signed.authorization.nonce)).to.equal(false);
      }
      const signed = await signPurchase(ctx, payer, purchase(termsId, payer), PRICE);
      await ipRegistry.connect(holders.IP_FREEZER).freeze(song);
      await expect(send(licenseMarket.connect(relayer), signed))
        .to.be.revertedWithCustomError(licenseMarket, "WorkNotActive")
        .withArgs(song, STATUS.Disputed);
    });

    it("for a listed token without ERC-3009", async () => {
      const ctx = await loadFixture(fixture);
      const { licenseMarket, usdt, bob, relayer, market, sell, purchase, list } = ctx;
      const paymentToken = await usdt.getAddress();
      await list(paymentToken);
      await usdt.connect(bob).approve(market, 10n * PRICE);
      const termsId = await sell({ paymentToken, use: USE.Training });
      const buyer: Payer = { address: bob.address, signer: bob };
      const signed = await signPurchase(ctx, buyer, purchase(termsId, bob, { use: USE.Training }), PRICE);
      await expect(send(licenseMarket.connect(relayer), signed)).to.be.reverted;
      expect(await usdt.allowance(bob, market)).to.equal(10n * PRICE);
    });
  });
});
