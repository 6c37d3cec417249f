/**
 * Whom the rules let move a stock: each refusal of the registry under its own error and account, and the views that
 * foretell it held to what a real transfer does.
 */
import { loadFixture, takeSnapshot, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, id, type ContractTransactionResponse } from "ethers";
import fc from "fast-check";

import {
  ROLE_MASKS,
  Restriction,
  checkTransfer,
  describeRestriction,
  packInvestor,
  packPolicy,
  type Investor,
  type Policy,
} from "../../sdk/equity/compliance";
import { countryIndex, countryMask } from "../../sdk/equity/countries";
import { buildTransfer, transferArguments } from "../../sdk/payments/typedData";
import { equityDomain, signEquity } from "../../sdk/equity/typedData";
import {
  FLAGS,
  HELD,
  KIND,
  PAUSE,
  SHARE,
  WAD,
  block,
  call,
  equityFixture,
  loadEquity,
  refresh,
  scheduleAction,
  setFlags,
  type EquityFixture,
} from "../fixtures/equity";
import { setMultiplier } from "../fixtures/ledger";
import { impersonated } from "../helpers/accounts";

const SEED = 20_261_125;
const RUNS = 150;
const CLASS = 7;
const COUNTRIES = countryMask(["CH", "DE"]);

const NO_POLICY: Policy = { receiverKyc: false, senderKyc: false, byCountry: false, productClass: null };
/** Passes every policy of these tests. */
const FIT: Partial<Investor> = { kyc: true, country: countryIndex("CH"), classes: [CLASS] };

const setInvestor = async (
  { complianceRegistry, holders }: EquityFixture,
  account: string,
  investor: Partial<Investor>,
): Promise<void> => {
  await complianceRegistry
    .connect(holders.EQUITY_KYC)
    .setInvestor(account, ROLE_MASKS.investor, packInvestor(investor));
};

const setPolicy = async (suite: EquityFixture, policy: Policy, countries = COUNTRIES): Promise<void> => {
  const bits = packPolicy(policy);
  await call(suite, "EQUITY_CONFIG", suite.equity, "setPolicy", [bits & 15n, policy.productClass ?? 0, countries]);
};

const system = async (suite: EquityFixture, account: string): Promise<void> => {
  await call(suite, "EQUITY_REGISTRAR", suite.complianceRegistry, "setSystem", [account, FLAGS.SYSTEM, FLAGS.SYSTEM]);
};

const CODES = Object.values(Restriction).filter((value): value is Restriction => typeof value === "number");

const restrictionOf = (answer: bigint): Restriction => {
  const code = CODES.find((known) => BigInt(known) === answer);
  if (code === undefined) throw new Error(`There is no code ${answer}.`);
  return code;
};

type Failure = readonly [error: string, ...args: unknown[]];

interface Ask {
  from: string;
  to: string;
  amount: bigint;
}

/** What a transfer that the views answer `code` about must revert with; null: it passes. */
const failureOf = async (
  { equity, equityAddress, complianceRegistry }: EquityFixture,
  code: Restriction,
  { from, to, amount }: Ask,
): Promise<Failure | null> => {
  switch (code) {
    case Restriction.None:
      return null;
    case Restriction.Paused:
      return ["TransferPaused"];
    case Restriction.Halted:
      return ["CorporateActionHalt", (await equity.pendingMultiplier()).effectiveAt];
    case Restriction.SenderBlocked:
    case Restriction.SenderKyc:
    case Restriction.SenderExpired:
    case Restriction.SenderCountry:
      return ["ERC7943CannotSend", from];
    case Restriction.ReceiverBlocked:
    case Restriction.ReceiverKyc:
    case Restriction.ReceiverExpired:
    case Restriction.ReceiverCountry:
      if (to === ZeroAddress || to === equityAddress) return ["ERC20InvalidReceiver", to];
      return ["ERC7943CannotReceive", to];
    case Restriction.Frozen: {
      const free = (await equity.balanceOf(from)) - (await equity.getFrozenTokens(from));
      return ["ERC7943InsufficientUnfrozenBalance", from, amount, free < 0n ? 0n : free];
    }
    case Restriction.Balance:
      return ["ERC20InsufficientBalance", from, await equity.balanceOf(from), amount];
    case Restriction.Class: {
      const { productClass } = await equity.policy();
      const word = await complianceRegistry.accountOf(from);
      const sends = ((word >> 4n) & 1n) === 1n || ((word >> (120n + productClass)) & 1n) === 1n;
      return sends ? ["ERC7943CannotReceive", to] : ["ERC7943CannotSend", from];
    }
    case Restriction.ReceiverWrapper:
      return ["ERC20InvalidReceiver", to];
    case Restriction.SpenderBlocked:
      throw new Error("No view knows the spender.");
  }
};

