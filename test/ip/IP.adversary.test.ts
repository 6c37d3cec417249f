import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { ZeroAddress, concat, dataSlice, id as digest, toBeHex } from "ethers";
import hre from "hardhat";

import { buildTransfer, signPieUSD } from "../../sdk/payments/typedData";
import { KIND, NATIVE, STATUS, USE, createTerms, ipFixture, offer, registration, terms } from "../fixtures/ip";
import {
  DAY,
  FOREVER,
  NO_END,
  PRICE,
  consumptionTypes,
  marketFixture,
  now,
  periods,
  send,
  signPurchase,
  units,
} from "../fixtures/market";
import { UNIT } from "../fixtures/suite";
import { asRole, schedule } from "../helpers/authority";
import { PAYOUT_DUE } from "../helpers/mocks";
import { MAX_SUM, addressOf, boundAccount, collectBy, freeze, redirect, unfreeze } from "../helpers/royalties";
import { packEdge, registryDomain, signRegistration } from "../helpers/works";

/** What one transaction may take since Osaka. */
const TRANSACTION_GAS = 16_777_216n;

const DUE = 1_000_000n;

describe("A stolen key of IP's roles", () => {
  async function fixture() {
    const ip = await loadFixture(ipFixture);
    const { ipRegistry, royaltyGraph, holders, bob, song } = ip;
    await royaltyGraph.connect(bob).pay(song, { value: DUE });
    const registry = await ipRegistry.getAddress();
    const call = {
      unfreeze: ipRegistry.interface.encodeFunctionData("unfreeze", [song]),
      redirect: ipRegistry.interface.encodeFunctionData("redirect", [song, holders.IP_REDIRECT.address]),
    };
    return { ...ip, registry, call, freezer: ipRegistry.connect(holders.IP_FREEZER) };
  }

  it("of the freezer makes a work's money wait for as long as it is the freezer's, and takes none", async () => {
    const ctx = await loadFixture(fixture);
    const { royaltyGraph, manager, freezer, holders, alice, song } = ctx;
    const revoke = manager.interface.encodeFunctionData("revokeRole", [202n, holders.IP_FREEZER.address]);
    await manager.connect(holders.ADMIN).schedule(manager, revoke, 0);
    await freezer.freeze(song);
    for (let day = 0; day < 7; ++day) {
      await unfreeze(ctx, song);
      await freezer.freeze(song);
      await expect(royaltyGraph.connect(alice).withdraw(song, NATIVE, alice)).to.be.revertedWithCustomError(
        royaltyGraph,
        "WorkDisputed",
      );
    }
    await manager.connect(holders.ADMIN).execute(manager, revoke);
    await expect(freezer.freeze(song)).to.be.revertedWithCustomError(ctx.ipRegistry, "AccessManagedUnauthorized");
    await unfreeze(ctx, song);
    await expect(royaltyGraph.connect(alice).withdraw(song, NATIVE, alice)).to.changeEtherBalance(alice, 990_000n);
  });

  it("of the redirection, with an operation kept ready, takes a work's income in the second of its dispute", async () => {
    const ctx = await loadFixture(fixture);
    const { royaltyGraph, manager, freezer, holders, registry, call, song } = ctx;
    const thief = holders.IP_REDIRECT;
    await schedule(ctx, "IP_REDIRECT", registry, call.redirect);
    await time.increase(DAY);
    // Without a dispute it is worth nothing, and is not used up by being tried.
    await expect(manager.connect(thief).execute(registry, call.redirect))
      .to.be.revertedWithCustomError(ctx.ipRegistry, "NotDisputed")
      .withArgs(song);
    await freezer.freeze(song);
    await manager.connect(thief).execute(registry, call.redirect);
    await expect(royaltyGraph.connect(thief).withdraw(song, NATIVE, thief)).to.changeEtherBalance(thief, 990_000n);
  });

  it("of the redirection waits the whole day where the guardian cancels what has no dispute yet", async () => {
    const ctx = await loadFixture(fixture);
    const { manager, freezer, holders, registry, call, song } = ctx;
    await schedule(ctx, "IP_REDIRECT", registry, call.redirect);
    await manager.connect(holders.GUARDIAN).cancel(holders.IP_REDIRECT, registry, call.redirect);
    await freezer.freeze(song);
    await expect(manager.connect(holders.IP_REDIRECT).execute(registry, call.redirect)).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotScheduled",
    );
  });

  it("of the unfreezer outruns a redirection, which the freezer brings back within the block", async () => {
    const ctx = await loadFixture(fixture);
    const { ipRegistry, royaltyGraph, manager, freezer, holders, registry, call, alice, song } = ctx;
    const { IP_REDIRECT: honest, IP_UNFREEZER: thief } = holders;
    await freezer.freeze(song);
    await schedule(ctx, "IP_UNFREEZER", registry, call.unfreeze);
    await schedule(ctx, "IP_REDIRECT", registry, call.redirect);
    await time.increase(DAY);
    await manager.connect(thief).execute(registry, call.unfreeze);
    await expect(manager.connect(honest).execute(registry, call.redirect)).to.be.revertedWithCustomError(
      ipRegistry,
      "NotDisputed",
    );
    // It was not used up: as fast as the freezer freezes anew, unless the owner comes between.
    await freezer.freeze(song);
    await manager.connect(honest).execute(registry, call.redirect);
    await expect(royaltyGraph.connect(alice).withdraw(song, NATIVE, alice)).to.be.revertedWithCustomError(
      royaltyGraph,
      "NotPayee",
    );
  });

  it("of every role but the upgrader's moves no token, changes no edge, and stops no claim, all together", async () => {
    const ctx = await loadFixture(fixture);
    const { ipRegistry, royaltyGraph, holders, registry, remix, song, alice, carol, bob } = ctx;
    const edges = await royaltyGraph.edgesOf(remix);
    await royaltyGraph.connect(bob).pay(remix, { value: DUE });
    await freeze(ctx, song);
    await redirect(ctx, remix, holders.IP_REDIRECT.address);
    await freeze(ctx, remix);
    const fee = ipRegistry.interface.encodeFunctionData("setProtocolFee", [500n]);
    await asRole(ctx, "IP_CONFIG", registry, fee);
    const treasury = royaltyGraph.interface.encodeFunctionData("setTreasury", [holders.IP_CONFIG.address]);
    await asRole(ctx, "IP_CONFIG", await addressOf(royaltyGraph), treasury);
    expect([await ipRegistry.ownerOf(song), await ipRegistry.ownerOf(remix)]).to.deep.equal([
      alice.address,
      carol.address,
    ]);
    expect(await royaltyGraph.edgesOf(remix)).to.deep.equal(edges);
    expect(await royaltyGraph.claim.staticCall(remix, 0n, NATIVE)).to.equal(100_000n);
    expect(await royaltyGraph.claim.staticCall(remix, 1n, NATIVE)).to.equal(50_000n);
    // The fee of a work is that of its registration.
    expect(await royaltyGraph.claimableFees(remix, NATIVE)).to.deep.equal([10_000n, 0n]);
  });
});

