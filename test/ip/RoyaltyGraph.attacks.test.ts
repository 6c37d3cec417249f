import { loadFixture, setBalance, takeSnapshot } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, concat, parseUnits } from "ethers";
import hre from "hardhat";

import { NATIVE, createTerms, ipFixture, terms } from "../fixtures/ip";
import { HOSTILE_MOVE, PAYOUT_DUE, PAYOUT_MODE } from "../helpers/mocks";
import {
  D,
  addressOf,
  collectBy,
  errorOf,
  ledgerOf,
  many,
  netGasOf,
  registerChain,
  selectorOf,
} from "../helpers/royalties";

const HELD = 10n ** 9n;
/** ERC-1967's slot of a proxy's implementation. */
const IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";

/** `work` is the attacker's contract's: it owns it, contributes to it, and is the payee of its app. Everything is due to it. */
async function fixture() {
  const ip = await ipFixture();
  const { royaltyGraph: graph, appRegistry, ipRegistry, alice, bob, song, relativeTerms, derive } = ip;
  const attacker = await hre.ethers.deployContract("MockPayout");
  const hook = await hre.ethers.deployContract("MockHookToken");
  await hook.mint(alice, HELD);
  await hook.mint(attacker, HELD);
  await hook.connect(alice).approve(graph, MaxUint256);
  const does = (target: { getAddress(): Promise<string> }, data: string) =>
    attacker.execute(target.getAddress(), 0n, data);
  await does(hook, hook.interface.encodeFunctionData("approve", [await graph.getAddress(), MaxUint256]));
  await appRegistry.connect(bob).registerApp(attacker, 500n);
  const work = await derive(bob, [song], {
    termsId: relativeTerms,
    appId: 1n,
    owner: await attacker.getAddress(),
    contributors: [{ account: await attacker.getAddress(), share: 250_000n }],
  });
  await graph.connect(alice).pay(work, { value: 10_000n });
  await graph.connect(alice).payToken(work, hook, 10_000n);
  await graph.claimFees([work], NATIVE);
  await graph.claimFees([work], hook);
  // Something to sweep, and something to pay along.
  await alice.sendTransaction({ to: await graph.inboxOf(work), value: 70n });
  await setBalance(await attacker.getAddress(), 1_000n);
  return { ...ip, graph, ipRegistry, attacker, hook, work, does };
}

