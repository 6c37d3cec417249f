import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { AbiCoder, ZeroAddress, ZeroHash, type Interface } from "ethers";
import hre from "hardhat";

import { NATIVE, USE } from "../fixtures/ip";
import {
  FOREVER,
  NO_END,
  PRICE,
  at,
  marketFixture,
  now,
  payoutFixture,
  periods,
  send,
  signPurchase,
  units,
  type MarketFixture,
} from "../fixtures/market";
import { impersonated } from "../helpers/accounts";
import { HOSTILE_ANSWER, HOSTILE_MOVE, PAYOUT_DUE, PAYOUT_MODE } from "../helpers/mocks";

const PAYMENT =
  "tuple(address buyer,bool isSigned,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes signature)";

/** What the market tells itself through the graph: that `victim` pays, by its allowance or by a signature. */
const paymentOf = (victim: string, isSigned = false): string =>
  AbiCoder.defaultAbiCoder().encode([PAYMENT], [[victim, isSigned, 0n, NO_END, ZeroHash, "0x"]]);

/** A hostile token on the list, in which the song is licensed, and a buyer who has plenty. */
async function hostileFixture() {
  const fixture = await loadFixture(marketFixture);
  const { market, graph, bob, song, sell, purchase, list } = fixture;
  const hostile = await hre.ethers.deployContract("MockHostileERC20");
  const token = await hostile.getAddress();
  await list(token);
  const termsId = await sell(periods(1_000n, { paymentToken: token }));
  await hostile.mint(bob, 100n * PRICE);
  await hostile.connect(bob).approve(market, 100n * PRICE);
  // Of others, so that a lie about the balance has something to take.
  await hostile.mint(graph, 50n * PRICE);
  return { ...fixture, hostile, hostileToken: token, termsId, bought: purchase(termsId, bob), work: song };
}

/** A token with hooks on the list, and a contract as buyer, which the hooks call. */
async function hookFixture() {
  const fixture = await loadFixture(payoutFixture);
  const { market, payout, payoutAddress, sell, purchase, list, licenseMarket } = fixture;
  const hook = await hre.ethers.deployContract("MockHookToken");
  const hookToken = await hook.getAddress();
  await list(hookToken);
  const termsId = await sell(periods(1_000n, { paymentToken: hookToken }));
  await hook.mint(payout, 100n * PRICE);
  await payout.execute(hook, 0n, hook.interface.encodeFunctionData("approve", [market, 100n * PRICE]));
  await payout.execute(hook, 0n, hook.interface.encodeFunctionData("setHooks", [payoutAddress, ZeroAddress]));
  const bought = purchase(termsId, { address: payoutAddress });
  const buy = () => payout.execute(market, 0n, licenseMarket.interface.encodeFunctionData("buy", [bought]));
  return { ...fixture, hook, hookToken, termsId, bought, buy };
}

const expectNothing = async (
  { licenseMarket, song, earned }: MarketFixture,
  account: string,
  token: string,
): Promise<void> => {
  expect(await earned(token)).to.equal(0n);
  expect([...(await licenseMarket.licenseOf(account, song, USE.Human))]).to.deep.equal([0n, 0n, 0n]);
  expect(await licenseMarket.historyOf(account, song, USE.Human)).to.deep.equal([]);
  expect(await licenseMarket.hasAccess(account, song, USE.Human)).to.equal(false);
};