describe("A walk through disputes, deletions and sales", () => {
  it("pays after each step whom it must, and nobody else", async () => {
    const ctx = await loadFixture(ipFixture);
    const { ipRegistry, royaltyGraph, song, alice, bob, carol, relayer, stranger, root, holders } = ctx;
    const track = await root(alice, { contributors: [{ account: carol.address, share: 250_000n }] });
    await royaltyGraph.connect(bob).pay(track, { value: DUE });
    const people = [alice, bob, carol, relayer, stranger];
    const state = {
      owner: alice,
      payee: undefined as HardhatEthersSigner | undefined,
      disputed: false,
      deleted: false,
    };
    const steps: Record<string, () => Promise<void>> = {
      freeze: async () => {
        await freeze(ctx, track);
        state.disputed = true;
      },
      unfreeze: async () => {
        await unfreeze(ctx, track);
        state.disputed = false;
      },
      "redirect to bob": async () => {
        await redirect(ctx, track, bob.address);
        Object.assign(state, { disputed: false, payee: bob });
      },
      "redirect to relayer": async () => {
        await redirect(ctx, track, relayer.address);
        Object.assign(state, { disputed: false, payee: relayer });
      },
      "give back": async () => {
        await redirect(ctx, track, ZeroAddress);
        Object.assign(state, { disputed: false, payee: undefined });
      },
      sell: async () => {
        const to = state.owner === alice ? stranger : alice;
        await ipRegistry.connect(state.owner).transferFrom(state.owner, to, track);
        state.owner = to;
      },
      delete: async () => {
        await ipRegistry.connect(state.payee ?? state.owner).deleteWork(track);
        state.deleted = true;
      },
    };
    const walk =
      "freeze,sell,unfreeze,redirect to bob,sell,freeze,sell,unfreeze,freeze,redirect to relayer,sell,give back,sell," +
      "freeze,give back,redirect to bob,delete,freeze,sell,unfreeze,give back,freeze,redirect to relayer,sell,give back";
    for (const step of walk.split(",")) {
      await steps[step]!();
      const { owner, payee, disputed, deleted } = state;
      const status = disputed ? STATUS.Disputed : deleted ? STATUS.Deleted : STATUS.Active;
      expect(await ipRegistry.statusOf(track), step).to.equal(status);
      expect(await ipRegistry.controllerOf(track), step).to.equal((payee ?? owner).address);
      expect(await ipRegistry.payeeOf(track), step).to.equal(payee?.address ?? ZeroAddress);
      for (const who of [...people, holders.IP_REDIRECT]) {
        const graph = royaltyGraph.connect(who);
        const takes: [of: string, by: HardhatEthersSigner, amount: bigint, call: () => Promise<bigint>][] = [
          ["owner", payee ?? owner, 742_500n, () => graph.withdraw.staticCall(track, NATIVE, who)],
          [
            "contributor",
            payee ?? carol,
            247_500n,
            () => graph.withdrawContribution.staticCall(track, 0n, NATIVE, who),
          ],
        ];
        for (const [of, by, amount, call] of takes) {
          const label = `${step}: the ${of}'s share by ${who.address}`;
          if (disputed) await expect(call(), label).to.be.revertedWithCustomError(royaltyGraph, "WorkDisputed");
          else if (who.address === by.address) expect(await call(), label).to.equal(amount);
          else await expect(call(), label).to.be.revertedWithCustomError(royaltyGraph, "NotPayee");
        }
      }
    }
    // Another work of the same owner knows nothing of it.
    expect(await ipRegistry.statusOf(song)).to.equal(STATUS.Active);
  });

  it("takes back no licence: time goes on, and units are consumed, whatever becomes of the work", async () => {
    const ctx = await loadFixture(marketFixture);
    const { ipRegistry, licenseMarket, chainId, market, bob, carol, relayer, song, sell, purchase } = ctx;
    await licenseMarket.connect(bob).buy(purchase(await sell(periods(30n * DAY)), bob));
    const metered = await sell(units({ use: USE.Inference }));
    await licenseMarket.connect(bob).buy(purchase(metered, bob, { use: USE.Inference, quantity: 10n }));
    const domain = { name: "Tessera Licenses", version: "1", chainId, verifyingContract: market };
    let total = 0n;
    const goesOn = async () => {
      expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(true);
      const message = { licensee: bob.address, ipId: song, use: USE.Inference, total: ++total, deadline: NO_END };
      const signature = await bob.signTypedData(domain, consumptionTypes, message);
      await licenseMarket.connect(relayer).consumeWithSignature(bob, song, USE.Inference, total, NO_END, signature);
      expect(await licenseMarket.hasAccess(bob, song, USE.Inference)).to.equal(true);
    };
    await freeze(ctx, song);
    await goesOn();
    await redirect(ctx, song, carol.address);
    await goesOn();
    await licenseMarket.connect(carol).setOffer(song, USE.Human, 0n);
    await ipRegistry.connect(carol).deleteWork(song);
    await goesOn();
  });
});