/** The views answer this, and the transfer does what they say, in the same second. */
const agree = async (suite: EquityFixture, sender: HardhatEthersSigner, to: string, amount: bigint) => {
  const { equity } = suite;
  const from = sender.address;
  const code = restrictionOf(await equity.detectTransferRestriction(from, to, amount));
  expect(await equity.canTransfer(from, to, amount)).to.equal(
    code === Restriction.None || code === Restriction.Balance,
    describeRestriction(code),
  );
  const failure = await failureOf(suite, code, { from, to, amount });
  await time.setNextBlockTimestamp(await time.latest());
  const sent = equity.connect(sender).transfer(to, amount);
  if (failure === null) await sent;
  else {
    const [error, ...args] = failure;
    await expect(sent)
      .to.be.revertedWithCustomError(equity, error)
      .withArgs(...args);
  }
  return code;
};

describe("EquityToken.transfer under the rules", () => {
  let suite: EquityFixture;

  beforeEach(async () => {
    suite = await loadEquity();
  });

  const soon = 100;

  /** Each makes alice's transfer of a share to bob fail with its code; policy first, as its delay takes two days. */
  const refusals: Record<string, { policy?: Partial<Policy>; arrange: () => Promise<unknown>; code: Restriction }> = {
    "the sender is blocked": {
      arrange: () => block(suite, suite.alice.address),
      code: Restriction.SenderBlocked,
    },
    "the sender may not send": {
      arrange: () => setFlags(suite, suite.alice.address, FLAGS.NO_SEND),
      code: Restriction.SenderBlocked,
    },
    "the receiver is blocked": {
      arrange: () => block(suite, suite.bob.address),
      code: Restriction.ReceiverBlocked,
    },
    "the receiver may not receive": {
      arrange: () => setFlags(suite, suite.bob.address, FLAGS.NO_RECEIVE),
      code: Restriction.ReceiverBlocked,
    },
    "both are blocked": {
      arrange: async () => {
        await block(suite, suite.alice.address);
        await block(suite, suite.bob.address);
      },
      code: Restriction.SenderBlocked,
    },
    "the sender has no KYC": {
      policy: { senderKyc: true },
      arrange: () => setInvestor(suite, suite.alice.address, { ...FIT, kyc: false }),
      code: Restriction.SenderKyc,
    },
    "the receiver has no KYC": {
      policy: { receiverKyc: true },
      arrange: () => setInvestor(suite, suite.bob.address, { ...FIT, kyc: false }),
      code: Restriction.ReceiverKyc,
    },
    "the sender's KYC is over in this second": {
      policy: { senderKyc: true },
      arrange: async () => {
        const expiry = (await time.latest()) + soon;
        await setInvestor(suite, suite.alice.address, { ...FIT, expiry: BigInt(expiry) });
        await time.increaseTo(expiry - 1);
        await agree(suite, suite.alice, suite.bob.address, 1n).then((code) => expect(code).to.equal(0));
        await time.increaseTo(expiry);
      },
      code: Restriction.SenderExpired,
    },
    "the receiver's KYC is over in this second": {
      policy: { receiverKyc: true },
      arrange: async () => {
        const expiry = (await time.latest()) + soon;
        await setInvestor(suite, suite.bob.address, { ...FIT, expiry: BigInt(expiry) });
        await time.increaseTo(expiry - 1);
        await agree(suite, suite.alice, suite.bob.address, 1n).then((code) => expect(code).to.equal(0));
        await time.increaseTo(expiry);
      },
      code: Restriction.ReceiverExpired,
    },
    "the sender's country is not allowed": {
      policy: { byCountry: true },
      arrange: () => setInvestor(suite, suite.alice.address, { ...FIT, country: countryIndex("US") }),
      code: Restriction.SenderCountry,
    },
    "the receiver's country is not allowed": {
      policy: { byCountry: true },
      arrange: () => setInvestor(suite, suite.bob.address, { ...FIT, country: countryIndex("US") }),
      code: Restriction.ReceiverCountry,
    },
    "the receiver's country is not known": {
      policy: { byCountry: true },
      arrange: () => setInvestor(suite, suite.bob.address, { ...FIT, country: 0 }),
      code: Restriction.ReceiverCountry,
    },
    "the sender lacks the class": {
      policy: { productClass: CLASS },
      arrange: () => setInvestor(suite, suite.alice.address, { ...FIT, classes: [CLASS + 1] }),
      code: Restriction.Class,
    },
    "the receiver lacks the class": {
      policy: { productClass: CLASS },
      arrange: () => setInvestor(suite, suite.bob.address, { ...FIT, classes: [] }),
      code: Restriction.Class,
    },
    "both lack the class": {
      policy: { productClass: CLASS },
      arrange: async () => {
        await setInvestor(suite, suite.alice.address, { ...FIT, classes: [] });
        await setInvestor(suite, suite.bob.address, { ...FIT, classes: [] });
      },
      code: Restriction.Class,
    },
    "the sender's shares are frozen": {
      arrange: () => suite.equity.connect(suite.holders.EQUITY_FREEZER).setFrozenTokens(suite.alice, HELD),
      code: Restriction.Frozen,
    },
    "the sender has none": {
      arrange: () => suite.equity.connect(suite.alice).transfer(suite.carol, HELD),
      code: Restriction.Balance,
    },
    "transfers are paused": {
      arrange: async () => {
        await block(suite, suite.alice.address);
        await suite.equity.connect(suite.holders.PAUSER).pause(PAUSE.TRANSFER);
      },
      code: Restriction.Paused,
    },
    "a split halts them": {
      arrange: async () => {
        const at = await scheduleAction(suite, {
          kind: KIND.Split,
          numerator: 2n,
          denominator: 1n,
          haltMinutes: 5,
        });
        await block(suite, suite.alice.address);
        await time.increaseTo(at - 1);
      },
      code: Restriction.Halted,
    },
  };

  /** The account that a refusal names, where it is one that names an account. */
  const named: Partial<Record<string, "alice" | "bob">> = {
    "the sender lacks the class": "alice",
    "the receiver lacks the class": "bob",
    "both lack the class": "alice",
  };

  for (const [name, { policy, arrange, code }] of Object.entries(refusals)) {
    it(`is refused with code ${code} where ${name}, and every view says so`, async () => {
      const { equity, alice, bob } = suite;
      for (const { address } of [alice, bob]) await setInvestor(suite, address, FIT);
      if (policy !== undefined) await setPolicy(suite, { ...NO_POLICY, ...policy });
      expect(await agree(suite, alice, bob.address, 0n)).to.equal(Restriction.None);
      await arrange();
      expect(await agree(suite, alice, bob.address, SHARE)).to.equal(code);
      const who = named[name];
      if (who !== undefined)
        await expect(equity.connect(alice).transfer(bob, 0n))
          .to.be.revertedWithCustomError(equity, who === "alice" ? "ERC7943CannotSend" : "ERC7943CannotReceive")
          .withArgs(suite[who].address);
      expect(await equity.messageForTransferRestriction(code)).to.equal(describeRestriction(code));
      const side = describeRestriction(code);
      const sends = !side.startsWith("Sender") && who !== "alice";
      const receives = !side.startsWith("Receiver") && name !== "both lack the class" && who !== "bob";
      if (code > Restriction.Halted) {
        expect(await equity.canSend(alice)).to.equal(sends);
        expect(await equity.canReceive(bob)).to.equal(receives && name !== "both are blocked");
      }
      // An allowance is no way around.
      await equity.connect(alice).approve(suite.stranger, MaxUint256);
      await expect(equity.connect(suite.stranger).transferFrom(alice, bob, SHARE)).to.be.reverted;
    });
  }

  it("is refused to the wrapper with code 15", async () => {
    const { equity, wrapper, wrapperAddress, alice } = suite;
    expect(await agree(suite, alice, wrapperAddress, SHARE)).to.equal(Restriction.ReceiverWrapper);
    expect(await equity.canReceive(wrapper)).to.equal(true);
  });

  for (const [name, code] of [
    ["nobody", Restriction.ReceiverBlocked],
    ["the token itself", Restriction.ReceiverBlocked],
  ] as const) {
    it(`is refused to ${name}`, async () => {
      const { equity, equityAddress, alice } = suite;
      const to = name === "nobody" ? ZeroAddress : equityAddress;
      expect(await agree(suite, alice, to, SHARE)).to.equal(code);
      expect(await equity.canReceive(to)).to.equal(false);
    });
  }

  it("is refused from nobody", async () => {
    const { equity, bob } = suite;
    expect(await equity.detectTransferRestriction(ZeroAddress, bob, 0n)).to.equal(Restriction.SenderBlocked);
    expect(await equity.canTransfer(ZeroAddress, bob, 0n)).to.equal(false);
    expect(await equity.canSend(ZeroAddress)).to.equal(false);
  });

  describe("by policy", () => {
    const NONE: Partial<Investor> = {};
    const rows: [name: string, policy: Partial<Policy>, from: Partial<Investor>, to: Partial<Investor>, Restriction][] =
      [
        ["off: unknown to unknown", {}, NONE, NONE, Restriction.None],
        ["receive: unknown to fit", { receiverKyc: true }, NONE, FIT, Restriction.None],
        ["receive: fit to unknown", { receiverKyc: true }, FIT, NONE, Restriction.ReceiverKyc],
        ["both: fit to fit", { receiverKyc: true, senderKyc: true }, FIT, FIT, Restriction.None],
        ["both: unknown to fit", { receiverKyc: true, senderKyc: true }, NONE, FIT, Restriction.SenderKyc],
        ["both: fit to unknown", { receiverKyc: true, senderKyc: true }, FIT, NONE, Restriction.ReceiverKyc],
        ["send: fit to unknown", { senderKyc: true }, FIT, NONE, Restriction.None],
        [
          "country: of the mask, without KYC",
          { byCountry: true },
          { country: countryIndex("DE") },
          FIT,
          Restriction.None,
        ],
        ["country: unknown sender", { byCountry: true }, NONE, FIT, Restriction.SenderCountry],
        ["class: with it, without KYC", { productClass: CLASS }, { classes: [CLASS] }, FIT, Restriction.None],
        ["class: with another", { productClass: CLASS }, { classes: [CLASS - 1, CLASS + 1] }, FIT, Restriction.Class],
        [
          "all: fit to fit",
          { receiverKyc: true, senderKyc: true, byCountry: true, productClass: CLASS },
          FIT,
          FIT,
          Restriction.None,
        ],
      ];
    for (const [name, policy, from, to, code] of rows) {
      it(`${name} is ${code === Restriction.None ? "allowed" : `refused with code ${code}`}`, async () => {
        const { equity, alice, bob } = suite;
        await setPolicy(suite, { ...NO_POLICY, ...policy });
        const packed = packPolicy({ ...NO_POLICY, ...policy });
        expect(await equity.policy()).to.deep.equal([packed & 15n, BigInt(policy.productClass ?? 0), COUNTRIES]);
        await setInvestor(suite, alice.address, from);
        await setInvestor(suite, bob.address, to);
        expect(await agree(suite, alice, bob.address, SHARE)).to.equal(code);
      });
    }

    it("of a class and countries that are set under a policy that does not ask for them, is not asked", async () => {
      const { alice, bob } = suite;
      await call(suite, "EQUITY_CONFIG", suite.equity, "setPolicy", [0, CLASS, 0n]);
      expect(await agree(suite, alice, bob.address, SHARE)).to.equal(Restriction.None);
    });

    it("does not ask a part of the system, on either side", async () => {
      const { alice, bob } = suite;
      await system(suite, bob.address);
      await setPolicy(suite, { receiverKyc: true, senderKyc: true, byCountry: true, productClass: CLASS });
      await setInvestor(suite, alice.address, FIT);
      expect(await agree(suite, alice, bob.address, SHARE)).to.equal(Restriction.None);
      expect(await agree(suite, bob, alice.address, SHARE)).to.equal(Restriction.None);
    });

    it("holds a part of the system to NO_SEND and NO_RECEIVE", async () => {
      const { alice, bob } = suite;
      await system(suite, bob.address);
      await setFlags(suite, bob.address, FLAGS.NO_SEND | FLAGS.NO_RECEIVE);
      expect(await agree(suite, alice, bob.address, SHARE)).to.equal(Restriction.ReceiverBlocked);
      expect(await agree(suite, bob, alice.address, SHARE)).to.equal(Restriction.SenderBlocked);
    });

    it("lets a blocked account be unblocked, and move", async () => {
      const { alice, bob } = suite;
      await block(suite, alice.address);
      expect(await agree(suite, alice, bob.address, SHARE)).to.equal(Restriction.SenderBlocked);
      await setFlags(suite, alice.address, FLAGS.BLOCKED, 0n);
      expect(await agree(suite, alice, bob.address, SHARE)).to.equal(Restriction.None);
    });
  });

  describe("by a mint", () => {
    const refused: [name: string, Partial<Policy>, Partial<Investor>][] = [
      ["has no KYC", { receiverKyc: true }, {}],
      ["is of no country of the mask", { byCountry: true }, {}],
      ["lacks the class", { productClass: CLASS }, {}],
    ];
    for (const [name, policy, investor] of refused) {
      it(`names the receiver who ${name}`, async () => {
        const { equity, holders, feed, stranger } = suite;
        await setPolicy(suite, { ...NO_POLICY, ...policy });
        await refresh(feed);
        await setInvestor(suite, stranger.address, investor);
        const send = (request: string): Promise<ContractTransactionResponse> =>
          equity.connect(holders.EQUITY_MINTER).mint(stranger, SHARE, id(request));
        await expect(send("refused"))
          .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
          .withArgs(stranger.address);
        await setInvestor(suite, stranger.address, FIT);
        await send("allowed");
        expect(await equity.sharesOf(stranger)).to.equal(SHARE);
      });
    }

    it("names the wrapper, which takes shares by its own deposit alone", async () => {
      const { equity, holders, wrapperAddress, feed } = suite;
      await refresh(feed);
      await expect(equity.connect(holders.EQUITY_MINTER).mint(wrapperAddress, SHARE, id("wrapper")))
        .to.be.revertedWithCustomError(equity, "ERC20InvalidReceiver")
        .withArgs(wrapperAddress);
    });
  });

  describe("by another's hand", () => {
    it("is refused to a blocked spender, with its own account", async () => {
      const { equity, alice, bob, carol } = suite;
      await equity.connect(alice).approve(carol, MaxUint256);
      await block(suite, carol.address);
      for (const send of [
        () => equity.connect(carol).transferFrom(alice, bob, SHARE),
        () => equity.connect(carol).transferFrom(alice, bob, 0n),
        () => equity.connect(carol).transferSharesFrom(alice, bob, SHARE),
      ]) {
        await expect(send()).to.be.revertedWithCustomError(equity, "ERC7943CannotSend").withArgs(carol.address);
      }
    });

    it("is refused to a blocked spender who would be the receiver, as a receiver", async () => {
      const { equity, alice, carol } = suite;
      await equity.connect(alice).approve(carol, MaxUint256);
      await block(suite, carol.address);
      await expect(equity.connect(carol).transferFrom(alice, carol, SHARE))
        .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
        .withArgs(carol.address);
    });

    it("is allowed to a spender who may neither send nor receive, and has no KYC", async () => {
      const { equity, alice, bob, carol } = suite;
      for (const { address } of [alice, bob]) await setInvestor(suite, address, FIT);
      await setPolicy(suite, { receiverKyc: true, senderKyc: true, byCountry: true, productClass: CLASS });
      await equity.connect(alice).approve(carol, SHARE);
      await setFlags(suite, carol.address, FLAGS.NO_SEND | FLAGS.NO_RECEIVE);
      await equity.connect(carol).transferFrom(alice, bob, SHARE);
      expect(await equity.sharesOf(bob)).to.equal(HELD + SHARE);
    });

    it("is allowed by a signature that a blocked account sends, which moves nothing of its own", async () => {
      const { equity, equityAddress, chainId, alice, bob, relayer } = suite;
      await block(suite, relayer.address);
      const message = buildTransfer({ from: alice.address, to: bob.address, value: SHARE, validBefore: MaxUint256 });
      const domain = equityDomain(chainId, equityAddress);
      const { bytes } = await signEquity(alice, domain, "TransferWithAuthorization", message);
      await equity
        .connect(relayer)
        ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
          ...transferArguments(message),
          bytes,
        );
      expect(await equity.sharesOf(bob)).to.equal(HELD + SHARE);
    });

    for (const [who, error] of [
      ["alice", "ERC7943CannotSend"],
      ["bob", "ERC7943CannotReceive"],
    ] as const) {
      it(`is refused by a signature where ${who} was blocked since, and spends no nonce`, async () => {
        const { equity, equityAddress, chainId, alice, bob, relayer } = suite;
        const message = buildTransfer({ from: alice.address, to: bob.address, value: SHARE, validBefore: MaxUint256 });
        const domain = equityDomain(chainId, equityAddress);
        const { bytes } = await signEquity(alice, domain, "TransferWithAuthorization", message);
        await block(suite, suite[who].address);
        await expect(
          equity
            .connect(relayer)
            ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
              ...transferArguments(message),
              bytes,
            ),
        )
          .to.be.revertedWithCustomError(equity, error)
          .withArgs(suite[who].address);
        expect(await equity.authorizationState(alice, message.nonce)).to.equal(false);
      });
    }
  });

  describe("foretold", () => {
    it("never reverts, whatever is asked of whom in which state", async () => {
      const { equity, equityAddress, wrapperAddress, holders, alice, bob, stranger } = suite;
      const accounts = [ZeroAddress, equityAddress, wrapperAddress, alice.address, bob.address, stranger.address];
      const ask = async (): Promise<void> => {
        for (const from of accounts) {
          await equity.canSend(from);
          await equity.canReceive(from);
          await equity.getFrozenTokens(from);
          for (const to of accounts) {
            for (const amount of [0n, 1n, HELD + 1n, 2n ** 192n - 1n, 2n ** 192n, MaxUint256]) {
              await equity.canTransfer(from, to, amount);
              await equity.detectTransferRestriction(from, to, amount);
            }
          }
        }
      };
      await ask();
      await setPolicy(suite, { receiverKyc: true, senderKyc: true, byCountry: true, productClass: CLASS });
      await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, MaxUint256);
      const at = await scheduleAction(suite, { kind: KIND.Split, numerator: 1000n, denominator: 1n, haltMinutes: 15 });
      await time.increaseTo(at);
      await ask();
      await equity.connect(holders.PAUSER).pause(PAUSE.TRANSFER);
      await ask();
    });

    it("is not false for want of a balance", async () => {
      const { equity, alice, bob, stranger } = suite;
      for (const [from, amount] of [
        [alice.address, HELD + 1n],
        [alice.address, MaxUint256],
        [stranger.address, 1n],
      ] as const) {
        expect(await equity.canTransfer(from, bob, amount)).to.equal(true);
        expect(await equity.detectTransferRestriction(from, bob, amount)).to.equal(Restriction.Balance);
      }
    });

    it("has a message for every code, and one for those that there are not", async () => {
      const { equity } = suite;
      for (let code = 0; code <= 16; ++code)
        expect(await equity.messageForTransferRestriction(code)).to.equal(describeRestriction(code));
      expect(await equity.messageForTransferRestriction(255)).to.equal("Unknown restriction");
    });

    it("is told by ERC-165, and rebasing is not hidden as ERC-8056", async () => {
      const { equity } = suite;
      for (const known of ["0x01ffc9a7", "0x36372b07", "0x3edbb4c4"])
        expect(await equity.supportsInterface(known)).to.equal(true);
      for (const foreign of ["0xffffffff", "0xa60bf13d", "0x4bd27648", "0x57854fc3", "0xd890fd71"])
        expect(await equity.supportsInterface(foreign)).to.equal(false);
    });
  });
});