describe("LicenseMarket's payment callback", () => {
  it("refuses everybody, naming a victim who approved the market", async () => {
    const { licenseMarket, token, alice, bob, stranger, holders, payout } = await loadFixture(payoutFixture);
    for (const isSigned of [false, true]) {
      const data = paymentOf(bob.address, isSigned);
      for (const caller of [alice, bob, stranger, holders.ADMIN, holders.IP_CONFIG]) {
        await expect(licenseMarket.connect(caller).onRoyaltyDue(token, PRICE, data))
          .to.be.revertedWithCustomError(licenseMarket, "UnexpectedCallback")
          .withArgs(caller.address);
      }
      const call = licenseMarket.interface.encodeFunctionData("onRoyaltyDue", [token, PRICE, data]);
      await expect(payout.execute(licenseMarket, 0n, call))
        .to.be.revertedWithCustomError(licenseMarket, "UnexpectedCallback")
        .withArgs(await payout.getAddress());
    }
  });

  it("refuses the graph itself outside of a purchase", async () => {
    const { licenseMarket, graph, token, bob } = await loadFixture(marketFixture);
    const caller = await impersonated(graph);
    await expect(licenseMarket.connect(caller).onRoyaltyDue(token, PRICE, paymentOf(bob.address)))
      .to.be.revertedWithCustomError(licenseMarket, "UnexpectedCallback")
      .withArgs(graph);
  });

  it("is not reached by a stranger's collect: the graph asks whoever called it", async () => {
    const { royaltyGraph, pieUSD, market, token, song, bob, stranger, payout, payoutAddress } =
      await loadFixture(payoutFixture);
    const data = paymentOf(bob.address);
    // An account without code cannot be asked.
    await expect(royaltyGraph.connect(stranger).collect(song, token, PRICE, data)).to.be.reverted;
    const balances = [await pieUSD.balanceOf(bob), await pieUSD.balanceOf(market)];
    await payout.setDue(PAYOUT_DUE.PayExactly);
    const call = royaltyGraph.interface.encodeFunctionData("collect", [song, token, PRICE, data]);
    await expect(payout.execute(royaltyGraph, 0n, call))
      .to.emit(payout, "RoyaltyAsked")
      .withArgs(await royaltyGraph.getAddress(), token, PRICE, data);
    expect([await pieUSD.balanceOf(bob), await pieUSD.balanceOf(market)]).to.deep.equal(balances);
    expect(await pieUSD.balanceOf(payoutAddress)).to.equal(99n * PRICE);
  });

  it("is not reached through a payer who relays the graph's demand to the market", async () => {
    const { licenseMarket, royaltyGraph, pieUSD, market, token, song, bob, payout } = await loadFixture(payoutFixture);
    const data = paymentOf(bob.address);
    const balance = await pieUSD.balanceOf(bob);
    await payout.setReentry(
      market,
      0n,
      licenseMarket.interface.encodeFunctionData("onRoyaltyDue", [token, PRICE, data]),
    );
    await payout.setDue(PAYOUT_DUE.ReenterAndPay);
    await payout.execute(
      royaltyGraph,
      0n,
      royaltyGraph.interface.encodeFunctionData("collect", [song, token, 1n, data]),
    );
    expect(await payout.reentries()).to.equal(1n);
    expect(await payout.reentrySucceeded()).to.equal(false);
    expect(await pieUSD.balanceOf(bob)).to.equal(balance);
  });

  it("is not reached from within the attacker's own purchase, by a token's hook, while the market is entered", async () => {
    const { licenseMarket, royaltyGraph, pieUSD, market, token, song, bob, payout, payoutAddress, buy } =
      await loadFixture(hookFixture);
    const data = paymentOf(bob.address);
    const balance = await pieUSD.balanceOf(bob);
    const unexpected = licenseMarket.interface.encodeErrorResult("UnexpectedCallback", [payoutAddress]);
    const locked = royaltyGraph.interface.encodeErrorResult("ReentrancyGuardReentrantCall");
    await payout.setMode(PAYOUT_MODE.Reenter);
    for (const [target, call, answer] of [
      [market, licenseMarket.interface.encodeFunctionData("onRoyaltyDue", [token, PRICE, data]), unexpected],
      [royaltyGraph, royaltyGraph.interface.encodeFunctionData("collect", [song, token, PRICE, data]), locked],
    ] as const) {
      await payout.setReentry(target, 0n, call);
      await buy();
      expect(await payout.reentryResult()).to.equal(answer);
    }
    expect(await payout.reentries()).to.equal(2n);
    expect(await pieUSD.balanceOf(bob)).to.equal(balance);
  });

  it("is not reached while a refund is taken either: there the market is entered and the graph is not", async () => {
    const { licenseMarket, royaltyGraph, pieUSD, market, graph, token, song, bob, payout, payoutAddress } =
      await loadFixture(payoutFixture);
    const data = paymentOf(bob.address);
    const balance = await pieUSD.balanceOf(bob);
    const refund = () =>
      payout.execute(market, 1n, licenseMarket.interface.encodeFunctionData("buyBatch", [[], true]), { value: 1n });
    await payout.setMode(PAYOUT_MODE.Reenter);
    await payout.setReentry(
      market,
      0n,
      licenseMarket.interface.encodeFunctionData("onRoyaltyDue", [token, PRICE, data]),
    );
    await refund();
    expect(await payout.reentryResult()).to.equal(
      licenseMarket.interface.encodeErrorResult("UnexpectedCallback", [payoutAddress]),
    );
    // The graph answers, and asks the attacker, who pays with its own.
    await payout.setReentry(
      graph,
      0n,
      royaltyGraph.interface.encodeFunctionData("collect", [song, token, PRICE, data]),
    );
    await expect(refund()).to.changeTokenBalances(pieUSD, [payoutAddress, bob, market], [-PRICE, 0n, 0n]);
    expect(await payout.reentrySucceeded()).to.equal(true);
    expect(await pieUSD.balanceOf(bob)).to.equal(balance);
  });
});