describe("A seller of a work", () => {
  it("reveals an older commitment after he sold the first of its content: possible within seven days, not after", async () => {
    const { ipRegistry, alice: seller, bob: buyer } = await loadFixture(ipFixture);
    const salts = [digest("one"), digest("two")] as const;
    const contentHash = digest("a hit");
    for (const salt of salts) {
      await ipRegistry.commit(await ipRegistry.commitmentOf(seller, contentHash, salt));
    }
    const committed = await ipRegistry.committedAt(await ipRegistry.commitmentOf(seller, contentHash, salts[0]));
    await time.increase(60);
    await ipRegistry.connect(seller).register(registration(seller, { contentHash }));
    const sold = await ipRegistry.totalSupply();
    const registeredAt = await now();
    await ipRegistry.connect(seller).transferFrom(seller, buyer, sold);
    expect(await ipRegistry.firstRegistrationOf(contentHash)).to.deep.equal([sold, registeredAt]);

    await ipRegistry.connect(seller).register(registration(seller, { contentHash, salt: salts[0] }));
    expect(await ipRegistry.firstRegistrationOf(contentHash)).to.deep.equal([sold + 1n, committed]);

    // So whoever buys a first place waits until no commitment can be older and still be revealed.
    await time.increaseTo(registeredAt + 7n * DAY);
    await expect(
      ipRegistry.connect(seller).register(registration(seller, { contentHash, salt: salts[1] })),
    ).to.be.revertedWithCustomError(ipRegistry, "CommitmentExpired");
  });

  it("keeps what the work's account approved before the sale: possible, told by the account's state", async () => {
    const { ipRegistry, pieUSD, alice: seller, bob: buyer, carol, song } = await loadFixture(ipFixture);
    const account = await boundAccount(ipRegistry, song);
    await pieUSD.connect(carol).transfer(account, UNIT);
    const approve = pieUSD.interface.encodeFunctionData("approve", [seller.address, UNIT]);
    await account.connect(seller).execute(pieUSD, 0n, approve, 0);
    await ipRegistry.connect(seller).transferFrom(seller, buyer, song);
    expect(await account.state()).to.equal(1n);
    await pieUSD.connect(seller).transferFrom(account, seller, UNIT);
    expect(await pieUSD.balanceOf(account)).to.equal(0n);
  });

  it("gives licences away for good on the eve of the sale: possible, and the buyer can only end the offer", async () => {
    const {
      ipRegistry,
      licenseMarket,
      alice: seller,
      bob: buyer,
      stranger,
      song,
      sell,
      purchase,
    } = await loadFixture(marketFixture);
    const free = await sell({ price: 0n, paymentToken: NATIVE, use: USE.TrainingCommercial });
    const bought = purchase(free, stranger, { use: USE.TrainingCommercial });
    await licenseMarket.connect(stranger).buy(bought);
    await ipRegistry.connect(seller).transferFrom(seller, buyer, song);
    await licenseMarket.connect(buyer).setOffer(song, USE.TrainingCommercial, 0n);
    expect(await licenseMarket.subscriptionExpiry(stranger, song, USE.TrainingCommercial)).to.equal(FOREVER);
  });

  it("who offers a trial by duration for nothing has given the work away: anybody takes 34,000 years of it", async () => {
    const { licenseMarket, stranger, bob, song, sell, purchase } = await loadFixture(marketFixture);
    const trial = await sell(periods(DAY, { price: 0n, paymentToken: NATIVE }));
    const quantity = (FOREVER - 1n - (await now()) - 10n) / DAY;
    await licenseMarket.connect(stranger).buy(purchase(trial, bob, { quantity }));
    expect(await licenseMarket.subscriptionExpiry(bob, song, USE.Human)).to.be.greaterThan(FOREVER - 2n * DAY);
  });
});

