import { takeSnapshot } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { toBeHex, type BaseContract, type ContractTransactionResponse } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import { pieUSDDomain, signPieUSD, transferArguments } from "../../sdk/payments/typedData";
import type { MockUSDT, PieUSD } from "../../typechain-types";
import { ACTORS, WrapperModel, type Actor } from "../helpers/WrapperModel";

const INITIAL = 1_000_000n;
const RUNS = 80;
const LENGTH = 40;
const SEED = 20_261_122;
const twa = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)" as const;

interface World {
  pieUSD: PieUSD;
  usdt: MockUSDT;
  admin: HardhatEthersSigner;
  actors: HardhatEthersSigner[];
  token: string;
}

/** What is tried on the model and on the chain; the two must agree on the outcome. */
interface Step {
  describe: string;
  model: (model: WrapperModel) => string | null;
  chain: (world: World) => Promise<ContractTransactionResponse>;
}

const actorOf = ({ actors }: World, i: Actor): HardhatEthersSigner => {
  const actor = actors[i];
  if (actor === undefined) throw new Error(`no actor ${i}`);
  return actor;
};

const actor = fc.constantFrom(...ACTORS);
/** Small and large, and often at the edges. */
const amount = fc.oneof(
  fc.bigInt(0n, 10n),
  fc.bigInt(0n, INITIAL / 4n),
  fc.bigInt(0n, INITIAL),
  fc.constantFrom(0n, 1n, INITIAL, INITIAL + 1n),
);
const minimum = fc.oneof({ weight: 3, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.bigInt(0n, INITIAL) });
const validBefore = 2n ** 40n;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(actor, actor, amount, minimum).map(([by, to, value, minOut]) => ({
      describe: `deposit ${by}→${to} ${value} min ${minOut}`,
      model: (m: WrapperModel) => m.deposit(by, to, value, minOut),
      chain: (w: World) => w.pieUSD.connect(actorOf(w, by)).depositFor(actorOf(w, to), value, minOut),
    })),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(actor, actor, amount, minimum).map(([from, to, value, minOut]) => ({
      describe: `redeem ${from}→${to} ${value} min ${minOut}`,
      model: (m: WrapperModel) => m.redeem(from, to, value, minOut),
      chain: (w: World) => w.pieUSD.connect(actorOf(w, from)).redeem(value, actorOf(w, to), minOut),
    })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(actor, actor, amount).map(([from, to, value]) => ({
      describe: `transfer ${from}→${to} ${value}`,
      model: (m: WrapperModel) => m.transfer(from, to, value),
      chain: (w: World) => w.pieUSD.connect(actorOf(w, from)).transfer(actorOf(w, to), value),
    })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(actor, actor, amount, fc.integer({ min: 0, max: 3 })).map(([from, to, value, n]) => {
      const nonce = toBeHex(n, 32);
      return {
        describe: `authorized ${from}→${to} ${value} nonce ${n}`,
        model: (m: WrapperModel) => m.authorized(from, to, value, nonce),
        chain: async (w: World) => {
          const [payer, payee] = [actorOf(w, from), actorOf(w, to)];
          const message = { from: payer.address, to: payee.address, value, validAfter: 0n, validBefore, nonce };
          const domain = pieUSDDomain(31337n, w.token);
          const { bytes } = await signPieUSD(payer, domain, "TransferWithAuthorization", message);
          return w.pieUSD.connect(w.admin)[twa](...transferArguments(message), bytes);
        },
      };
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(0n, 1n, 10n, 19n), fc.constantFrom(0n, 1n, 49n)).map(([bps, max]) => ({
      describe: `fee ${bps} bps, at most ${max} USDT`,
      // The mock's decimals are 0 here: a whole USDT is one unit, so that the cap is felt.
      model: (m: WrapperModel) => m.setFee(bps, max),
      chain: (w: World) => w.usdt.connect(w.admin).setParams(bps, max),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(actor, fc.boolean()).map(([account, frozen]) => ({
      describe: `${frozen ? "freeze" : "unfreeze"} ${account}`,
      model: (m: WrapperModel) => m.setFrozen(account, frozen),
      chain: (w: World) => {
        const pieUSD = w.pieUSD.connect(w.admin);
        return frozen ? pieUSD.freeze(actorOf(w, account)) : pieUSD.unfreeze(actorOf(w, account));
      },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("pauseDeposits", "unpauseDeposits", "pauseRedemptions", "unpauseRedemptions")
      .map((name) => ({
        describe: name,
        model: (m: WrapperModel) => {
          if (name.endsWith("Deposits")) m.depositsPaused = name.startsWith("pause");
          else m.redemptionsPaused = name.startsWith("pause");
          return null;
        },
        chain: (w: World) => w.pieUSD.connect(w.admin).getFunction(name).send(),
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      describe: "USDT destroys the backing",
      model: (m: WrapperModel) => m.destroyBacking(),
      chain: async (w: World) => {
        const usdt = w.usdt.connect(w.admin);
        await usdt.addBlackList(w.token);
        await usdt.destroyBlackFunds(w.token);
        return usdt.removeBlackList(w.token);
      },
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(actor, amount).map(([by, value]) => ({
      describe: `donate ${by} ${value}`,
      model: (m: WrapperModel) => m.donate(by, value),
      chain: (w: World) => w.usdt.connect(actorOf(w, by)).transfer(w.token, value),
    })),
  },
  {
    weight: 3,
    arbitrary: fc.boolean().map((open) => ({
      describe: open ? "openProRata" : "closeProRata",
      model: (m: WrapperModel) => (open ? m.openProRata() : m.closeProRata()),
      chain: (w: World) => (open ? w.pieUSD.connect(w.admin).openProRata() : w.pieUSD.connect(w.admin).closeProRata()),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(actor, amount).map(([to, value]) => ({
      describe: `rescue →${to} ${value}`,
      model: (m: WrapperModel) => m.rescue(to, value),
      chain: (w: World) => w.pieUSD.connect(w.admin).rescue(w.usdt, actorOf(w, to), value),
    })),
  },
);

/** The name of the custom error of a failed call; USDT's own refusals have none. */
const errorName = (contract: BaseContract, error: unknown): string => {
  const data = (error as { data?: unknown }).data;
  const parsed = typeof data === "string" && data.length > 2 ? contract.interface.parseError(data) : null;
  // The mock's ledger panics on an overdraft; the wrapper has no checked arithmetic that could.
  if (parsed !== null) return parsed.name === "Panic" ? "USDT" : parsed.name;
  const message = error instanceof Error ? error.message : String(error);
  const named = /custom error '(\w+)/.exec(message)?.[1];
  if (named !== undefined) return named;
  if (/revert|panic/i.test(message)) return "USDT";
  throw error;
};

describe("PieUSD against its model", () => {
  it(`agrees on outcomes, balances, supply and backing (${RUNS} runs of up to ${LENGTH} steps)`, async function () {
    this.timeout(300_000);
    const [admin, ...rest] = await hre.ethers.getSigners();
    if (admin === undefined) throw new Error("too few accounts");
    const actors = rest.slice(0, ACTORS.length);
    const manager = await hre.ethers.deployContract("AccessManager", [admin.address]);
    const usdt = await hre.ethers.deployContract("MockUSDT", [0]);
    const pieUSD = await hre.ethers.deployContract("PieUSD", [manager, usdt]);
    const world: World = { pieUSD, usdt, admin, actors, token: await pieUSD.getAddress() };
    const issued = 100n * INITIAL;
    await usdt.issue(issued);
    for (const account of actors) {
      await usdt.transfer(account, INITIAL);
      await usdt.connect(account).approve(pieUSD, hre.ethers.MaxUint256);
      await pieUSD.connect(account).deposit(INITIAL / 2n, INITIAL / 2n);
    }
    const start = await takeSnapshot();
    const counts = { steps: 0, succeeded: 0 };
    const errors = new Map<string, number>();

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: LENGTH, size: "max" }), async (steps) => {
        await start.restore();
        const model = new WrapperModel(INITIAL);
        for (const i of ACTORS) model.deposit(i, i, INITIAL / 2n, 0n);
        for (const { describe: what, model: onModel, chain } of steps) {
          const expected = onModel(model);
          let actual: string | null = null;
          try {
            await chain(world);
          } catch (error: unknown) {
            actual = errorName(pieUSD, error);
          }
          expect(actual, what).to.equal(expected);
          expect(await pieUSD.totalSupply(), `supply after ${what}`).to.equal(model.supply);
          expect(await pieUSD.backing(), `backing after ${what}`).to.equal(model.backing);
          counts.steps += 1;
          if (actual === null) counts.succeeded += 1;
          else errors.set(actual, (errors.get(actual) ?? 0) + 1);
        }
        for (const i of ACTORS) {
          expect(await pieUSD.balanceOf(actorOf(world, i)), `pieUSD of ${i}`).to.equal(model.pieOf(i));
          expect(await usdt.balanceOf(actorOf(world, i)), `USDT of ${i}`).to.equal(model.usdtOf(i));
        }
        expect(await usdt.balanceOf(admin)).to.equal(issued - 4n * INITIAL + model.feesPaid);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    const refusals = [...errors].map(([name, n]) => `${name} ${n}`).join(", ");
    console.log(`      seed ${SEED}: ${counts.steps} steps, ${counts.succeeded} succeeded; refused: ${refusals}`);
    // An idle generator proves nothing.
    expect(counts.succeeded).to.be.greaterThan(RUNS * 5);
    for (const name of [
      "SlippageExceeded",
      "ProRataActive",
      "AccountFrozen",
      "AuthorizationUsedOrCanceled",
      "Undercollateralized",
    ]) {
      expect(errors.get(name) ?? 0, name).to.be.greaterThan(0);
    }
  });
});