describe("LicenseMarket and allowances", () => {
  it("spends the caller's alone, whoever is named", async () => {
    const { licenseMarket, pieUSD, market, bob, carol, stranger, sell, purchase } = await loadFixture(marketFixture);
    const termsId = await sell(periods(1_000n));
    await pieUSD.connect(stranger).approve(market, PRICE);
    for (const licensee of [bob, carol, stranger]) {
      const bought = purchase(termsId, licensee);
      await expect(licenseMarket.connect(stranger).buy(bought)).to.be.revertedWithCustomError(
        pieUSD,
        "ERC20InsufficientBalance",
      );
      await expect(licenseMarket.connect(stranger).buyBatch([bought], true))
        .to.emit(licenseMarket, "PurchaseSkipped")
        .withArgs(0n, pieUSD.interface.encodeErrorResult("ERC20InsufficientBalance", [stranger.address, 0n, PRICE]));
    }
  });

  it("spends no balance of the market's own: what strayed to it pays for nothing", async () => {
    const ctx = await loadFixture(marketFixture);
    const { licenseMarket, pieUSD, market, bob, stranger, sell, purchase } = ctx;
    await pieUSD.connect(bob).transfer(market, 10n * PRICE);
    const termsId = await sell();
    await expect(licenseMarket.connect(stranger).buy(purchase(termsId, stranger))).to.be.revertedWithCustomError(
      pieUSD,
      "ERC20InsufficientAllowance",
    );
    // In the market's own name: it has no key, and accepts no signature.
    const stray = { address: market, signer: stranger };
    const signed = await signPurchase(ctx, stray, purchase(termsId, stranger), PRICE);
    for (const signature of [signed.signature, "0x"]) {
      await expect(send(licenseMarket.connect(stranger), signed, { signature })).to.be.revertedWithCustomError(
        pieUSD,
        "InvalidSignature",
      );
    }
    expect(await pieUSD.balanceOf(market)).to.equal(10n * PRICE);
  });
});