describe("A thief of payments whose addressee was mistaken", () => {
  it("books what a signature sends to the graph itself to a work of his own: possible, a work is paid at its inbox", async () => {
    const { royaltyGraph, pieUSD, domain, alice: victim, stranger: thief, root } = await loadFixture(ipFixture);
    const own = await root(thief);
    const payout = await hre.ethers.deployContract("MockPayout");
    const message = buildTransfer({
      from: victim.address,
      to: await addressOf(royaltyGraph),
      value: UNIT,
      validBefore: NO_END,
    });
    const { bytes } = await signPieUSD(victim, domain, "TransferWithAuthorization", message);
    const transfer = pieUSD.interface.encodeFunctionData(
      "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
      [message.from, message.to, message.value, message.validAfter, message.validBefore, message.nonce, bytes],
    );
    await payout.setDue(PAYOUT_DUE.ReenterInstead);
    await payout.setReentry(pieUSD, 0n, transfer);
    await collectBy(payout, royaltyGraph, [own, pieUSD, UNIT, "0x"]);
    expect(await royaltyGraph.revenueOf(own, pieUSD)).to.deep.equal([UNIT, 0n]);
  });

  it("sells his own work by a purchase that was signed for an id not there yet: possible, terms are anybody's", async () => {
    const ctx = await loadFixture(marketFixture);
    const { ipRegistry, licenseMarket, bob: victim, stranger: thief, root, sell, purchase, earned, token } = ctx;
    const termsId = await sell();
    const next = (await ipRegistry.totalSupply()) + 1n;
    const signed = await signPurchase(
      ctx,
      { address: victim.address, signer: victim },
      purchase(termsId, victim, { ipId: next }),
      PRICE,
    );
    await expect(send(licenseMarket, signed)).to.be.revertedWithCustomError(licenseMarket, "NoOffer");
    await root(thief);
    await sell({}, next, thief);
    await send(licenseMarket.connect(thief), signed);
    expect(await earned(token, next)).to.equal(PRICE);
  });
});

