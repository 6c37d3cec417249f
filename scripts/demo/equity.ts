/**
 * Chapter: a stock from its first share to its redemption: reserves, who may hold it, a split, a dividend, a wrapper, and
 * what the queue pays. The last chapter, as it moves the chain's clock by days and x402 goes by the wall's.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { Wallet, id, isHexString, parseEther, parseUnits, toBeHex, type HDNodeWallet, type Interface } from "ethers";

import { localHolders } from "../../deploy/deploySuite";
import { role, type RoleName } from "../../deploy/roles";
import { stock } from "../../deploy/stock";
import {
  ROLE_MASKS,
  Restriction,
  countryIndex,
  countryMask,
  describeRestriction,
  packInvestor,
  packPolicy,
} from "../../sdk";
import { money } from "../lib/format";
import { table, thousands } from "../lib/table";
import { check, say, type Chapter, type DemoContext } from "./chapter";

const COUNTRIES = ["CH", "SG"] as const;
const ELSEWHERE = "BR";

/** The stock that the demo's suite lists. */
export const TSLA = stock({
  symbol: "TSLAx",
  name: "Tesla xStock",
  isin: "US88160R1014",
  policy: Number(packPolicy({ receiverKyc: true, senderKyc: true, byCountry: true, productClass: null })),
  countries: countryMask(COUNTRIES),
  open: true,
});

const SPLIT = { kind: 0, numerator: 10n, denominator: 1n, haltMinutes: 5 };
const REGULAR_SESSION = 0;
const DAY = 86_400;
const HOUR = 3_600;

/** Reason of a revert, wherever in the error the node put it. */
const revertData = (error: unknown): string | null => {
  if (isHexString(error)) return error;
  if (typeof error !== "object" || error === null) return null;
  if ("data" in error) return revertData(error.data);
  return "error" in error ? revertData(error.error) : null;
};