describe("LicenseMarket and a payment token that lies", () => {
  const LIES: [
    what: string,
    lie: (ctx: Awaited<ReturnType<typeof hostileFixture>>) => Promise<unknown>,
    got: bigint,
  ][] = [
    ["arrives in part", ({ hostile }) => hostile.setMove(HOSTILE_MOVE.Less, 1n), PRICE - PRICE / 10_000n],
    ["arrives with more", ({ hostile }) => hostile.setMove(HOSTILE_MOVE.More, 1n), PRICE + PRICE / 10_000n],
  ];
  for (const [what, lie, got] of LIES) {
    it(`reverts where the payment ${what}, and records nothing`, async () => {
      const ctx = await loadFixture(hostileFixture);
      const { licenseMarket, bob, hostileToken, bought } = ctx;
      await lie(ctx);
      await expect(licenseMarket.connect(bob).buy(bought))
        .to.be.revertedWithCustomError(licenseMarket, "IncompletePayment")
        .withArgs(got, PRICE);
      await expectNothing(ctx, bob.address, hostileToken);
      await expect(licenseMarket.connect(bob).buyBatch([bought], true))
        .to.emit(licenseMarket, "PurchaseSkipped")
        .withArgs(0n, licenseMarket.interface.encodeErrorResult("IncompletePayment", [got, PRICE]));
      await expectNothing(ctx, bob.address, hostileToken);
    });
  }

  it("reverts where it says that it paid and nothing arrives", async () => {
    const ctx = await loadFixture(hostileFixture);
    const { licenseMarket, royaltyGraph, bob, hostile, hostileToken, bought } = ctx;
    for (const answer of [HOSTILE_ANSWER.True, HOSTILE_ANSWER.Nothing]) {
      await hostile.setMove(HOSTILE_MOVE.Nothing, 0n);
      await hostile.setAnswer(answer);
      await expect(licenseMarket.connect(bob).buy(bought)).to.be.revertedWithCustomError(royaltyGraph, "ZeroAmount");
    }
    await expectNothing(ctx, bob.address, hostileToken);
  });

  it("takes `false` for a failure", async () => {
    const ctx = await loadFixture(hostileFixture);
    const { licenseMarket, bob, hostile, hostileToken, bought } = ctx;
    await hostile.setAnswer(HOSTILE_ANSWER.False);
    await expect(licenseMarket.connect(bob).buy(bought))
      .to.be.revertedWithCustomError(licenseMarket, "SafeERC20FailedOperation")
      .withArgs(hostileToken);
    await expectNothing(ctx, bob.address, hostileToken);
  });

  it("sells where a token that rebases happens to bring the whole price, and not where it rounds a unit away", async () => {
    const { licenseMarket, market, bob, sell, purchase, list, earned } = await loadFixture(marketFixture);
    const rebasing = await hre.ethers.deployContract("MockRebasingToken");
    const token = await rebasing.getAddress();
    await list(token);
    const termsId = await sell(periods(1_000n, { paymentToken: token, price: 10n }));
    await rebasing.mint(bob, 1_000n);
    await rebasing.connect(bob).approve(market, 1_000n);
    await licenseMarket.connect(bob).buy(purchase(termsId, bob));
    await rebasing.rebase(1_337n);
    await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob)))
      .to.be.revertedWithCustomError(licenseMarket, "IncompletePayment")
      .withArgs(9n, 10n);
    expect(await earned(token)).to.equal(10n);
  });

  it("takes nothing by signature of a token whose unknown functions 'succeed', as WETH9's do", async () => {
    const {
      licenseMarket,
      market,
      alice,
      bob: victim,
      stranger,
      song,
      sell,
      purchase,
      list,
      earned,
    } = await loadFixture(marketFixture);
    const wrapped = await hre.ethers.deployContract("MockWrappedNative");
    const paymentToken = await wrapped.getAddress();
    await list(paymentToken);
    const termsId = await sell({ paymentToken });
    await wrapped.connect(victim).deposit({ value: 10n * PRICE });
    await wrapped.connect(victim).approve(market, 10n * PRICE);
    for (const attacker of [alice, stranger]) {
      for (const buyer of [victim, attacker]) {
        const call = licenseMarket
          .connect(attacker)
          .buyWithAuthorization(purchase(termsId, attacker), buyer, 0n, NO_END, ZeroHash, "0x");
        // The call to the token went well, and brought the market nothing to pass on.
        await expect(call).to.be.revertedWithCustomError(licenseMarket, "IncompletePayment").withArgs(0n, PRICE);
      }
    }
    expect(await wrapped.balanceOf(victim)).to.equal(10n * PRICE);
    expect(await earned(paymentToken)).to.equal(0n);
    expect(await licenseMarket.hasAccess(stranger, song, USE.Human)).to.equal(false);
    await licenseMarket.connect(victim).buy(purchase(termsId, victim));
    expect(await earned(paymentToken)).to.equal(PRICE);
  });

  it("takes nothing by such a 'signature' of what strayed to the market either, nor changes a licence that runs", async () => {
    const {
      licenseMarket,
      market,
      bob: victim,
      stranger,
      song,
      sell,
      purchase,
      list,
    } = await loadFixture(marketFixture);
    const wrapped = await hre.ethers.deployContract("MockWrappedNative");
    const paymentToken = await wrapped.getAddress();
    await list(paymentToken);
    await wrapped.connect(victim).deposit({ value: 10n * PRICE });
    await wrapped.connect(victim).transfer(market, 5n * PRICE);
    const first = await sell(periods(1_000_000n, { paymentToken }));
    await wrapped.connect(victim).approve(market, PRICE);
    await licenseMarket.connect(victim).buy(purchase(first, victim));
    const second = await sell(periods(1n, { paymentToken }));
    for (const buyer of [victim, stranger]) {
      const call = licenseMarket
        .connect(stranger)
        .buyWithAuthorization(purchase(second, victim), buyer, 0n, NO_END, ZeroHash, "0x");
      if (buyer === victim) {
        await expect(call).to.be.revertedWithCustomError(licenseMarket, "IncompletePayment").withArgs(0n, PRICE);
      } else {
        await expect(call)
          .to.be.revertedWithCustomError(licenseMarket, "OtherTermsRunning")
          .withArgs(victim, first, second);
      }
    }
    expect(await wrapped.balanceOf(market)).to.equal(5n * PRICE);
    expect((await licenseMarket.licenseOf(victim, song, USE.Human)).termsId).to.equal(first);
  });

  it("records nothing for a purchase that fails after a hook saw the licence in force", async () => {
    const ctx = await loadFixture(hostileFixture);
    const { licenseMarket, market, bob, song, hostile, hostileToken, bought } = ctx;
    const look = licenseMarket.interface.encodeFunctionData("hasAccess", [bob.address, song, USE.Human]);
    await hostile.setReentry(market, look, true);
    await hostile.setMove(HOSTILE_MOVE.Less, 5_000n);
    await expect(licenseMarket.connect(bob).buy(bought)).to.be.revertedWithCustomError(
      licenseMarket,
      "IncompletePayment",
    );
    await expectNothing(ctx, bob.address, hostileToken);
    // The licence is written before the money moves: who asks in between sees it, and whoever acts on it is undone too.
    await hostile.setMove(HOSTILE_MOVE.Exactly, 0n);
    await licenseMarket.connect(bob).buy(bought);
    expect(BigInt(await hostile.reentryResult())).to.equal(1n);
  });
});