describe("A hostile token", () => {
  it("poured into a work to its brim stops that token there, and no other, no sale, no sweep, no claim", async () => {
    const ctx = await loadFixture(marketFixture);
    const { royaltyGraph: graph, licenseMarket, pieUSD, alice, bob, stranger, song, remix, sell, purchase } = ctx;
    const hostile = await hre.ethers.deployContract("MockHostileERC20");
    await hostile.mint(stranger, 2n ** 200n);
    await hostile.connect(stranger).approve(graph, hre.ethers.MaxUint256);
    for (const work of [song, remix]) await graph.connect(stranger).payToken(work, hostile, MAX_SUM);
    await graph.claim(remix, 0n, hostile);
    await hostile.connect(stranger).transfer(await graph.inboxOf(song), 1n);
    await expect(graph.sweep(song, hostile))
      .to.be.revertedWithCustomError(graph, "LedgerOverflow")
      .withArgs(song, hostile, 1n);

    await licenseMarket.connect(bob).buy(purchase(await sell(), bob));
    await pieUSD.connect(bob).transfer(await graph.inboxOf(song), UNIT);
    await graph.sweep(song, pieUSD);
    await graph.connect(bob).pay(remix, { value: DUE });
    await expect(graph.claimBatch([{ child: remix, edge: 0n }], NATIVE))
      .to.emit(graph, "Claimed")
      .withArgs(remix, song, NATIVE, 0n, 100_000n);
    await expect(graph.connect(alice).withdraw(song, pieUSD, alice)).to.changeTokenBalance(
      pieUSD,
      alice,
      ((PRICE + UNIT) * 99n) / 100n,
    );
  });

  it("that rebases on demand has its gain booked as a payment, and is short of it after the next fall, alone", async () => {
    const { royaltyGraph: graph, alice, bob, stranger: thief, song, root } = await loadFixture(ipFixture);
    const rebasing = await hre.ethers.deployContract("MockRebasingToken");
    await rebasing.mint(bob, 1_000n);
    await rebasing.connect(bob).approve(graph, 1_000n);
    await graph.connect(bob).payToken(song, rebasing, 1_000n);
    await graph.connect(bob).pay(song, { value: DUE });
    const own = await root(thief);
    const payout = await hre.ethers.deployContract("MockPayout");
    await payout.setDue(PAYOUT_DUE.ReenterInstead);
    await payout.setReentry(rebasing, 0n, rebasing.interface.encodeFunctionData("rebase", [1_500n]));
    await collectBy(payout, graph, [own, rebasing, 500n, "0x"]);
    expect(await graph.revenueOf(own, rebasing)).to.deep.equal([500n, 0n]);
    await graph.connect(thief).withdraw(own, rebasing, thief);
    await rebasing.rebase(1_000n);
    // The song's 990 are more than is left of this token; its ether is whole.
    await expect(graph.connect(alice).withdraw(song, rebasing, alice)).to.be.revertedWithCustomError(
      rebasing,
      "ERC20InsufficientBalance",
    );
    await expect(graph.connect(alice).withdraw(song, NATIVE, alice)).to.changeEtherBalance(alice, 990_000n);
  });

  it("with two addresses to one ledger is booked once, under the one that was asked for", async () => {
    const { royaltyGraph: graph, usdt, stranger, root } = await loadFixture(ipFixture);
    const upgraded = await hre.ethers.deployContract("MockUpgradedUSDT", [await usdt.getAddress()]);
    const payout = await hre.ethers.deployContract("MockPayout");
    await upgraded.migrate(payout, 1_000n);
    await usdt.deprecate(upgraded);
    const own = await root(stranger);
    // Asked in the old one's name, paid by the new one's, and asked again within by the new one's.
    await payout.setDue(PAYOUT_DUE.ReenterInstead);
    const transfer = upgraded.interface.encodeFunctionData("transfer", [await addressOf(graph), 1_000n]);
    await payout.setReentry(upgraded, 0n, transfer);
    await collectBy(payout, graph, [own, usdt, 1_000n, "0x"]);
    expect(await graph.revenueOf(own, usdt)).to.deep.equal([1_000n, 0n]);
    expect(await graph.revenueOf(own, upgraded)).to.deep.equal([0n, 0n]);
    await graph.connect(stranger).withdraw(own, usdt, stranger);
    expect(await upgraded.balanceOf(stranger)).to.equal(990n);
  });

  it("that is the registry of works itself: a work that strayed into an inbox only changes its grave", async () => {
    const { ipRegistry, royaltyGraph: graph, alice, bob, song, beat } = await loadFixture(ipFixture);
    const inbox = await graph.inboxOf(beat);
    await ipRegistry.connect(alice).transferFrom(alice, inbox, song);
    // The inbox owns one work, so its whole balance is 1, which is also that work's id.
    expect(song).to.equal(1n);
    await graph.sweep(beat, ipRegistry);
    expect(await ipRegistry.ownerOf(song)).to.equal(await addressOf(graph));
    expect(await graph.revenueOf(beat, ipRegistry)).to.deep.equal([1n, 0n]);
    // The owner's floor of one unit is none, because of the protocol's fee.
    expect(await graph.connect(bob).withdraw.staticCall(beat, ipRegistry, bob)).to.equal(0n);
    await graph.connect(bob).pay(song, { value: DUE });
  });
});

