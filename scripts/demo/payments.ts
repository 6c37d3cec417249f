/** Chapter: people, contracts and agents pay an API in pieUSD over x402, and need no ether for it. */
import { decodePaymentResponseHeader } from "@x402/fetch";
import { Wallet, parseEther, parseUnits, toBeHex, type HDNodeWallet } from "ethers";

import { installMulticall3 } from "../../deploy/localChain";
import { createFacilitator, createFacilitatorApp, networkOf, payingFetch, type Settlement } from "../../sdk/x402";
import { ether, money, short } from "../lib/format";
import { listen } from "../lib/net";
import { startPaidApi } from "../lib/paidApi";
import { table, thousands } from "../lib/table";
import { check, say, type Chapter, type DemoContext } from "./chapter";

const AGENTS = 20;

interface Payer {
  title: string;
  /** Signs; for a contract wallet, its owner. */
  key: HDNodeWallet;
  /** Pays. */
  address: string;
}

interface Paid {
  payer: Payer;
  transaction: string;
}

interface Balance {
  pieUSD: bigint;
  wei: bigint;
}

const run = async ({ hre, suite }: DemoContext): Promise<void> => {
  const { ethers } = hre;
  const { provider } = ethers;
  const { pieUSD, usdt } = suite;
  const token = await pieUSD.getAddress();
  const decimals = Number(await pieUSD.decimals());
  const network = networkOf((await provider.getNetwork()).chainId);
  const usd = (amount: bigint): string => money(amount, decimals);
  const [price, funds] = [parseUnits("0.25", decimals), parseUnits("10", decimals)];

  await installMulticall3(hre);
  const settler = Wallet.createRandom(provider);
  await provider.send("hardhat_setBalance", [settler.address, toBeHex(parseEther("10"))]);
  const merchant = Wallet.createRandom().address;

  const person = (title: string): Payer => {
    const key = Wallet.createRandom();
    return { title, key, address: key.address };
  };
  const owner = Wallet.createRandom();
  const wallet = await ethers.deployContract("MockSmartWallet", [owner.address]);
  const contract = { title: "contract wallet (ERC-1271)", key: owner, address: await wallet.getAddress() };
  const alone = [person("person with a key"), contract];
  const agents = Array.from({ length: AGENTS }, (_, i) => person(`agent ${i + 1}`));
  const payers = [...alone, ...agents];

  const total = funds * BigInt(payers.length);
  await (await usdt.issue(total)).wait();
  await (await usdt.approve(token, total)).wait();
  for (const { address } of payers) await (await pieUSD.depositFor(address, funds, funds)).wait();
  say(`${payers.length} payers hold ${usd(funds)} pieUSD each, deposited 1:1 from USDT, and no ether.`);

  const balanceOf = async (address: string): Promise<Balance> => ({
    pieUSD: await pieUSD.balanceOf(address),
    wei: await provider.getBalance(address),
  });
  const balances = async (): Promise<Map<string, Balance>> => {
    const accounts = [...payers.map(({ address }) => address), merchant, settler.address];
    return new Map(await Promise.all(accounts.map(async (a) => [a, await balanceOf(a)] as const)));
  };
  const before = await balances();

  const settlements: Settlement[] = [];
  const facilitator = await createFacilitator({
    networks: [{ network, signer: settler, assets: [token], payees: [merchant], sending: { pollingIntervalMs: 50 } }],
    onSettled: (settlement) => void settlements.push(settlement),
  });
  const facilitating = await listen(createFacilitatorApp(facilitator));
  const api = await startPaidApi(facilitating.url, network, [
    { path: "/report", asset: token, payTo: merchant, amount: price },
  ]);

  /** The last payment header that was sent, for the replay. */
  let header = "";
  const recording: typeof fetch = (input, init) => {
    header = new Request(input, init).headers.get("PAYMENT-SIGNATURE") ?? header;
    return fetch(input, init);
  };

  const buy = async (payer: Payer): Promise<Paid> => {
    const { key: signer, address } = payer;
    const options = { signer, address, network, asset: token, maxAmountPerPayment: price, fetch: recording };
    const response = await (await payingFetch(options))(`${api.url}/report`);
    if (response.status !== 200) throw new Error(`The ${payer.title} paid and got HTTP ${response.status}.`);
    const { transaction } = decodePaymentResponseHeader(response.headers.get("PAYMENT-RESPONSE") ?? "");
    return { payer, transaction };
  };

  try {
    say(
      `The facilitator listens at ${facilitating.url}, the paid API at ${api.url}; a report costs ${usd(price)} pieUSD.`,
    );
    const paid: Paid[] = [];
    for (const payer of alone) {
      const purchase = await buy(payer);
      paid.push(purchase);
      say(
        `The ${payer.title} was asked to pay (HTTP 402), signed, and got the report: ${short(purchase.transaction)}.`,
      );
    }
    const replay = await fetch(`${api.url}/report`, { headers: { "PAYMENT-SIGNATURE": header } });
    say(`The last payment was presented again and answered with HTTP ${replay.status}.`);
    const started = Date.now();
    paid.push(...(await Promise.all(agents.map(buy))));
    say(
      `${AGENTS} agents paid at once through one facilitator key, in ${((Date.now() - started) / 1000).toFixed(1)} s.`,
    );

    const after = await balances();
    const gas = new Map<string, bigint>();
    const senders = new Set<string>();
    let fees = 0n;
    for (const { transaction } of paid) {
      const receipt = await provider.getTransactionReceipt(transaction);
      if (receipt?.status !== 1) throw new Error(`The settlement ${transaction} is not on chain.`);
      gas.set(transaction, receipt.gasUsed);
      senders.add(receipt.from);
      fees += receipt.fee;
    }
    const [sender = ""] = senders;
    const gasPayer =
      senders.size === 1 && sender === settler.address ? "facilitator" : [...senders].map(short).join(", ");

    const of = (all: ReadonlyMap<string, Balance>, address: string): Balance =>
      all.get(address) ?? { pieUSD: 0n, wei: 0n };
    const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);
    const row = (title: string, purchases: readonly Paid[]): string[] => {
      const accounts = purchases.map(({ payer }) => payer.address);
      const each = (all: ReadonlyMap<string, Balance>, key: keyof Balance): bigint =>
        sum(accounts.map((a) => of(all, a)[key]));
      return [
        title,
        usd(price * BigInt(purchases.length)),
        thousands(sum(purchases.map(({ transaction }) => gas.get(transaction) ?? 0n))),
        gasPayer,
        `${usd(each(before, "pieUSD"))} → ${usd(each(after, "pieUSD"))}`,
        `${ether(each(before, "wei"))} → ${ether(each(after, "wei"))}`,
      ];
    };
    const other = (title: string, address: string): string[] => {
      const [was, is] = [of(before, address), of(after, address)];
      const [held, ethers_] = [`${usd(was.pieUSD)} → ${usd(is.pieUSD)}`, `${ether(was.wei)} → ${ether(is.wei)}`];
      return [title, "", "", "", held, ethers_];
    };
    console.log();
    console.log(
      table(
        ["who", "paid the merchant", "gas", "gas paid by", "pieUSD before → after", "ETH before → after"],
        [
          ...paid.slice(0, alone.length).map((purchase) => row(purchase.payer.title, [purchase])),
          row(`${AGENTS} agents at once`, paid.slice(alone.length)),
          other("merchant", merchant),
          other("facilitator", settler.address),
        ],
      ),
    );
    console.log();

    const count = BigInt(payers.length);
    check(
      payers.every(({ address }) => of(before, address).wei === 0n && of(after, address).wei === 0n),
      "no payer ever held or spent any ether",
    );
    check(
      payers.every(({ address }) => of(after, address).pieUSD === funds - price),
      `every payer paid exactly ${usd(price)} pieUSD`,
    );
    check(
      of(after, merchant).pieUSD === count * price,
      `the merchant received ${usd(count * price)} pieUSD in ${count} payments`,
    );
    check(gasPayer === "facilitator", "the facilitator's key sent every settlement");
    check(
      of(before, settler.address).wei - of(after, settler.address).wei === fees,
      `the facilitator paid exactly the gas of these ${count} settlements, ${ether(fees)} ETH, and none for the replay`,
    );
    check(
      new Set(paid.map(({ transaction }) => transaction)).size === payers.length,
      "each payment is a transaction of its own",
    );
    check(
      settlements.length === payers.length,
      `the facilitator reported ${count} settlements, the replay not among them`,
    );
    check(replay.status === 402, "the payment that was presented again bought nothing");
    const [supply, backing] = [await pieUSD.totalSupply(), await pieUSD.backing()];
    check(supply === backing, `the supply of ${usd(supply)} pieUSD is backed by ${usd(backing)} USDT`);
  } finally {
    await api.close();
    await facilitating.close();
  }
};

export const payments: Chapter = { title: "Payments: pieUSD over x402", run };