describe("RoyaltyGraph reentered", () => {
  let ctx: Awaited<ReturnType<typeof fixture>>;

  beforeEach(async () => {
    ctx = await loadFixture(fixture);
  });

  const encode = {
    pay: () => ctx.graph.interface.encodeFunctionData("pay", [ctx.work]),
    payToken: async () =>
      ctx.graph.interface.encodeFunctionData("payToken", [ctx.work, await addressOf(ctx.hook), 100n]),
    collect: async () =>
      ctx.graph.interface.encodeFunctionData("collect", [ctx.work, await addressOf(ctx.hook), 100n, "0x"]),
    withdraw: async () =>
      ctx.graph.interface.encodeFunctionData("withdraw", [
        ctx.work,
        await addressOf(ctx.hook),
        await addressOf(ctx.attacker),
      ]),
    "withdraw of native coin": async () =>
      ctx.graph.interface.encodeFunctionData("withdraw", [ctx.work, NATIVE, await addressOf(ctx.attacker)]),
    withdrawContribution: async () =>
      ctx.graph.interface.encodeFunctionData("withdrawContribution", [
        ctx.work,
        0n,
        await addressOf(ctx.hook),
        await addressOf(ctx.attacker),
      ]),
    "withdrawContribution of native coin": async () =>
      ctx.graph.interface.encodeFunctionData("withdrawContribution", [
        ctx.work,
        0n,
        NATIVE,
        await addressOf(ctx.attacker),
      ]),
    withdrawFees: async () =>
      ctx.graph.interface.encodeFunctionData("withdrawFees", [
        1n,
        await addressOf(ctx.hook),
        await addressOf(ctx.attacker),
      ]),
    "withdrawFees of native coin": async () =>
      ctx.graph.interface.encodeFunctionData("withdrawFees", [1n, NATIVE, await addressOf(ctx.attacker)]),
    sweep: () => ctx.graph.interface.encodeFunctionData("sweep", [ctx.work, NATIVE]),
  };
  type Call = keyof typeof encode;

  const hooks = async (on: boolean): Promise<void> => {
    const own = on ? await addressOf(ctx.attacker) : ZeroAddress;
    await ctx.does(ctx.hook, ctx.hook.interface.encodeFunctionData("setHooks", [own, own]));
  };

  /** What money leaves or enters by these calls gives the attacker a turn. */
  const OUTER: readonly Call[] = [
    "payToken",
    "collect",
    "withdraw",
    "withdraw of native coin",
    "withdrawContribution",
    "withdrawContribution of native coin",
    "withdrawFees",
    "withdrawFees of native coin",
  ];

  /** The attacker's books: what it has, and what the graph still owes it. */
  const worth = async (): Promise<bigint[]> => {
    const { graph, hook, attacker, work } = ctx;
    const out: bigint[] = [];
    for (const token of [NATIVE, await addressOf(hook)]) {
      const held = token === NATIVE ? await hre.ethers.provider.getBalance(attacker) : await hook.balanceOf(attacker);
      const [collected, withdrawn] = await graph.feesOf(1n, token);
      const due = (await graph.withdrawable(work, 0n, token)) + (await graph.withdrawable(work, 1n, token));
      out.push(held + due + collected - withdrawn);
    }
    return out;
  };

  /** The graph holds of each token what it credited less what it paid: nothing was credited twice, nothing paid unseen. */
  const expectWhole = async (): Promise<void> => {
    const { graph, hook, work, song } = ctx;
    for (const token of [NATIVE, await addressOf(hook)]) {
      let owed = 0n;
      for (const id of [work, song]) {
        const [direct] = await graph.revenueOf(id, token);
        const shares = id === work ? 2 : 1;
        owed += direct;
        for (let share = 0; share < shares; ++share) owed -= await graph.withdrawnOf(id, share, token);
      }
      for (const appId of [0n, 1n]) owed -= (await graph.feesOf(appId, token)).withdrawn;
      const held = token === NATIVE ? await hre.ethers.provider.getBalance(graph) : await hook.balanceOf(graph);
      expect(held, token).to.equal(owed);
    }
  };

  for (const outer of OUTER) {
    for (const inner of Object.keys(encode) as Call[]) {
      it(`during ${outer}, refuses ${inner}, and does what it was asked`, async () => {
        const { graph, attacker, does } = ctx;
        // Alone, the inner call would succeed.
        await attacker.execute.staticCall(graph, inner === "pay" ? 5n : 0n, await encode[inner]());
        await attacker.setReentry(graph, inner === "pay" ? 5n : 0n, await encode[inner]());
        await attacker.setMode(PAYOUT_MODE.Reenter);
        if (outer === "collect") await attacker.setDue(PAYOUT_DUE.ReenterAndPay);
        else await hooks(true);
        const before = await worth();
        await does(graph, await encode[outer]());
        expect(await attacker.reentries()).to.equal(1n);
        expect(await attacker.reentrySucceeded()).to.equal(false);
        expect(selectorOf(await attacker.reentryResult())).to.equal(errorOf(graph, "ReentrancyGuardReentrantCall"));
        // What the attacker pays to its own work, it owes parents and fees a part of; else it neither gains nor loses.
        const after = await worth();
        const pays = outer === "payToken" || outer === "collect";
        expect(after[0]).to.equal(before[0]);
        if (pays) expect(after[1]! - before[1]!).to.be.lessThan(0n);
        else expect(after[1]).to.equal(before[1]);
        await expectWhole();
        const [direct] = await graph.revenueOf(ctx.work, ctx.hook);
        expect(direct).to.equal(pays ? 10_100n : 10_000n);
      });
    }
  }

  describe("by claims", () => {
    const claims = (tokens: readonly string[]): [string, string][] => {
      const { graph, work } = ctx;
      const { interface: i } = graph;
      return tokens.flatMap((token): [string, string][] => [
        ["claim", i.encodeFunctionData("claim", [work, 0n, token])],
        ["claimBatch", i.encodeFunctionData("claimBatch", [[{ child: work, edge: 0n }], token])],
        ["claimPath", i.encodeFunctionData("claimPath", [work, [0n], token])],
        ["claimFees", i.encodeFunctionData("claimFees", [[work], token])],
      ]);
    };
    for (const outer of ["payToken", "withdraw", "withdraw of native coin"] as const) {
      it(`during ${outer}, lets them pass and is the same afterwards as with them before or after`, async () => {
        const { graph, attacker, does, work, song, hook } = ctx;
        const tokens = [NATIVE, await addressOf(hook)];
        const all = async (): Promise<void> => {
          for (const token of tokens) {
            await graph.claim(work, 0n, token);
            await graph.claimFees([work], token);
          }
        };
        const start = await takeSnapshot();
        await does(graph, await encode[outer]());
        await all();
        const expected = await ledgerOf(graph, [song, work], tokens);
        await start.restore();
        for (const [what, data] of claims(tokens)) {
          await attacker.setReentry(graph, 0n, data);
          await attacker.setMode(PAYOUT_MODE.Reenter);
          await hooks(true);
          await does(graph, await encode[outer]());
          expect(await attacker.reentries(), what).to.equal(1n);
          expect(await attacker.reentrySucceeded(), what).to.equal(true);
          await all();
          expect(await ledgerOf(graph, [song, work], tokens), what).to.deep.equal(expected);
          await expectWhole();
          await start.restore();
        }
      });
    }
  });

  it("credits once, to the work that is paid, what a hook gives to the graph within the measurement", async () => {
    const { graph, attacker, hook, does, work } = ctx;
    await hooks(true);
    await attacker.setMode(PAYOUT_MODE.Reenter);
    await attacker.setReentry(hook, 0n, hook.interface.encodeFunctionData("transfer", [await addressOf(graph), 30n]));
    await does(graph, await encode.payToken());
    expect(await attacker.reentrySucceeded()).to.equal(true);
    expect(await graph.revenueOf(work, hook)).to.deep.equal([10_130n, 0n]);
    await expectWhole();
  });

  it("takes back everything where the hook's failure fails the call", async () => {
    const { graph, hook, work, song, does, attacker } = ctx;
    const tokens = [NATIVE, await addressOf(hook)];
    await hooks(true);
    await attacker.setMode(PAYOUT_MODE.Refuse);
    const before = await ledgerOf(graph, [song, work], tokens);
    await expect(does(graph, await encode.withdraw())).to.be.revertedWithCustomError(attacker, "Refused");
    await expect(does(graph, await encode.payToken())).to.be.revertedWithCustomError(attacker, "Refused");
    expect(await ledgerOf(graph, [song, work], tokens)).to.deep.equal(before);
    // The lock is open again.
    await attacker.setMode(PAYOUT_MODE.Accept);
    await does(graph, await encode.withdraw());
    await expectWhole();
  });

  it("by another contract in the same transaction, after the first call ended, is no reentry", async () => {
    const { graph, attacker } = ctx;
    // Two payments one after the other within one transaction: the lock is not left behind.
    const twice = await hre.ethers.deployContract("MockMulticall3");
    const pay = encode.pay();
    const calls = [pay, pay].map((data) => ({
      target: attacker,
      callData: attacker.interface.encodeFunctionData("execute", [graph.target as string, 1n, data]),
    }));
    await twice.tryAggregate(true, calls);
    expect((await graph.revenueOf(ctx.work, NATIVE)).direct).to.equal(10_002n);
  });
});