describe("Works that hold each other", () => {
  it("by safe transfers into each other's accounts are lost, sign nothing, and cost who asks them little @gas", async () => {
    const ctx = await loadFixture(ipFixture);
    const { ipRegistry, royaltyGraph, alice, bob, stranger, song, root } = ctx;
    const other = await root(alice);
    const accounts = [await boundAccount(ipRegistry, song), await boundAccount(ipRegistry, other)] as const;
    const safeTransfer = ipRegistry.connect(alice)["safeTransferFrom(address,address,uint256)"];
    await safeTransfer(alice, accounts[1], song);
    await safeTransfer(alice, accounts[0], other);

    expect(await accounts[0].isValidSignature(digest("anything"), "0x")).to.equal("0xffffffff");
    const content = registration(stranger);
    await expect(
      ipRegistry.connect(stranger).registerFor(accounts[0], content, [], NO_END, "0x", { gasLimit: TRANSACTION_GAS }),
    )
      .to.be.revertedWithCustomError(ipRegistry, "InvalidSignature")
      .withArgs(await addressOf(accounts[0]));
    const block = await hre.ethers.provider.getBlock("latest");
    expect(block?.gasUsed).to.be.lessThan(TRANSACTION_GAS / 10n);

    // Their money is not lost with them: a dispute's payee can have it.
    await royaltyGraph.connect(bob).pay(song, { value: DUE });
    await redirect(ctx, song, bob.address);
    await expect(royaltyGraph.connect(bob).withdraw(song, NATIVE, bob)).to.changeEtherBalance(bob, 990_000n);
  });
});