describe("LicenseMarket reentered by its payment token", () => {
  const CALLS: [name: string, ofGraph: boolean][] = [
    ["buy", false],
    ["buyBatch", false],
    ["buyWithAuthorization", false],
    ["withdraw", true],
    ["payToken", true],
    ["collect", true],
  ];
  const outer = ["buy", "buyBatch"] as const;
  for (const entry of outer) {
    for (const [name, ofGraph] of CALLS) {
      it(`during ${entry}, refuses ${ofGraph ? "the graph's " : ""}${name}`, async () => {
        const ctx = await loadFixture(hostileFixture);
        const { licenseMarket, royaltyGraph, market, graph, bob, song, hostile, hostileToken, bought, earned } = ctx;
        const args: Record<string, unknown[]> = {
          buy: [bought],
          buyBatch: [[bought], true],
          buyWithAuthorization: [bought, bob.address, 0n, NO_END, ZeroHash, "0x"],
          withdraw: [song, hostileToken, bob.address],
          payToken: [song, hostileToken, 1n],
          collect: [song, hostileToken, 1n, paymentOf(bob.address)],
        };
        const i: Interface = ofGraph ? royaltyGraph.interface : licenseMarket.interface;
        await hostile.setReentry(ofGraph ? graph : market, i.encodeFunctionData(name, args[name]), false);
        if (entry === "buy") await licenseMarket.connect(bob).buy(bought);
        else await licenseMarket.connect(bob).buyBatch([bought], true);
        expect(await hostile.reentries()).to.equal(1n);
        expect(await hostile.reentrySucceeded()).to.equal(false);
        expect(await hostile.reentryResult()).to.equal(i.getError("ReentrancyGuardReentrantCall")!.selector);
        expect(await earned(hostileToken)).to.equal(PRICE);
        const { start, expiry } = await licenseMarket.licenseOf(bob, song, USE.Human);
        expect(expiry - start).to.equal(1_000n);
      });
    }
  }

  it("lets the owner change the offer in a hook, which changes nothing of the purchase under way", async () => {
    const ctx = await loadFixture(hookFixture);
    const { licenseMarket, ipRegistry, payout, payoutAddress, market, alice, song, hookToken, buy, termsId, earned } =
      ctx;
    await ipRegistry.connect(alice).transferFrom(alice, payoutAddress, song);
    await payout.setMode(PAYOUT_MODE.Reenter);
    await payout.setReentry(market, 0n, licenseMarket.interface.encodeFunctionData("setOffer", [song, USE.Human, 0n]));
    await buy();
    expect(await payout.reentrySucceeded()).to.equal(true);
    expect(await licenseMarket.offerOf(song, USE.Human)).to.equal(0n);
    expect(await earned(hookToken)).to.equal(PRICE);
    const { start, expiry, termsId: recorded } = await licenseMarket.licenseOf(payoutAddress, song, USE.Human);
    expect([expiry - start, recorded]).to.deep.equal([1_000n, termsId]);
  });

  it("undoes units that a hook consumes before they are paid, where the payment fails", async () => {
    const ctx = await loadFixture(hookFixture);
    const { licenseMarket, payout, payoutAddress, market, song, hook, hookToken, sell, purchase } = ctx;
    const metered = await sell(units({ paymentToken: hookToken }));
    const buying = licenseMarket.interface.encodeFunctionData("buyBatch", [
      [purchase(metered, { address: payoutAddress }, { quantity: 5n })],
      true,
    ]);
    await payout.setMode(PAYOUT_MODE.Reenter);
    await payout.setReentry(market, 0n, licenseMarket.interface.encodeFunctionData("consume", [song, USE.Human, 5n]));
    // Enough for four.
    const balance = await hook.balanceOf(payoutAddress);
    await payout.execute(hook, 0n, hook.interface.encodeFunctionData("approve", [market, 49n]));
    await expect(payout.execute(market, 0n, buying)).to.emit(licenseMarket, "PurchaseSkipped");
    expect([...(await licenseMarket.meterOf(payoutAddress, song, USE.Human))]).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
    expect(await hook.balanceOf(payoutAddress)).to.equal(balance);
    await payout.execute(hook, 0n, hook.interface.encodeFunctionData("approve", [market, 50n]));
    await payout.execute(market, 0n, buying);
    const { purchased, consumed } = await licenseMarket.meterOf(payoutAddress, song, USE.Human);
    expect([purchased, consumed]).to.deep.equal([5n, 5n]);
  });

  it("skips, in a tolerant batch, the purchase whose hook fails, and buys the rest", async () => {
    const ctx = await loadFixture(hookFixture);
    const { licenseMarket, payout, payoutAddress, market, token, song, bought, sell, purchase, earned, hookToken } =
      ctx;
    const training = await sell({ use: USE.Training });
    const buying = licenseMarket.interface.encodeFunctionData("buyBatch", [
      [bought, purchase(training, { address: payoutAddress }, { use: USE.Training }), bought],
      true,
    ]);
    await payout.setMode(PAYOUT_MODE.Refuse);
    const refused = payout.interface.getError("Refused")!.selector;
    const batch = payout.execute(market, 0n, buying);
    await expect(batch).to.emit(licenseMarket, "PurchaseSkipped").withArgs(0n, refused);
    await expect(batch).to.emit(licenseMarket, "PurchaseSkipped").withArgs(2n, refused);
    expect([await earned(token), await earned(hookToken)]).to.deep.equal([PRICE, 0n]);
    expect(await licenseMarket.hasAccess(payoutAddress, song, USE.Training)).to.equal(true);
    expect(await licenseMarket.hasAccess(payoutAddress, song, USE.Human)).to.equal(false);
  });

  it("lets a buyer of a batch be starved of gas by nobody but itself: the batch reverts, and it keeps all", async () => {
    const ctx = await loadFixture(hookFixture);
    const { licenseMarket, payout, payoutAddress, market, song, bought, hook } = ctx;
    await payout.setMode(PAYOUT_MODE.BurnGas);
    const balance = await hook.balanceOf(payoutAddress);
    const buying = licenseMarket.interface.encodeFunctionData("buyBatch", [[bought], true]);
    await expect(payout.execute(market, 0n, buying, { gasLimit: 5_000_000n }))
      .to.be.revertedWithCustomError(licenseMarket, "InsufficientGas")
      .withArgs(0n);
    expect(await hook.balanceOf(payoutAddress)).to.equal(balance);
    expect(await licenseMarket.hasAccess(payoutAddress, song, USE.Human)).to.equal(false);
  });
});