interface Case {
  policy: Policy;
  countries: bigint;
  investors: [Partial<Investor>, Partial<Investor>, Partial<Investor>];
  restrictions: [bigint, bigint, bigint];
  /** Seconds until each KYC is over; 0: never. */
  terms: [number, number, number];
  frozen: bigint;
  multiplier: bigint;
  amount: bigint;
  paused: boolean;
  halted: boolean;
}

const party = fc.record({
  kyc: fc.boolean(),
  accredited: fc.boolean(),
  country: fc.constantFrom(0, countryIndex("CH"), countryIndex("US"), 255),
  classes: fc.constantFrom([], [CLASS], [CLASS + 1], [CLASS, 63]),
});
/** Mostly none, or nothing would be left to the other rules. */
const restriction = fc.oneof({ weight: 5, arbitrary: fc.constant(0n) }, fc.constantFrom(2n, 4n, 8n, 12n));
const rarely = fc.integer({ min: 0, max: 19 }).map((n) => n === 0);
const cases: fc.Arbitrary<Case> = fc.record({
  policy: fc.record({
    receiverKyc: fc.boolean(),
    senderKyc: fc.boolean(),
    byCountry: fc.boolean(),
    productClass: fc.option(fc.constantFrom(CLASS, 63, 0)),
  }),
  countries: fc.constantFrom(COUNTRIES, 0n, MaxUint256, COUNTRIES | 1n, 1n << 255n),
  investors: fc.tuple(party, party, party),
  restrictions: fc.tuple(restriction, restriction, restriction),
  terms: fc.tuple(...([0, 1, 2] as const).map(() => fc.constantFrom(0, 50, 5_000))) as fc.Arbitrary<
    [number, number, number]
  >,
  frozen: fc.constantFrom(0n, 0n, 1n, HELD / 2n, HELD, 2n * HELD, MaxUint256),
  multiplier: fc.constantFrom(WAD, 4n * WAD, WAD / 2n, 1_234_567_890_123_456_789n),
  amount: fc.constantFrom(0n, 1n, SHARE, HELD / 2n, HELD / 2n + 1n, HELD, HELD + 1n, 4n * HELD, 2n ** 192n, MaxUint256),
  paused: rarely,
  halted: rarely,
});