describe("Batches at their bounds, of works that were never touched", () => {
  const ROW = 32;

  it("fit a transaction: 256 claims and 256 works' fees, each of its own app @gas", async () => {
    const { ipRegistry, royaltyGraph, appRegistry, alice, relativeTerms } = await loadFixture(ipFixture);
    const base = await ipRegistry.totalSupply();
    const numbers = Array.from({ length: 256 }, (_, i) => BigInt(i));
    for (let i = 0; i < numbers.length; ++i) await appRegistry.registerApp(alice, 500n);
    const rows = numbers.filter((i) => i % BigInt(ROW) === 0n).map((i) => numbers.slice(Number(i), Number(i) + ROW));
    const creator = ipRegistry.connect(alice);
    for (const row of rows) {
      const root = () => ({ registration: registration(alice, { termsId: relativeTerms }), edges: [] });
      await creator.registerBatch(row.map(root), false);
    }
    for (const row of rows) {
      const derivative = (i: bigint) => ({
        registration: registration(alice, { appId: i + 1n }),
        edges: [packEdge({ parentId: base + i + 1n, rate: 100_000n, termsId: relativeTerms })],
      });
      await creator.registerBatch(row.map(derivative), false);
    }
    const children = numbers.map((i) => base + 257n + i);
    for (const child of children) await royaltyGraph.connect(alice).pay(child, { value: DUE });
    const claims = children.map((child) => ({ child, edge: 0n }));
    for (const call of [
      () => royaltyGraph.claimBatch(claims, NATIVE, { gasLimit: TRANSACTION_GAS }),
      () => royaltyGraph.claimFees(children, NATIVE, { gasLimit: TRANSACTION_GAS }),
    ]) {
      await (await call()).wait();
    }
    for (const [i, child] of children.entries()) {
      if (i % 85 !== 0) continue;
      expect(await royaltyGraph.claimable(child, 0n, NATIVE)).to.equal(0n);
      expect(await royaltyGraph.claimableFees(child, NATIVE)).to.deep.equal([0n, 0n]);
      expect(await royaltyGraph.feesOf(BigInt(i) + 1n, NATIVE)).to.deep.equal([50_000n, 0n]);
    }
  });

  it("fit a transaction: fifty derivatives of sixteen edges each, without contributors and URIs @gas", async () => {
    const { ipRegistry, royaltyGraph, licenseTerms, alice, root, derive } = await loadFixture(ipFixture);
    const absolute = await createTerms(licenseTerms, terms({ royaltyRate: 10_000n, absolute: true }));
    const termsId = await createTerms(licenseTerms, terms({ royaltyRate: 10_000n }));
    const tops: bigint[] = [];
    for (let i = 0; i < 8; ++i) tops.push(await root(alice, { termsId: absolute }));
    const parents: bigint[] = [];
    for (let i = 0; i < 8; ++i) parents.push(await derive(alice, tops, { termsId }));
    const edges = [...(await royaltyGraph.edgesFor(parents))];
    expect(edges.length).to.equal(16);
    const before = await ipRegistry.totalSupply();
    const items = Array.from({ length: 50 }, () => ({ registration: registration(alice, { termsId }), edges }));
    await (await ipRegistry.connect(alice).registerBatch(items, false, { gasLimit: TRANSACTION_GAS })).wait();
    expect(await ipRegistry.totalSupply()).to.equal(before + 50n);
    expect(await royaltyGraph.edgesOf(before + 50n)).to.deep.equal(await royaltyGraph.edgesOf(before + 1n));
  });
});