describe("LicenseMarket against gifts that mean harm", () => {
  /** The attacker owns a work, and gives the victim licences of it for nothing. */
  const given = async (count: number) => {
    const fixture = await loadFixture(marketFixture);
    const { licenseMarket, alice: attacker, bob: victim, sell, purchase } = fixture;
    const termsId = await sell(periods(1n, { price: 0n }));
    const start = (await now()) + 100n;
    const costs: bigint[] = [];
    for (let i = 0n; i < count; i++) {
      const gift = await at(start + 2n * i, () => licenseMarket.connect(attacker).buy(purchase(termsId, victim)));
      costs.push((await gift.wait())!.gasUsed);
    }
    return { ...fixture, victim, attacker, termsId, start, costs };
  };

  it("adds at most an interval a second to a history, however many gifts one block has", async () => {
    const { licenseMarket, attacker, victim, song, termsId, start, purchase } = await given(3);
    const second = start + 100n;
    for (let i = 0; i < 3; i++) {
      await at(second, () =>
        licenseMarket.connect(attacker).buyBatch(Array(10).fill(purchase(termsId, victim)) as [], true),
      );
    }
    // The third of the first lapsed and was copied; the thirty of one second are one licence.
    expect(await licenseMarket.historyOf(victim, song, USE.Human)).to.have.length(3);
    const { start: from, expiry } = await licenseMarket.licenseOf(victim, song, USE.Human);
    expect([from, expiry]).to.deep.equal([second, second + 30n]);
  });

  it("leaves the past as it was, and every second of it to be asked for", async () => {
    const { licenseMarket, victim, song, start } = await given(20);
    await time.increaseTo(start + 100n);
    for (let i = 0n; i < 20n; i++) {
      expect(await licenseMarket.wasLicensedAt(victim, song, USE.Human, start + 2n * i)).to.equal(true);
      expect(await licenseMarket.wasLicensedAt(victim, song, USE.Human, start + 2n * i + 1n)).to.equal(false);
    }
  });

  it("costs the giver two new words an interval, and the audit the logarithm @gas", async () => {
    const gasOf = async (count: number): Promise<bigint> => {
      const { licenseMarket, victim, song, start } = await given(count);
      const asked = [0n, 1n, 2n * BigInt(count / 2) + 1n, 2n * BigInt(count) - 1n];
      await time.increaseTo(start + 2n * BigInt(count) + 10n);
      const costs = await Promise.all(
        asked.map((s) => licenseMarket.wasLicensedAt.estimateGas(victim, song, USE.HumanCommercial - 1, start + s)),
      );
      return costs.reduce((a, b) => (a > b ? a : b));
    };
    const [few, many] = [await gasOf(4), await gasOf(128)];
    const { costs } = await given(6);
    console.log(`      a gift that adds an interval: ${costs.at(-1)} gas; audit of 4: ${few}, of 128: ${many}`);
    // Five more steps of the search, each a cold slot and a little arithmetic.
    expect(many - few).to.be.lessThan(5n * (2_100n + 600n));
    // A gift pays for a new slot of history each time: 22,100 gas at least on top of a transaction.
    for (const cost of costs.slice(2)) expect(cost).to.be.greaterThan(43_100n);
  });

  it("never shortens, cuts or changes a licence that runs", async () => {
    const { licenseMarket, alice: attacker, bob: victim, song, sell, purchase } = await loadFixture(marketFixture);
    const termsId = await sell(periods(1_000n));
    const start = (await now()) + 10n;
    await at(start, () => licenseMarket.connect(victim).buy(purchase(termsId, victim)));
    for (const content of [periods(1n, { price: 0n }), periods(FOREVER - 1n, { price: 0n }), { price: 0n }]) {
      const worse = await sell(content);
      await expect(licenseMarket.connect(attacker).buy(purchase(worse, victim)))
        .to.be.revertedWithCustomError(licenseMarket, "OtherTermsRunning")
        .withArgs(victim.address, termsId, worse);
    }
    expect([...(await licenseMarket.licenseOf(victim, song, USE.Human))]).to.deep.equal([
      start,
      start + 1_000n,
      termsId,
    ]);
    expect(await licenseMarket.historyOf(victim, song, USE.Human)).to.deep.equal([]);
  });

  it("cannot overflow units or time so that what the victim holds shrinks", async () => {
    const { licenseMarket, alice: attacker, bob: victim, song, sell, purchase } = await loadFixture(marketFixture);
    const metered = await sell(units({ price: 0n }));
    await licenseMarket.connect(victim).buy(purchase(metered, victim, { quantity: 100n }));
    const max = 2n ** 64n - 1n;
    for (const quantity of [max, max - 99n]) {
      await expect(licenseMarket.connect(attacker).buy(purchase(metered, victim, { quantity })))
        .to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity")
        .withArgs(quantity);
    }
    await licenseMarket.connect(attacker).buy(purchase(metered, victim, { quantity: max - 100n }));
    expect((await licenseMarket.meterOf(victim, song, USE.Human)).purchased).to.equal(max);
    await licenseMarket.connect(victim).consume(song, USE.Human, 100n);

    const timed = await sell(periods(1_000n, { price: 0n, use: USE.Training }));
    await licenseMarket.connect(victim).buy(purchase(timed, victim, { use: USE.Training }));
    const { expiry } = await licenseMarket.licenseOf(victim, song, USE.Training);
    for (const quantity of [2n ** 40n, (2n ** 64n - 1n) / 1_000n, max]) {
      await expect(licenseMarket.connect(attacker).buy(purchase(timed, victim, { use: USE.Training, quantity })))
        .to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity")
        .withArgs(quantity);
    }
    expect(await licenseMarket.subscriptionExpiry(victim, song, USE.Training)).to.equal(expiry);
  });

  it("filled to the brim with time, still lets its licensee buy for good", async () => {
    const { licenseMarket, alice: attacker, bob: victim, song, sell, purchase } = await loadFixture(marketFixture);
    const free = await sell(periods(1n, { price: 0n }));
    const start = (await now()) + 10n;
    const brim = purchase(free, victim, { quantity: FOREVER - 1n - start });
    await at(start, () => licenseMarket.connect(attacker).buy(brim));
    expect(await licenseMarket.subscriptionExpiry(victim, song, USE.Human)).to.equal(FOREVER - 1n);
    const forGood = await sell();
    await licenseMarket.connect(victim).buy(purchase(forGood, victim));
    expect(await licenseMarket.subscriptionExpiry(victim, song, USE.Human)).to.equal(FOREVER);
  });

  it("leaves units and time of one use apart, whichever the owner offers", async () => {
    const { licenseMarket, alice: attacker, bob: victim, song, sell, purchase } = await loadFixture(marketFixture);
    const timed = await sell(periods(1_000n));
    await licenseMarket.connect(victim).buy(purchase(timed, victim));
    const before = [...(await licenseMarket.licenseOf(victim, song, USE.Human))];
    const metered = await sell(units({ price: 0n }));
    await licenseMarket.connect(attacker).buy(purchase(metered, victim, { quantity: 2n ** 64n - 1n }));
    expect([...(await licenseMarket.licenseOf(victim, song, USE.Human))]).to.deep.equal(before);
  });
});