describe("RoyaltyGraph attacked", () => {
  describe("by money that was not paid", () => {
    it("keeps forced native coin as nobody's", async () => {
      const { graph, remix, alice, carol, song } = await loadFixture(fixture);
      await graph.connect(alice).pay(remix, { value: 1_000n });
      const before = await ledgerOf(graph, [song, remix], [NATIVE]);
      const held = await hre.ethers.provider.getBalance(graph);
      // A contract that ends in its constructor, and names the graph its heir.
      await alice.sendTransaction({ data: concat(["0x73", await graph.getAddress(), "0xff"]), value: 555n });
      expect(await hre.ethers.provider.getBalance(graph)).to.equal(held + 555n);
      await setBalance(await graph.getAddress(), held + 5_555n);
      expect(await ledgerOf(graph, [song, remix], [NATIVE])).to.deep.equal(before);
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(carol, 840n);
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(carol, 0n);
      // Nor does it pay for anybody: a payment credits its own value.
      await graph.connect(alice).pay(remix, { value: 1n });
      expect((await graph.revenueOf(remix, NATIVE)).direct).to.equal(1_001n);
    });

    it("keeps tokens that were sent to it as nobody's, and counts no payment by them", async () => {
      const { graph, remix, alice, bob, hook } = await loadFixture(fixture);
      await hook.connect(alice).transfer(graph, 500n);
      expect((await graph.revenueOf(remix, hook)).direct).to.equal(0n);
      await expect(graph.connect(bob).payToken(remix, hook, 0n)).to.be.revertedWithCustomError(graph, "ZeroAmount");
      await graph.connect(alice).payToken(remix, hook, 1n);
      expect((await graph.revenueOf(remix, hook)).direct).to.equal(1n);
    });

    it("cannot be paid as a fee account: no id leads there", async () => {
      const { graph, work, hook, alice } = await loadFixture(fixture);
      const before = [await graph.feesOf(0n, NATIVE), await graph.feesOf(1n, NATIVE)];
      for (const id of [0n, 2n ** 40n, 2n ** 40n + 1n, 2n ** 128n, 2n ** 255n, MaxUint256]) {
        await expect(graph.connect(alice).pay(id, { value: 1n }))
          .to.be.revertedWithCustomError(graph, "UnknownWork")
          .withArgs(id);
        await expect(graph.connect(alice).payToken(id, hook, 1n))
          .to.be.revertedWithCustomError(graph, "UnknownWork")
          .withArgs(id);
      }
      expect([await graph.feesOf(0n, NATIVE), await graph.feesOf(1n, NATIVE)]).to.deep.equal(before);
      // Work 1's books and app 1's are two.
      expect((await graph.feesOf(1n, NATIVE)).collected).to.equal(500n);
      expect(await graph.revenueOf(1n, NATIVE)).to.deep.equal([0n, 0n]);
      expect(work).to.not.equal(1n);
    });
  });

  describe("by its tokens", () => {
    it("loses to a rebasing token nothing but that token's own", async () => {
      const { graph, remix, alice, carol } = await loadFixture(fixture);
      const rebasing = await hre.ethers.deployContract("MockRebasingToken");
      await rebasing.mint(alice, HELD);
      await rebasing.connect(alice).approve(graph, MaxUint256);
      await graph.connect(alice).payToken(remix, rebasing, 1_000n);
      await graph.connect(alice).pay(remix, { value: 1_000n });
      await rebasing.rebase(HELD / 2n);
      await expect(graph.connect(carol).withdraw(remix, rebasing, carol))
        .to.be.revertedWithCustomError(rebasing, "ERC20InsufficientBalance")
        .withArgs(await graph.getAddress(), 500n, 840n);
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(carol, 840n);
      // It is owed still, and paid when the token is there: by a rebase up, whose surplus is nobody's.
      await rebasing.rebase(4n * HELD);
      await expect(graph.connect(carol).withdraw(remix, rebasing, carol)).to.changeTokenBalance(rebasing, carol, 840n);
      expect(await graph.withdrawable(remix, 0n, rebasing)).to.equal(0n);
      expect(await rebasing.balanceOf(graph)).to.equal(4_000n - 840n);
    });

    it("pays no other token for one that lies about what arrived", async () => {
      const { graph, remix, alice, carol, pieUSD, hook } = await loadFixture(fixture);
      const hostile = await hre.ethers.deployContract("MockHostileERC20");
      await hostile.mint(alice, 1_000n);
      await hostile.connect(alice).approve(graph, MaxUint256);
      await graph.connect(alice).payToken(remix, pieUSD, 100n);
      const others = await ledgerOf(graph, [remix], [NATIVE, pieUSD, hook]);
      await hostile.setMove(HOSTILE_MOVE.More, 90_000n);
      await graph.connect(alice).payToken(remix, hostile, 100n);
      await hostile.setMove(HOSTILE_MOVE.Exactly, 0n);
      await hostile.setBalanceOffset(graph, 10n ** 30n);
      expect(await ledgerOf(graph, [remix], [NATIVE, pieUSD, hook])).to.deep.equal(others);
      await graph.connect(carol).withdraw(remix, hostile, carol);
      await expect(graph.connect(carol).withdraw(remix, pieUSD, carol)).to.changeTokenBalance(pieUSD, carol, 84n);
    });

    it("loses to a token that takes more than it is asked for, or delivers less, nothing but that token's own", async () => {
      const { graph, remix, alice, carol, pieUSD } = await loadFixture(fixture);
      const hostile = await hre.ethers.deployContract("MockHostileERC20");
      await hostile.mint(alice, 2_000n);
      await hostile.connect(alice).approve(graph, MaxUint256);
      await graph.connect(alice).payToken(remix, pieUSD, 1_000n);
      const others = await ledgerOf(graph, [remix], [NATIVE, pieUSD]);
      await graph.connect(alice).payToken(remix, hostile, 1_000n);
      await hostile.setMove(HOSTILE_MOVE.Less, 1_000n);
      await expect(graph.connect(carol).withdraw(remix, hostile, carol)).to.changeTokenBalances(
        hostile,
        [graph, carol],
        [-840n, 756n],
      );
      expect(await graph.withdrawnOf(remix, 0n, hostile)).to.equal(840n);
      await hostile.setMove(HOSTILE_MOVE.Exactly, 0n);
      await graph.connect(alice).payToken(remix, hostile, 1_000n);
      await hostile.setMove(HOSTILE_MOVE.More, 1_000n);
      await expect(graph.connect(carol).withdraw(remix, hostile, carol)).to.changeTokenBalance(hostile, graph, -924n);
      expect(await ledgerOf(graph, [remix], [NATIVE, pieUSD])).to.deep.equal(others);
      await expect(graph.connect(carol).withdraw(remix, pieUSD, carol)).to.changeTokenBalance(pieUSD, carol, 840n);
    });

    it("keeps the books of two tokens of one kind apart", async () => {
      const { graph, remix, alice, carol } = await loadFixture(fixture);
      const [a, b] = [
        await hre.ethers.deployContract("MockPermitUSDT", [6]),
        await hre.ethers.deployContract("MockPermitUSDT", [6]),
      ];
      for (const token of [a, b]) {
        await token.issue(alice, 1_000n);
        await token.connect(alice).approve(graph, MaxUint256);
      }
      await graph.connect(alice).payToken(remix, a, 1_000n);
      expect(await graph.revenueOf(remix, b)).to.deep.equal([0n, 0n]);
      await graph.claim(remix, 0n, b);
      expect(await graph.withdrawable(remix, 0n, b)).to.equal(0n);
      await graph.connect(carol).withdraw(remix, b, carol);
      expect(await b.balanceOf(carol)).to.equal(0n);
      await graph.connect(carol).withdraw(remix, a, carol);
      expect(await a.balanceOf(carol)).to.equal(840n);
      expect(await graph.withdrawnOf(remix, 0n, b)).to.equal(0n);
    });

    it("takes no work for money: an ERC-721 is moved only where its owner gave leave, and sold to nobody", async () => {
      const { graph, ipRegistry, remix, song, carol, alice } = await loadFixture(fixture);
      // The registry answers balanceOf and transferFrom, and remix's owner gave the graph no leave.
      await expect(graph.connect(carol).payToken(song, ipRegistry, remix))
        .to.be.revertedWithCustomError(ipRegistry, "ERC721InsufficientApproval")
        .withArgs(await graph.getAddress(), remix);
      await expect(graph.connect(alice).payToken(song, ipRegistry, remix)).to.be.reverted;
    });

    it("lets nobody pay, or be credited, with another's allowance", async () => {
      const { graph, hook, work, attacker, alice, stranger } = await loadFixture(fixture);
      // Alice approved the graph without limit.
      const held = await hook.balanceOf(alice);
      await expect(graph.connect(stranger).payToken(work, hook, 1n)).to.be.revertedWithCustomError(
        hook,
        "ERC20InsufficientAllowance",
      );
      await attacker.setDue(PAYOUT_DUE.PayNothing);
      await expect(collectBy(attacker, graph, [work, hook, 1n, "0x"])).to.be.revertedWithCustomError(
        graph,
        "ZeroAmount",
      );
      expect(await hook.balanceOf(alice)).to.equal(held);
    });
  });

  describe("by a chain of 200 works", () => {
    async function chainFixture() {
      const ip = await ipFixture();
      const { alice, relativeTerms: termsId, root, royaltyGraph: graph } = ip;
      const top = await root(alice, { termsId });
      const length = many(200, 6);
      const chain = await registerChain(ip, alice, { id: top, termsId }, length);
      // Money flowed everywhere concerned before.
      const [first, beforeLast, last] = [chain[0]!, chain[length - 2]!, chain[length - 1]!];
      for (const id of [top, first, beforeLast, last]) {
        await graph.connect(alice).pay(id, { value: 1_000n });
        await graph.claim(id, 0n, NATIVE);
        await graph.connect(alice).withdraw(id, NATIVE, alice);
      }
      return { ...ip, graph, top, chain, first, beforeLast, last };
    }

    it("costs a payment, a claim and a withdrawal at its end what they cost at its beginning @gas", async () => {
      const { graph, alice, first, last } = await loadFixture(chainFixture);
      const costs = { pay: new Set<bigint>(), claim: new Set<bigint>(), withdraw: new Set<bigint>() };
      for (const id of [first, last]) {
        costs.pay.add(await netGasOf(graph.connect(alice).pay(id, { value: 10_000n })));
        costs.claim.add(await netGasOf(graph.connect(alice).claim(id, 0n, NATIVE)));
        costs.withdraw.add(await netGasOf(graph.connect(alice).withdraw(id, NATIVE, alice)));
      }
      for (const [what, gas] of Object.entries(costs)) expect(gas.size, `${what}: ${[...gas].join(", ")}`).to.equal(1);
    });

    it("keeps no owner in it from his money, and no work from growing on", async () => {
      const { graph, alice, beforeLast, last, derive, relativeTerms } = await loadFixture(chainFixture);
      await graph.connect(alice).pay(last, { value: 10_000n });
      await expect(graph.connect(alice).withdraw(last, NATIVE, alice)).to.changeEtherBalance(graph, -8_900n);
      await graph.claim(last, 0n, NATIVE);
      expect((await graph.revenueOf(beforeLast, NATIVE)).inflow).to.equal(1_100n);
      const next = await derive(alice, [last], { termsId: relativeTerms });
      expect((await graph.edgesOf(next)).length).to.equal(1);
    });

    it("dilutes a relative rate with each generation, which costs nobody but the far ancestors", async () => {
      const { graph, alice, top, chain } = await loadFixture(chainFixture);
      const before = (await graph.revenueOf(top, NATIVE)).inflow;
      await graph.connect(alice).pay(chain[5]!, { value: 10n ** 12n });
      const claims = chain
        .slice(0, 6)
        .reverse()
        .map((child) => ({ child, edge: 0n }));
      await graph.claimBatch(claims, NATIVE);
      expect((await graph.revenueOf(top, NATIVE)).inflow - before).to.equal(10n ** 12n / 10n ** 6n);
    });
  });

  describe("by a work put between an ancestor and a success", () => {
    it("dilutes a relative ancestor, and an absolute one not at all", async () => {
      const { graph, licenseTerms, alice, bob, root, derive } = await loadFixture(fixture);
      const rate = 100_000n;
      const relative = await root(alice, { termsId: await createTerms(licenseTerms, terms({ royaltyRate: rate })) });
      const absolute = await root(alice, {
        termsId: await createTerms(licenseTerms, terms({ royaltyRate: rate, absolute: true })),
      });
      // Bob's shell passes a thousandth of its derivatives' revenue on; behind it stands the work that earns.
      const shellTerms = await createTerms(licenseTerms, terms({ royaltyRate: 1_000n }));
      for (const [ancestor, expected] of [
        [relative, (D * 1_000n * rate) / D / D],
        [absolute, (D * rate) / D],
      ] as const) {
        let parent = ancestor;
        const shells: bigint[] = [];
        for (let i = 0; i < 3; ++i) {
          parent = await derive(bob, [parent], { termsId: shellTerms });
          shells.push(parent);
          if (ancestor === relative) break;
        }
        const success = await derive(bob, [parent]);
        await graph.connect(alice).pay(success, { value: D });
        for (const child of [success, ...shells.reverse()]) {
          for (const edge of (await graph.edgesOf(child)).keys()) await graph.claim(child, edge, NATIVE);
        }
        expect((await graph.revenueOf(ancestor, NATIVE)).inflow).to.equal(expected);
      }
    });
  });

  describe("at its deployment", () => {
    const implementationOf = async (proxy: string): Promise<string> =>
      `0x${(await hre.ethers.provider.getStorage(proxy, IMPLEMENTATION_SLOT)).slice(26)}`;

    it("cannot be initialised again, neither by its proxy nor by its implementation", async () => {
      const { graph, manager, stranger } = await loadFixture(fixture);
      const [treasury, inbox] = [await graph.treasury(), await addressOf(manager)];
      const implementation = await hre.ethers.getContractAt(
        "RoyaltyGraph",
        await implementationOf(await graph.getAddress()),
      );
      for (const target of [graph, implementation]) {
        await expect(target.connect(stranger).initialize(manager, inbox, stranger)).to.be.revertedWithCustomError(
          graph,
          "InvalidInitialization",
        );
      }
      expect(await graph.treasury()).to.equal(treasury);
      expect(await implementation.treasury()).to.equal(ZeroAddress);
    });

    it("is initialised by the transaction that deploys it: there is nothing between to front-run", async () => {
      const { graph, manager } = await loadFixture(fixture);
      const created = await hre.ethers.provider.getLogs({ address: await graph.getAddress(), fromBlock: 0 });
      const of = (name: "Upgraded" | "Initialized" | "AuthorityUpdated" | "TreasuryUpdated") =>
        created.filter(({ topics }) => topics[0] === graph.interface.getEvent(name).topicHash);
      const events = [of("Upgraded"), of("Initialized"), of("AuthorityUpdated"), of("TreasuryUpdated")];
      for (const logs of events) expect(logs.length).to.equal(1);
      expect(new Set(events.map(([log]) => log!.transactionHash)).size).to.equal(1);
      expect(await graph.authority()).to.equal(await manager.getAddress());
    });

    it("refuses an authority or an inbox without code, and nobody as treasury", async () => {
      const { graph, manager, ipRegistry, licenseTerms, appRegistry, stranger, alice } = await loadFixture(fixture);
      const implementation = await hre.ethers.deployContract("RoyaltyGraph", [ipRegistry, licenseTerms, appRegistry]);
      const inbox = await hre.ethers.deployContract("RoyaltyInbox");
      const deploy = async (authority: string, inboxImplementation: string, treasury: string) =>
        hre.ethers.deployContract("ERC1967Proxy", [
          implementation,
          graph.interface.encodeFunctionData("initialize", [authority, inboxImplementation, treasury]),
        ]);
      const [m, i] = [await manager.getAddress(), await inbox.getAddress()];
      await expect(deploy(stranger.address, i, alice.address))
        .to.be.revertedWithCustomError(graph, "AccessManagedInvalidAuthority")
        .withArgs(stranger.address);
      for (const without of [stranger.address, ZeroAddress]) {
        await expect(deploy(m, without, alice.address))
          .to.be.revertedWithCustomError(graph, "InvalidAddress")
          .withArgs(without);
      }
      await expect(deploy(m, i, ZeroAddress))
        .to.be.revertedWithCustomError(graph, "InvalidAddress")
        .withArgs(ZeroAddress);
      await deploy(m, i, alice.address);
    });

    it("knows its registry, and is upgraded by nobody but the role", async () => {
      const { graph, ipRegistry, stranger, deployer, holders } = await loadFixture(fixture);
      expect(await graph.registry()).to.equal(await ipRegistry.getAddress());
      const implementation = await implementationOf(await graph.getAddress());
      for (const caller of [stranger, deployer, holders.ADMIN, holders.IP_CONFIG]) {
        await expect(graph.connect(caller).upgradeToAndCall(implementation, "0x"))
          .to.be.revertedWithCustomError(graph, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });

  describe("by an owner who sees the freeze coming", () => {
    it("is outrun: a freeze has no delay, and the block's order decides", async () => {
      const { graph, ipRegistry, manager, holders, remix, alice, carol } = await loadFixture(fixture);
      await graph.connect(alice).pay(remix, { value: 1_000n });
      const { provider } = hre.network;
      await provider.send("evm_setAutomine", [false]);
      try {
        const fees = (gwei: string) => ({
          maxFeePerGas: parseUnits("500", "gwei"),
          maxPriorityFeePerGas: parseUnits(gwei, "gwei"),
          gasLimit: 500_000n,
        });
        const withdrawal = await graph.connect(carol).withdraw(remix, NATIVE, carol, fees("1"));
        const data = ipRegistry.interface.encodeFunctionData("freeze", [remix]);
        const freezing = await manager.connect(holders.IP_FREEZER).execute(ipRegistry, data, fees("50"));
        await provider.send("evm_mine", []);
        const [frozen, withdrawn] = await Promise.all(
          [freezing, withdrawal].map(({ hash }) => hre.ethers.provider.getTransactionReceipt(hash)),
        );
        expect(frozen!.status).to.equal(1);
        expect(withdrawn!.status).to.equal(0);
        expect(frozen!.blockNumber).to.equal(withdrawn!.blockNumber);
      } finally {
        await provider.send("evm_setAutomine", [true]);
      }
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol))
        .to.be.revertedWithCustomError(graph, "WorkDisputed")
        .withArgs(remix);
      expect(await graph.withdrawable(remix, 0n, NATIVE)).to.equal(840n);
    });

    it("gains nothing by selling to a straw man: the work is frozen, not the owner", async () => {
      const { graph, ipRegistry, manager, holders, remix, alice, carol, stranger } = await loadFixture(fixture);
      await graph.connect(alice).pay(remix, { value: 1_000n });
      const data = ipRegistry.interface.encodeFunctionData("freeze", [remix]);
      await manager.connect(holders.IP_FREEZER).execute(ipRegistry, data);
      await ipRegistry.connect(carol).transferFrom(carol, stranger, remix);
      await expect(graph.connect(stranger).withdraw(remix, NATIVE, stranger))
        .to.be.revertedWithCustomError(graph, "WorkDisputed")
        .withArgs(remix);
    });
  });

  it("survives an owner of a work that is the graph itself: nobody withdraws, all else goes on", async () => {
    const { graph, ipRegistry, remix, song, alice, carol } = await loadFixture(fixture);
    await ipRegistry.connect(carol).transferFrom(carol, graph, remix);
    await graph.connect(alice).pay(remix, { value: 1_000n });
    await graph.claim(remix, 0n, NATIVE);
    expect((await graph.revenueOf(song, NATIVE)).inflow).to.equal(100n);
    await expect(graph.connect(carol).withdraw(remix, NATIVE, carol))
      .to.be.revertedWithCustomError(graph, "NotPayee")
      .withArgs(carol.address, await graph.getAddress());
  });
});