describe("The registry against calldata that no encoder writes", () => {
  const word = (value: bigint): string => toBeHex(BigInt.asUintN(256, value), 32);

  async function fixture() {
    const ip = await loadFixture(ipFixture);
    const { ipRegistry, chainId, alice, carol, song } = ip;
    const registry = await ipRegistry.getAddress();
    const edges = [...(await ip.royaltyGraph.edgesFor([song]))];
    const content = registration(alice.address, {
      uri: "ar://what was signed",
      contributors: [{ account: carol.address, share: 1_000n }],
    });
    const message = { creator: alice.address, registration: content, edges, nonce: 0n, deadline: NO_END };
    const signature = await signRegistration(alice, registryDomain(chainId, registry), message);
    const args = [alice.address, content, edges, NO_END, signature] as const;
    const data = ipRegistry.interface.encodeFunctionData("registerFor", [...args]);
    const words = Array.from({ length: (data.length - 10) / 64 }, (_, i) => dataSlice(data, 4 + 32 * i, 36 + 32 * i));
    const send = async (body: readonly string[], tail = "0x") =>
      ip.relayer.sendTransaction({ to: registry, data: concat([dataSlice(data, 0, 4), ...body, tail]) });
    return { ...ip, content, words, send };
  }

  it("registers what was signed, whatever follows it", async () => {
    const { ipRegistry, words, send, content } = await loadFixture(fixture);
    await send(words, toBeHex(2n ** 255n, 77));
    const id = await ipRegistry.totalSupply();
    expect(await ipRegistry.tokenURI(id)).to.equal(content.uri);
  });

  // 0 creator, 1 registration, 2 edges, 3 deadline, 4 signature; then owner, content, terms, app, royalty, fees, salt, URI,
  // contributors; the URI's length and text, the contributors' length, account and share; the edges' length and edge.
  for (const [what, at, change] of [
    ["dirt above the creator", 0, (w: bigint) => w | (1n << 160n)],
    ["dirt above the owner", 5, (w: bigint) => w | (1n << 255n)],
    ["dirt above the terms", 7, (w: bigint) => w | (1n << 32n)],
    ["dirt above the app", 8, (w: bigint) => w | (1n << 24n)],
    ["dirt above the fees", 10, (w: bigint) => w | (1n << 16n)],
    ["dirt above a contributor", 17, (w: bigint) => w | (1n << 160n)],
    ["dirt above a share", 18, (w: bigint) => w | (1n << 32n)],
    ["a URI that ends behind the end", 14, () => 2n ** 40n],
    ["2^64 contributors", 16, () => 2n ** 64n],
    ["2^64 edges", 19, () => 2n ** 64n],
    ["a registration that begins behind the end", 1, () => 2n ** 63n],
  ] as const) {
    it(`reverts for ${what}, and leaves the nonce`, async () => {
      const { ipRegistry, words, send, alice } = await loadFixture(fixture);
      words[at] = word(change(BigInt(words[at]!)));
      await expect(send(words)).to.be.revertedWithoutReason();
      expect(await ipRegistry.nonces(alice)).to.equal(0n);
    });
  }

  for (const [what, at, to] of [
    ["the URI where the contributors are", 12, 13],
    ["the contributors where the URI is", 13, 12],
    ["the edges where the signature is", 2, 4],
  ] as const) {
    it(`takes no signature for a list that points elsewhere: ${what}`, async () => {
      const { ipRegistry, words, send, alice } = await loadFixture(fixture);
      words[at] = words[to]!;
      await expect(send(words)).to.be.reverted;
      expect(await ipRegistry.nonces(alice)).to.equal(0n);
    });
  }

  it("registers an element twice where a batch points to it twice, and reveals its commitment once", async () => {
    const { ipRegistry, alice } = await loadFixture(fixture);
    const salt = digest("salt");
    const content = registration(alice.address, { salt });
    await ipRegistry.commit(await ipRegistry.commitmentOf(alice, content.contentHash, salt));
    await time.increase(1);
    const data = ipRegistry.interface.encodeFunctionData("registerBatch", [
      [{ registration: content, edges: [] }],
      true,
    ]);
    const element = dataSlice(data, 4 + 32 * 4);
    const twice = concat([dataSlice(data, 0, 4), word(0x40n), word(1n), word(2n), word(0x40n), word(0x40n), element]);
    const before = await ipRegistry.totalSupply();
    const reason = ipRegistry.interface.encodeErrorResult("UnknownCommitment", [
      await ipRegistry.commitmentOf(alice, content.contentHash, salt),
    ]);
    await expect(alice.sendTransaction({ to: ipRegistry, data: twice }))
      .to.emit(ipRegistry, "RegistrationSkipped")
      .withArgs(1n, reason);
    expect(await ipRegistry.totalSupply()).to.equal(before + 1n);
  });
});

describe("A licensee", () => {
  it("gets nothing out of switching terms to and fro: time is what was paid for, to the second", async () => {
    const { licenseMarket, bob, song, licenseTerms, alice, purchase, token, earned } = await loadFixture(marketFixture);
    const make = (price: bigint) => {
      const content = offer({ kind: KIND.Duration, duration: DAY, paymentToken: token, price });
      return createTerms(licenseTerms, content);
    };
    const both = [await make(PRICE), await make(2n * PRICE)] as const;
    const start = (await now()) + 100n;
    let paid = 0n;
    for (let i = 0; i < 6; ++i) {
      const termsId = both[i % 2]!;
      await licenseMarket.connect(alice).setOffer(song, USE.Human, termsId);
      await time.setNextBlockTimestamp(start + BigInt(1_000 * i));
      await licenseMarket.connect(bob).buy(purchase(termsId, bob));
      paid += BigInt((i % 2) + 1) * PRICE;
    }
    expect(await licenseMarket.subscriptionExpiry(bob, song, USE.Human)).to.equal(start + 6n * DAY);
    expect(await earned(token)).to.equal(paid);
    const history = await licenseMarket.historyOf(bob, song, USE.Human);
    expect(history.map(({ start: from, expiry }) => [from, expiry])).to.deep.equal(
      Array.from({ length: 5 }, (_, i) => [start + BigInt(1_000 * i), start + BigInt(1_000 * (i + 1))]),
    );
    for (let second = start - 1n; second <= (await now()); second += 500n) {
      expect(await licenseMarket.wasLicensedAt(bob, song, USE.Human, second)).to.equal(second >= start);
    }
  });
});