describe("LicenseMarket against its sellers", () => {
  it("sells nothing of a work that the owner deletes, sells or loses in a dispute just before", async () => {
    const { licenseMarket, ipRegistry, holders, alice, bob, song, sell, purchase } = await loadFixture(marketFixture);
    const termsId = await sell();
    await ipRegistry.connect(holders.IP_FREEZER).freeze(song);
    for (const call of [
      () => licenseMarket.connect(bob).buy(purchase(termsId, bob)),
      () => licenseMarket.connect(bob).buyBatch([purchase(termsId, bob)], false),
      () => licenseMarket.priceOf(purchase(termsId, bob), bob),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(licenseMarket, "WorkNotActive");
    }
    // The owner of a disputed work may offer, and sells nothing by it.
    await licenseMarket.connect(alice).setOffer(song, USE.Human, 0n);
  });

  it("pays the work, not whoever owns it: a former owner's sales stay with the work, the buyer's licence too", async () => {
    const ctx = await loadFixture(marketFixture);
    const { licenseMarket, ipRegistry, royaltyGraph, pieUSD, alice, bob, carol, song, token, sell, purchase } = ctx;
    const termsId = await sell({ price: 10_000n });
    await licenseMarket.connect(bob).buy(purchase(termsId, bob));
    await ipRegistry.connect(alice).transferFrom(alice, carol, song);
    await expect(royaltyGraph.connect(alice).withdraw(song, token, alice))
      .to.be.revertedWithCustomError(royaltyGraph, "NotPayee")
      .withArgs(alice.address, carol.address);
    // The protocol's hundredth stays.
    await expect(royaltyGraph.connect(carol).withdraw(song, token, carol)).to.changeTokenBalance(pieUSD, carol, 9_900n);
    expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(true);
  });

  it("holds no money of anybody's after any call: balances are what they were", async () => {
    const ctx = await loadFixture(marketFixture);
    const { licenseMarket, pieUSD, market, bob, carol, sell, purchase } = ctx;
    const inToken = await sell(periods(10n));
    const inCoin = await sell(periods(10n, { use: USE.Training, paymentToken: NATIVE }));
    const balances = async (): Promise<bigint[]> => [
      await pieUSD.balanceOf(market),
      await hre.ethers.provider.getBalance(market),
    ];
    const signed = await signPurchase(ctx, { address: bob.address, signer: bob }, purchase(inToken, carol), PRICE);
    const coin = purchase(inCoin, bob, { use: USE.Training });
    const calls: ((by: HardhatEthersSigner) => Promise<unknown>)[] = [
      (by) => licenseMarket.connect(by).buy(purchase(inToken, by)),
      (by) => licenseMarket.connect(by).buy(coin, { value: PRICE }),
      (by) => licenseMarket.connect(by).buyBatch([purchase(inToken, by), coin], false, { value: PRICE }),
      (by) => licenseMarket.connect(by).buyBatch([coin, coin, coin], true, { value: 2n * PRICE + 1n }),
      (by) => send(licenseMarket.connect(by), signed),
    ];
    for (const call of calls) {
      await call(bob);
      expect(await balances()).to.deep.equal([0n, 0n]);
    }
  });
});