describe("EquityToken's views against its transfers @long", () => {
  it(`agree with each other, with the SDK, and by another's hand (${RUNS} cases)`, async () => {
    const suite = await loadFixture(equityFixture);
    const { equity, equityAddress, wrapperAddress, complianceRegistry, holders, alice, bob, carol } = suite;
    const queue = await impersonated(await suite.redemptionQueue.getAddress());
    const start = await takeSnapshot();
    const counts = new Map<Restriction, number>();

    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        await start.restore();
        await setMultiplier(suite, given.multiplier);
        await equity.connect(alice).approve(carol, MaxUint256);
        await equity.connect(alice).transfer(queue, SHARE);
        const at = given.halted
          ? await scheduleAction(suite, {
              kind: KIND.Split,
              numerator: 2n,
              denominator: 1n,
              haltMinutes: 15,
              effectiveAt: (await time.latest()) + 3 * 86_400,
            })
          : 0;
        await setPolicy(suite, given.policy, given.countries);
        if (given.halted) await time.increaseTo(at - 500);
        const now = await time.latest();
        for (const [i, account] of [alice, bob, carol].entries()) {
          const term = given.terms[i] ?? 0;
          const expiry = term === 0 ? 0n : BigInt(now + term);
          await setInvestor(suite, account.address, { ...given.investors[i], expiry });
          await setFlags(suite, account.address, 14n, given.restrictions[i] ?? 0n);
        }
        await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, given.frozen);
        if (given.paused) await equity.connect(holders.PAUSER).pause(PAUSE.TRANSFER);
        await time.increaseTo(now + 100);

        const policy = packPolicy(given.policy);
        const asked = async (address: string): Promise<{ address: string; word: bigint }> => ({
          address,
          word: await complianceRegistry.accountOf(address),
        });
        const check = async (spender: string, from: string | null, to: string | null): Promise<Restriction> =>
          checkTransfer(
            await asked(spender),
            from === null ? null : await asked(from),
            to === null ? null : await asked(to),
            policy,
            given.countries,
            BigInt(await time.latest()),
          );

        for (const { address } of [alice, bob, carol, queue]) {
          expect(await equity.canSend(address)).to.equal((await check(address, address, null)) === Restriction.None);
          expect(await equity.canReceive(address)).to.equal((await check(address, null, address)) === Restriction.None);
        }

        // By allowance first, which a state that changes nothing is asked about.
        const before = await takeSnapshot();
        const code = restrictionOf(await equity.detectTransferRestriction(alice, bob, given.amount));
        const own = await check(alice.address, alice.address, bob.address);
        const expected = given.paused ? Restriction.Paused : given.halted ? Restriction.Halted : own;
        if (expected !== Restriction.None) expect(code).to.equal(expected);
        else expect(code).to.be.oneOf([Restriction.None, Restriction.Frozen, Restriction.Balance]);
        const third = await check(carol.address, alice.address, bob.address);
        await time.setNextBlockTimestamp(await time.latest());
        const byHand = equity.connect(carol).transferFrom(alice, bob, given.amount);
        // An amount beyond all bounds is refused before any rule is asked.
        if (given.amount >= 2n ** 192n)
          await expect(byHand)
            .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
            .withArgs(alice.address, await equity.balanceOf(alice), given.amount);
        else if (expected === Restriction.None && third === Restriction.SpenderBlocked)
          await expect(byHand).to.be.revertedWithCustomError(equity, "ERC7943CannotSend").withArgs(carol.address);
        else if (code === Restriction.None) await byHand;
        else await expect(byHand).to.be.reverted;
        await before.restore();

        const pairs: [HardhatEthersSigner, string][] = [
          [alice, bob.address],
          [alice, alice.address],
          [bob, alice.address],
          [alice, wrapperAddress],
          [alice, equityAddress],
          [alice, queue.address],
          [queue, bob.address],
        ];
        for (const [from, to] of pairs) {
          if (given.amount >= 2n ** 192n) {
            await expect(equity.connect(from).transfer(to, given.amount))
              .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
              .withArgs(from.address, await equity.balanceOf(from), given.amount);
            continue;
          }
          const answer = await agree(suite, from, to, given.amount);
          counts.set(answer, (counts.get(answer) ?? 0) + 1);
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
    for (const code of CODES) {
      if (code === Restriction.SpenderBlocked) continue;
      expect(counts.get(code) ?? 0, describeRestriction(code)).to.be.greaterThan(0);
    }
    console.log(`      seed ${SEED}, ${[...counts.values()].reduce((a, b) => a + b, 0)} transfers`);
  }).timeout(1_200_000);
});