const run = async ({ hre, suite }: DemoContext): Promise<void> => {
  const { ethers } = hre;
  const { provider } = ethers;
  const {
    manager,
    pieUSD,
    usdt,
    complianceRegistry,
    corporateActions,
    equityIssuance,
    dividendDistributor,
    redemptionQueue,
    equityOracle,
  } = suite;
  const [stockAddress, wrapperAddress] = await suite.equityFactory.addressesOf(TSLA.symbol, 0);
  const token = await ethers.getContractAt("EquityToken", stockAddress);
  const wrapper = await ethers.getContractAt("WrappedEquity", wrapperAddress);
  const reserves = await ethers.getContractAt(
    "MockAggregator",
    (await equityIssuance.boundsOf(stockAddress)).feed.feed,
  );
  const decimals = Number(await pieUSD.decimals());
  const usd = (amount: bigint): string => `${money(amount, decimals)} pieUSD`;
  const stocks = (amount: bigint): string => `${money(amount, 18)} ${TSLA.symbol}`;
  const shares = (amount: string): bigint => parseUnits(amount, 18);

  const holders = localHolders((await ethers.getSigners()).map(({ address }) => address));
  const holder = (name: RoleName): Promise<HardhatEthersSigner> => ethers.getSigner(holders[name]);
  const [config, kyc, minter, redeemer, actions, updater, confirmer] = await Promise.all([
    holder("EQUITY_CONFIG"),
    holder("EQUITY_KYC"),
    holder("EQUITY_MINTER"),
    holder("EQUITY_REDEEMER"),
    holder("EQUITY_CORP_ACTION"),
    holder("EQUITY_ORACLE_UPDATER"),
    holder("EQUITY_ORACLE_CONFIRMER"),
  ]);
  const person = async (): Promise<HDNodeWallet> => {
    const wallet = Wallet.createRandom(provider);
    await provider.send("hardhat_setBalance", [wallet.address, toBeHex(parseEther("10"))]);
    return wallet;
  };
  const [anna, wei, caio, eve, anybody] = [
    await person(),
    await person(),
    await person(),
    await person(),
    await person(),
  ];

  const now = async (): Promise<number> => {
    const block = await provider.getBlock("latest");
    if (block === null) throw new Error("The node has no block.");
    return block.timestamp;
  };
  const mineAt = async (timestamp: number): Promise<number> => {
    await provider.send("evm_setNextBlockTimestamp", [timestamp]);
    await provider.send("evm_mine", []);
    return provider.getBlockNumber();
  };
  const pass = async (seconds: number): Promise<void> => {
    await provider.send("evm_increaseTime", [seconds]);
    await provider.send("evm_mine", []);
  };
  const errors = [token, equityIssuance, equityOracle].map((contract): Interface => contract.interface);
  /** Name of the error with which a call reverts; a call that does not ends the demo. */
  const refusal = async (call: Promise<unknown>, what: string): Promise<string> => {
    try {
      await call;
    } catch (error) {
      const data = revertData(error);
      if (data === null) throw error;
      for (const known of errors) {
        const parsed = known.parseError(data);
        if (parsed !== null) return parsed.name;
      }
      throw error;
    }
    throw new Error(`This should have been refused and was not: ${what}.`);
  };

  // The list of sanctions is the configuration's to name, and its delay everybody's to see it come.
  const sanctions = await ethers.deployContract("MockSanctionsList");
  const naming = complianceRegistry.interface.encodeFunctionData("setSanctionsList", [await sanctions.getAddress()]);
  const delay = role("EQUITY_CONFIG").executionDelay;
  await (await manager.connect(config).schedule(complianceRegistry, naming, 0)).wait();
  await pass(delay);
  await (await manager.connect(config).execute(complianceRegistry, naming)).wait();
  check(
    (await complianceRegistry.sanctionsList()) === (await sanctions.getAddress()),
    `a list of sanctions was named, ${delay / DAY} days after it was announced`,
  );

  // Who may hold it.
  const onboard = async (who: HDNodeWallet, country: string): Promise<void> => {
    const expiry = BigInt((await now()) + 365 * DAY);
    const word = packInvestor({ kyc: true, country: countryIndex(country), expiry });
    await (await complianceRegistry.connect(kyc).setInvestor(who.address, ROLE_MASKS.investor, word)).wait();
  };
  await onboard(anna, "CH");
  await onboard(wei, "SG");
  await onboard(caio, ELSEWHERE);
  await onboard(eve, "CH");
  say(
    `Four investors were onboarded: Anna (CH), Wei (SG), Caio (${ELSEWHERE}) and Eve (CH); ${TSLA.symbol} is for ${COUNTRIES.join(" and ")}.`,
  );

  // Issue, up to the reserves.
  const custody = shares("1000");
  await (await reserves.push(custody)).wait();
  const [annas, weis] = [shares("600"), shares("400")];
  await (await token.connect(minter).mint(anna.address, annas, id("demo: Anna's order"))).wait();
  await (await token.connect(minter).mint(wei.address, weis, id("demo: Wei's order"))).wait();
  check(
    (await token.balanceOf(anna.address)) === annas &&
      (await token.balanceOf(wei.address)) === weis &&
      (await token.totalSupply()) === custody,
    `${stocks(annas)} were issued to Anna and ${stocks(weis)} to Wei, as many as the reserve feed counts`,
  );
  const beyond = await refusal(
    token.connect(minter).mint.staticCall(anna.address, 1n, id("demo: one more")),
    "a mint over the reserves",
  );
  check(beyond === "InsufficientReserves", `the least unit more is refused: ${beyond}`);

  const refusedTo = async (to: HDNodeWallet, expected: number, who: string): Promise<void> => {
    const code = Number(await token.detectTransferRestriction(anna.address, to.address, shares("1")));
    const name = await refusal(
      token.connect(anna).transfer.staticCall(to.address, shares("1")),
      `a transfer to ${who}`,
    );
    check(
      code === expected &&
        name === "ERC7943CannotReceive" &&
        (await token.messageForTransferRestriction(code)) === describeRestriction(code),
      `a transfer to ${who} is refused: ${name}, code ${code} (${describeRestriction(code)})`,
    );
  };
  await refusedTo(caio, Restriction.ReceiverCountry, `Caio, whose country is not allowed,`);
  check(
    (await token.detectTransferRestriction(anna.address, eve.address, shares("1"))) === BigInt(Restriction.None),
    "one to Eve would be allowed",
  );
  await (await sanctions.addToSanctionsList([eve.address])).wait();
  await (await complianceRegistry.connect(anybody).syncSanction(eve.address)).wait();
  say("Then the list named Eve, and anybody carried that into the registry.");
  await refusedTo(eve, Restriction.ReceiverBlocked, "Eve");

  // A wrapper for those who cannot bear balances that change.
  const wrapped = shares("250");
  await (await token.connect(wei).approve(wrapper, wrapped)).wait();
  await (await wrapper.connect(wei).deposit(wrapped, wei.address)).wait();
  check(
    (await wrapper.balanceOf(wei.address)) === wrapped && (await token.balanceOf(wei.address)) === weis - wrapped,
    `Wei wrapped ${stocks(wrapped)} into as many w${TSLA.symbol}`,
  );

  // Prices: the oracle's are of a share, and the two feeds show them of a token and of the wrapper's unit.
  const price = parseUnits("250", 8);
  const tokenFeed = await ethers.deployContract("TokenPriceFeed", [equityOracle, stockAddress]);
  const wrapperFeed = await ethers.deployContract("WrapperPriceFeed", [equityOracle, stockAddress]);
  const prices = async (): Promise<[bigint, bigint]> => [
    (await tokenFeed.latestRoundData()).answer,
    (await wrapperFeed.latestRoundData()).answer,
  ];
  const observed = await now();
  await (await equityOracle.connect(updater).update(stockAddress, price, observed, REGULAR_SESSION, 0n)).wait();
  await (await equityOracle.connect(confirmer).confirm(stockAddress, price, observed)).wait();
  const [tokenBefore, wrapperBefore] = await prices();
  check(
    tokenBefore === price && wrapperBefore === price,
    `a first price needs two roles; then both feeds say $${money(price, 8)}`,
  );

  // The split.
  const effectiveAt = (await now()) + DAY + HOUR;
  const announced = { ...SPLIT, effectiveAt, document: id("demo: ten for one") };
  await (await corporateActions.connect(actions).scheduleAction(stockAddress, announced, 0n)).wait();
  say(`A split of ${SPLIT.numerator} for ${SPLIT.denominator} was announced, a day and an hour ahead.`);
  await mineAt(effectiveAt - 60);
  const halted = await refusal(
    token.connect(anna).transfer.staticCall(wei.address, shares("1")),
    "a transfer within the halt",
  );
  check(
    halted === "CorporateActionHalt" && (await token.isHalted()),
    `a minute before it, a transfer is refused: ${halted}`,
  );
  const stateAt = async (blockTag: number) => ({
    anna: await token.balanceOf(anna.address, { blockTag }),
    wei: await token.balanceOf(wei.address, { blockTag }),
    supply: await token.totalSupply({ blockTag }),
    units: await wrapper.balanceOf(wei.address, { blockTag }),
    factor: await wrapper.uiMultiplier({ blockTag }),
    shown: await wrapper.balanceOfUI(wei.address, { blockTag }),
  });
  const before = await stateAt(await mineAt(effectiveAt - 1));
  const after = await stateAt(await mineAt(effectiveAt));
  const row = (what: string, of: (state: typeof before) => bigint): string[] => [
    what,
    money(of(before), 18),
    money(of(after), 18),
  ];
  const rows = [
    row(`Anna's ${TSLA.symbol}`, (state) => state.anna),
    row(`Wei's ${TSLA.symbol}`, (state) => state.wei),
    row("supply", (state) => state.supply),
    row(`Wei's w${TSLA.symbol}`, (state) => state.units),
    row("uiMultiplier", (state) => state.factor),
  ];
  console.log(`\n${table(["by second", "before", "after"], rows)}\n`);
  check(
    after.anna === 10n * before.anna && after.wei === 10n * before.wei && after.supply === 10n * before.supply,
    "within one second, and without a transaction, every balance and the supply are ten times what they were",
  );
  check(
    after.units === before.units && after.factor === 10n * before.factor && after.shown === 10n * before.shown,
    "the wrapper's units are what they were, and its multiplier is tenfold",
  );
  await mineAt(effectiveAt + SPLIT.haltMinutes * 60 + 1);
  const gift = shares("1");
  await (await token.connect(anna).transfer(wei.address, gift)).wait();
  await (await token.connect(wei).transfer(anna.address, gift)).wait();
  check(!(await token.isHalted()), "after the halt, transfers go on");
  const [tokenAfter, wrapperAfter] = await prices();
  check(
    tokenAfter === price / 10n && wrapperAfter === price,
    `the feeds now say $${money(tokenAfter, 8)} for ${TSLA.symbol} and $${money(wrapperAfter, 8)} for w${TSLA.symbol}, without a new price`,
  );
  const stale = await refusal(
    equityOracle.connect(updater).update.staticCall(stockAddress, price, await now(), REGULAR_SESSION, 0n),
    "a price that was computed before the split",
  );
  check(stale === "StaleMultiplier", `a price that was computed before the split is refused: ${stale}`);

  // A dividend in cash, by a snapshot.
  const amount = parseUnits("12345.678901", decimals);
  const payout = parseUnits("25000", decimals);
  const pie = await pieUSD.getAddress();
  await (await usdt.issue(amount + payout)).wait();
  await (await usdt.approve(pie, amount + payout)).wait();
  await (await pieUSD.depositFor(actions.address, amount, amount)).wait();
  await (await pieUSD.depositFor(redeemer.address, payout, payout)).wait();
  await (await token.connect(actions).snapshot()).wait();
  const snapshot = await token.snapshotId();
  await (await pieUSD.connect(actions).approve(dividendDistributor, amount)).wait();
  await (await dividendDistributor.connect(actions).fund(stockAddress, snapshot, amount, id("demo: dividend"))).wait();
  const dividend = await dividendDistributor.count();
  const due = {
    anna: await dividendDistributor.claimable(dividend, anna.address),
    wrapped: await dividendDistributor.claimableWrapped(dividend, wei.address),
  };
  await (await dividendDistributor.connect(anybody).claim(dividend, anna.address)).wait();
  await (await dividendDistributor.connect(anybody).claimWrapped(dividend, wei.address)).wait();
  check(
    (await pieUSD.balanceOf(anna.address)) === due.anna &&
      due.anna === (amount * annas) / custody &&
      (await pieUSD.balanceOf(wei.address)) === due.wrapped &&
      due.wrapped === (amount * wrapped) / custody,
    `of a dividend of ${usd(amount)} Anna was paid ${usd(due.anna)}, and Wei ${usd(due.wrapped)} for what is wrapped`,
  );
  const { funded, paid } = await dividendDistributor.dividendOf(dividend);
  const claimable = await dividendDistributor.claimable(dividend, wei.address);
  const dust = funded - paid - claimable;
  // Three parts were rounded down, each by less than a unit.
  check(
    funded === amount &&
      paid === due.anna + due.wrapped &&
      claimable === (amount * (weis - wrapped)) / custody &&
      dust >= 0n &&
      dust < 3n &&
      (await pieUSD.balanceOf(dividendDistributor)) === claimable + dust,
    `${thousands(paid)} paid + ${thousands(claimable)} claimable by Wei + ${dust} of dust = ${thousands(funded)} funded, in units of pieUSD`,
  );

  // Out of the wrapper, and out of the stock.
  const units = shares("50");
  const held = await token.balanceOf(wei.address);
  await (await wrapper.connect(wei).redeem(units, wei.address, wei.address)).wait();
  check(
    (await token.balanceOf(wei.address)) === held + 10n * units,
    `Wei unwrapped ${money(units, 18)} w${TSLA.symbol} and has ${stocks(10n * units)} for them`,
  );
  const redeemed = shares("1000");
  const minOut = parseUnits("24900", decimals);
  const supply = await token.totalSupply();
  await (await token.connect(anna).approve(redemptionQueue, redeemed)).wait();
  await (
    await redemptionQueue
      .connect(anna)
      .request(stockAddress, await token.sharesFor(redeemed), pie, minOut, id("demo: Anna sells"))
  ).wait();
  const request = await redemptionQueue.count();
  await (await redemptionQueue.connect(redeemer).lock(request)).wait();
  await (await pieUSD.connect(redeemer).approve(redemptionQueue, payout)).wait();
  await (await redemptionQueue.connect(redeemer).settle(request, payout, id("demo: sold"))).wait();
  check(
    (await pieUSD.balanceOf(anna.address)) === due.anna + payout &&
      (await token.totalSupply()) === supply - redeemed &&
      (await redemptionQueue.escrowed(stockAddress)) === 0n,
    `Anna redeemed ${stocks(redeemed)}, asked for ${usd(minOut)} or more and was paid ${usd(payout)}; the supply is ${stocks(supply - redeemed)}`,
  );
};

export const equity: Chapter = { title: "Equity: a stock, its split, and its dividend", run };
