import { decodePaymentResponseHeader } from "@x402/fetch";
import type { PaymentPayload, PaymentRequirements, SettleResponse, VerifyResponse } from "@x402/core/types";
import { expect } from "chai";
import { type HDNodeWallet, Wallet, concat, makeError, parseEther, toBeHex } from "ethers";
import hre from "hardhat";

import { localHolders, localParameters, type Suite } from "../../deploy/deploySuite";
import { installMulticall3 } from "../../deploy/localChain";
import { deployForTest } from "../fixtures/suite";
import { restorePristineChain } from "../helpers/pristine";
import { listen, type RunningServer } from "../../scripts/lib/net";
import {
  PIEUSD_TYPES,
  buildTransfer,
  pieUSDDomain,
  randomNonce,
  signPieUSD,
  transferArguments,
  type TransferAuthorization,
} from "../../sdk/payments/typedData";
import {
  createFacilitator,
  createFacilitatorApp,
  facilitatorSigner,
  hex,
  networkOf,
  payingFetch,
  pieUSDPrice,
  type Facilitator,
  type FacilitatorNetwork,
  type FacilitatorOptions,
  type Settlement,
} from "../../sdk/x402";
import { RESOURCE, startPaidApi, type PaidRoute } from "../../scripts/lib/paidApi";

const { provider } = hre.ethers;
const NETWORK = networkOf(31337);
const PRICE = 250_000n;
const FUNDS = 10_000_000n;

const TRANSFER_BYTES = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
const RECEIVE_BYTES = "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";

describe("x402 facilitator", () => {
  let suite: Suite;
  let token: string;
  let treasury: HDNodeWallet;
  let frontRunner: HDNodeWallet;
  const running: RunningServer[] = [];

  const rich = async (): Promise<HDNodeWallet> => {
    const wallet = Wallet.createRandom(provider);
    await provider.send("hardhat_setBalance", [wallet.address, toBeHex(parseEther("100"))]);
    return wallet;
  };

  /** A key that holds pieUSD, if any at all, and not a wei of ether. */
  const payer = async (funds = FUNDS): Promise<HDNodeWallet> => {
    const wallet = Wallet.createRandom(provider);
    if (funds > 0n) await (await suite.pieUSD.connect(treasury).transfer(wallet.address, funds)).wait();
    return wallet;
  };

  const networkOptions = async (more: Partial<FacilitatorNetwork> = {}): Promise<FacilitatorNetwork> => ({
    network: NETWORK,
    signer: more.signer ?? (await rich()),
    assets: [token],
    payees: () => true,
    sending: { pollingIntervalMs: 20 },
    ...more,
  });

  const facilitator = async (
    network: Partial<FacilitatorNetwork> = {},
    options: Omit<FacilitatorOptions, "networks"> = {},
  ): Promise<Facilitator> =>
    createFacilitator({ networks: [await networkOptions(network)], recoveryTimeoutMs: 1_000, ...options });

  const serve = async (server: Promise<RunningServer>): Promise<string> => {
    running.push(await server);
    return (await server).url;
  };

  /** A merchant's API behind a facilitator of its own; answers its URL. */
  const api = async (settling: Facilitator, routes: readonly PaidRoute[]): Promise<string> =>
    serve(startPaidApi(await serve(listen(createFacilitatorApp(settling))), NETWORK, routes));

  const route = (payTo: string, more: Partial<PaidRoute> = {}): PaidRoute => ({
    path: "/report",
    asset: token,
    payTo,
    amount: PRICE,
    ...more,
  });

  /** The client's `fetch`, and the payment header that it sent last. */
  const client = async (
    signer: HDNodeWallet,
    address?: string,
  ): Promise<{ pay: typeof fetch; header: () => string }> => {
    let header = "";
    const recording: typeof fetch = (input, init) => {
      header = new Request(input, init).headers.get("PAYMENT-SIGNATURE") ?? header;
      return fetch(input, init);
    };
    const options = { signer, network: NETWORK, asset: token, maxAmountPerPayment: FUNDS, fetch: recording };
    return { pay: await payingFetch(address === undefined ? options : { ...options, address }), header: () => header };
  };

  const receiptOf = (response: Response): SettleResponse =>
    decodePaymentResponseHeader(response.headers.get("PAYMENT-RESPONSE") ?? "");

  /** Why a server asked to be paid (again). */
  const refusalOf = (response: Response): string => {
    const required = response.headers.get("PAYMENT-REQUIRED");
    const settled = response.headers.get("PAYMENT-RESPONSE");
    const decoded = JSON.parse(Buffer.from(required ?? settled ?? "e30=", "base64").toString()) as Record<
      string,
      string
    >;
    return decoded.error ?? decoded.errorReason ?? "";
  };

  const decodeHeader = (header: string): PaymentPayload =>
    JSON.parse(Buffer.from(header, "base64").toString()) as PaymentPayload;

  const requirements = (payTo: string, more: Partial<PaymentRequirements> = {}): PaymentRequirements => ({
    scheme: "exact",
    network: NETWORK,
    payTo,
    maxTimeoutSeconds: 120,
    ...pieUSDPrice(token, PRICE),
    extra: { name: "pieUSD", version: "1" },
    ...more,
  });

  const payment = async (
    signer: HDNodeWallet,
    wanted: PaymentRequirements,
    more: Partial<TransferAuthorization> = {},
  ): Promise<{ payload: PaymentPayload; authorization: TransferAuthorization; signature: string }> => {
    const authorization = buildTransfer({
      from: signer.address,
      to: wanted.payTo,
      value: BigInt(wanted.amount),
      ...more,
    });
    const domain = pieUSDDomain(31337, wanted.asset);
    const { bytes: signature } = await signPieUSD(signer, domain, "TransferWithAuthorization", authorization);
    const { from, to, value, validAfter, validBefore, nonce } = authorization;
    const fields = { from, to, value: `${value}`, validAfter: `${validAfter}`, validBefore: `${validBefore}`, nonce };
    const payload = { x402Version: 2, accepted: wanted, payload: { signature, authorization: fields } };
    return { payload, authorization, signature };
  };

  /** Somebody else submits what is in a payment. */
  const submit = async (sender: HDNodeWallet, payload: PaymentPayload): Promise<string> => {
    const { authorization: a, signature } = payload.payload as {
      authorization: Record<keyof TransferAuthorization, string>;
      signature: string;
    };
    const transaction = await suite.pieUSD
      .connect(sender)
      [TRANSFER_BYTES](a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, signature);
    await transaction.wait();
    return transaction.hash;
  };

  /** The chain as a node shows it that answers some questions in a way of its own. */
  const view = (answers: Partial<Record<keyof typeof provider, (...args: never[]) => unknown>>): typeof provider =>
    new Proxy(provider, {
      get(target, property) {
        const own: unknown = Reflect.get(answers, property);
        const value: unknown = own ?? Reflect.get(target, property, target);
        return typeof value === "function" && own === undefined ? (value.bind(target) as unknown) : value;
      },
    });

  const balance = (account: string): Promise<bigint> => suite.pieUSD.balanceOf(account);
  const newPayee = (): string => Wallet.createRandom().address;

  before(async () => {
    // Other suites move the chain's clock; the client signs, and the facilitator judges, by the wall clock.
    await restorePristineChain();
    await installMulticall3(hre);
    const accounts = (await hre.ethers.getSigners()).map(({ address }) => address);
    suite = await deployForTest(localParameters(accounts));
    token = await suite.pieUSD.getAddress();
    treasury = await rich();
    frontRunner = await rich();
    const issued = 1_000n * FUNDS;
    await (await suite.usdt.issue(issued)).wait();
    await (await suite.usdt.approve(token, issued)).wait();
    await (await suite.pieUSD.depositFor(treasury.address, issued, issued)).wait();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ close }) => close()));
  });

  describe("paying through the official client and server", () => {
    it("lets an EOA without ether pay and hands out the resource with a receipt", async () => {
      const signer = await rich();
      const gasBefore = await provider.getBalance(signer.address);
      const [from, payTo] = [await payer(), newPayee()];
      const url = await api(await facilitator({ signer }), [route(payTo)]);

      const response = await (await client(from)).pay(`${url}/report`);

      expect(response.status).to.equal(200);
      expect(await response.json()).to.deep.equal(RESOURCE);
      const { success, payer: paidBy, network, transaction } = receiptOf(response);
      expect({ success, paidBy, network }).to.deep.equal({ success: true, paidBy: from.address, network: NETWORK });
      expect((await provider.getTransactionReceipt(transaction))?.from).to.equal(signer.address);
      expect(await balance(payTo)).to.equal(PRICE);
      expect(await balance(from.address)).to.equal(FUNDS - PRICE);
      expect(await provider.getBalance(from.address)).to.equal(0n);
      expect(await provider.getTransactionCount(from.address)).to.equal(0);
      expect(await provider.getBalance(signer.address)).to.be.lessThan(gasBefore);
    });

    it("asks for payment, with the price in the token's domain, where none came", async () => {
      const payTo = newPayee();
      const response = await fetch(`${await api(await facilitator(), [route(payTo)])}/report`);
      expect(response.status).to.equal(402);
      const required = JSON.parse(Buffer.from(response.headers.get("PAYMENT-REQUIRED") ?? "", "base64").toString()) as {
        accepts: PaymentRequirements[];
      };
      expect(required.accepts).to.deep.equal([requirements(payTo)]);
    });

    it("lets a contract wallet pay by its owner's signature", async () => {
      const [owner, payTo] = [Wallet.createRandom(provider), newPayee()];
      const wallet = await hre.ethers.deployContract("MockSmartWallet", [owner.address]);
      const address = await wallet.getAddress();
      await (await suite.pieUSD.connect(treasury).transfer(address, FUNDS)).wait();
      const url = await api(await facilitator(), [route(payTo)]);

      const response = await (await client(owner, address)).pay(`${url}/report`);

      expect(response.status).to.equal(200);
      expect(receiptOf(response).payer).to.equal(address);
      expect(await balance(payTo)).to.equal(PRICE);
      expect(await balance(address)).to.equal(FUNDS - PRICE);
    });

    it("refuses a contract wallet's payment that a stranger signed", async () => {
      const [owner, stranger, payTo] = [Wallet.createRandom(), Wallet.createRandom(provider), newPayee()];
      const wallet = await hre.ethers.deployContract("MockSmartWallet", [owner.address]);
      await (await suite.pieUSD.connect(treasury).transfer(await wallet.getAddress(), FUNDS)).wait();
      const url = await api(await facilitator(), [route(payTo)]);

      const response = await (await client(stranger, await wallet.getAddress())).pay(`${url}/report`);

      expect(response.status).to.equal(402);
      expect(refusalOf(response)).to.equal("invalid_exact_evm_signature");
      expect(await balance(payTo)).to.equal(0n);
    });

    describe("from an account with ERC-7702 code", () => {
      let account: HDNodeWallet;
      let sessionKey: HDNodeWallet;
      let url: string;
      let payTo: string;

      beforeEach(async () => {
        [account, sessionKey, payTo] = [await payer(), Wallet.createRandom(provider), newPayee()];
        const delegate = await hre.ethers.deployContract("MockDelegate7702", [sessionKey.address]);
        const authorization = await account.authorize({
          address: await delegate.getAddress(),
          nonce: 0,
          chainId: 31337n,
        });
        const transaction = {
          type: 4,
          to: frontRunner.address,
          authorizationList: [authorization],
          gasLimit: 100_000n,
        };
        await (await frontRunner.sendTransaction(transaction)).wait();
        expect(await provider.getCode(account.address)).to.equal(
          concat(["0xef0100", await delegate.getAddress()]).toLowerCase(),
        );
        url = await api(await facilitator(), [route(payTo)]);
      });

      it("takes the signature of the delegate's session key", async () => {
        const response = await (await client(sessionKey, account.address)).pay(`${url}/report`);
        expect(response.status).to.equal(200);
        expect(receiptOf(response).payer).to.equal(account.address);
        expect(await balance(payTo)).to.equal(PRICE);
      });

      it("takes the signature of the account's own key, which the delegate refuses", async () => {
        const response = await (await client(account)).pay(`${url}/report`);
        expect(response.status).to.equal(200);
        expect(await balance(payTo)).to.equal(PRICE);
      });

      it("refuses a stranger's signature", async () => {
        const response = await (await client(Wallet.createRandom(provider), account.address)).pay(`${url}/report`);
        expect(response.status).to.equal(402);
        expect(await balance(payTo)).to.equal(0n);
      });
    });

    it("settles a burst of 20 payers with one key", async () => {
      const [signer, payTo] = [await rich(), newPayee()];
      const url = await api(await facilitator({ signer }), [route(payTo)]);
      const payers: HDNodeWallet[] = [];
      for (let i = 0; i < 20; i++) payers.push(await payer());
      const clients = await Promise.all(payers.map((p) => client(p)));

      const responses = await Promise.all(clients.map(({ pay }) => pay(`${url}/report`)));

      expect(responses.map(({ status }) => status)).to.deep.equal(Array<number>(20).fill(200));
      expect(new Set(responses.map((r) => receiptOf(r).transaction)).size).to.equal(20);
      expect(await balance(payTo)).to.equal(20n * PRICE);
      expect(await provider.getTransactionCount(signer.address)).to.equal(20);
    });

    describe("never signs", () => {
      const USDC_ON_BASE_SEPOLIA = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
      const base = networkOf(84532);

      /** Whether the client sent a payment to a server that asks for this. */
      const pays = async (asked: Partial<PaymentRequirements>, network = NETWORK): Promise<boolean> => {
        let sent = false;
        const required = {
          x402Version: 2,
          resource: { url: "http://api" },
          accepts: [requirements(newPayee(), asked)],
        };
        const header = Buffer.from(JSON.stringify(required)).toString("base64");
        const asking: typeof fetch = (input, init) => {
          sent ||= new Request(input, init).headers.has("PAYMENT-SIGNATURE");
          return Promise.resolve(
            new Response("{}", sent ? {} : { status: 402, headers: { "PAYMENT-REQUIRED": header } }),
          );
        };
        const limits = { network, asset: token, maxAmountPerPayment: PRICE };
        const pay = await payingFetch({ ...limits, signer: Wallet.createRandom(), fetch: asking });
        const error: unknown = await pay("http://api/").catch((e: unknown) => e);
        expect(error instanceof Error).to.equal(!sent);
        return sent;
      };

      it("for more than the client's limit", async () => {
        expect(await pays({ amount: `${PRICE}` })).to.equal(true);
        expect(await pays({ amount: `${PRICE + 1n}` })).to.equal(false);
      });

      it("for another token, be it one of the package's own choice", async () => {
        expect(await pays({ network: base }, base)).to.equal(true);
        expect(await pays({ asset: await suite.usdt.getAddress() })).to.equal(false);
        const usdc = { network: base, asset: USDC_ON_BASE_SEPOLIA, extra: { name: "USDC", version: "2" } };
        expect(await pays(usdc, base)).to.equal(false);
      });

      it("for another network", async () => {
        expect(await pays({ network: base })).to.equal(false);
      });

      it("a Permit2 transfer", async () => {
        const extra = { name: "pieUSD", version: "1" };
        expect(await pays({ extra: { ...extra, assetTransferMethod: "eip3009" } })).to.equal(true);
        expect(await pays({ extra: { ...extra, assetTransferMethod: "permit2" } })).to.equal(false);
      });
    });
  });

  describe("a payment that is presented again", () => {
    it("is refused, and the payee is paid once", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      const url = await api(await facilitator(), [route(payTo)]);
      const { pay, header } = await client(from);
      expect((await pay(`${url}/report`)).status).to.equal(200);

      const again = await fetch(`${url}/report`, { headers: { "PAYMENT-SIGNATURE": header() } });

      expect(again.status).to.equal(402);
      expect(refusalOf(again)).to.equal("invalid_exact_evm_nonce_already_used");
      expect(await balance(payTo)).to.equal(PRICE);
    });

    it("buys one resource, however many requests carry it at once", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const url = await api(await facilitator(), [route(payTo)]);
      const { payload } = await payment(from, wanted);
      const headers = { "PAYMENT-SIGNATURE": Buffer.from(JSON.stringify(payload)).toString("base64") };

      const responses = await Promise.all(Array.from({ length: 5 }, () => fetch(`${url}/report`, { headers })));

      expect(responses.map(({ status }) => status).sort()).to.deep.equal([200, 402, 402, 402, 402]);
      expect(await balance(payTo)).to.equal(PRICE);
    });

    it("succeeds in one of two settlements in parallel, and in none afterwards", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const settling = await facilitator();
      const { payload } = await payment(from, wanted);
      // The nonce's letters in another case make it no other nonce.
      const shouting = structuredClone(payload);
      const inner = shouting.payload.authorization as { nonce: string };
      inner.nonce = `0x${inner.nonce.slice(2).toUpperCase()}`;

      const answers = await Promise.all([settling.settle(payload, wanted), settling.settle(shouting, wanted)]);

      expect(answers.map(({ success }) => success).sort()).to.deep.equal([false, true]);
      expect(answers.find(({ success }) => !success)?.errorReason).to.equal("duplicate_settlement");
      const later = await settling.settle(payload, wanted);
      expect(later.errorReason).to.equal("invalid_exact_evm_nonce_already_used");
      expect(await balance(payTo)).to.equal(PRICE);
    });

    it("is refused by a facilitator that was restarted with the same key", async () => {
      const signer = await rich();
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const { payload } = await payment(from, wanted);
      expect((await (await facilitator({ signer })).settle(payload, wanted)).success).to.equal(true);

      const restarted = await facilitator({ signer });

      expect((await restarted.verify(payload, wanted)).isValid).to.equal(false);
      expect((await restarted.settle(payload, wanted)).success).to.equal(false);
    });

    it("is not taken for a front-run by a replica with the same key, nor by one that knows the other's", async () => {
      const [signer, otherSigner] = [await rich(), await rich()];
      const settling = await facilitator({ signer });
      const sameKey = await facilitator({ signer });
      const acquainted = await facilitator({ signer: otherSigner, otherSettlers: [signer.address] });
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const { payload } = await payment(from, wanted);
      for (const replica of [sameKey, acquainted]) {
        expect((await replica.verify(payload, wanted)).isValid).to.equal(true);
      }
      expect((await settling.settle(payload, wanted)).success).to.equal(true);
      for (const replica of [sameKey, acquainted]) {
        expect((await replica.settle(payload, wanted)).success).to.equal(false);
      }
    });
  });

  describe("a payment that somebody else submitted", () => {
    it("is answered as settled once when it was submitted between verification and settlement", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      let frontRun = "";
      const settlements: Settlement[] = [];
      const settling = await facilitator({}, { onSettled: (settlement) => void settlements.push(settlement) });
      const handler: PaidRoute["handler"] = async (request) => {
        frontRun = await submit(frontRunner, decodeHeader(request.header("PAYMENT-SIGNATURE") ?? ""));
      };
      const url = await api(settling, [route(payTo, { handler })]);
      const { pay, header } = await client(from);

      const response = await pay(`${url}/report`);

      expect(response.status).to.equal(200);
      expect(receiptOf(response).transaction).to.equal(frontRun);
      expect(settlements.map(({ transaction, recovered }) => ({ transaction, recovered }))).to.deep.equal([
        { transaction: frontRun, recovered: true },
      ]);
      const again = await fetch(`${url}/report`, { headers: { "PAYMENT-SIGNATURE": header() } });
      expect(again.status).to.equal(402);
      const direct = await settling.settle(decodeHeader(header()), requirements(payTo));
      expect(direct.errorReason).to.equal("invalid_exact_evm_nonce_already_used");
      expect(await balance(payTo)).to.equal(PRICE);
    });

    it("is answered as settled when it was mined before our transaction", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const settling = await facilitator();
      const { payload, authorization, signature } = await payment(from, wanted);
      const answer = await whileBlocksWait(async (pending) => {
        const settled = settling.settle(payload, wanted);
        await pending(1);
        const overrides = { maxPriorityFeePerGas: 10n ** 10n, maxFeePerGas: 10n ** 11n, gasLimit: 200_000n };
        await suite.pieUSD
          .connect(frontRunner)
          [TRANSFER_BYTES](...transferArguments(authorization), signature, overrides);
        await pending(2);
        return () => settled;
      });
      expect(answer.success).to.equal(true);
      expect((await provider.getTransactionReceipt(answer.transaction))?.from).to.equal(frontRunner.address);
      expect(await balance(payTo)).to.equal(PRICE);
    });

    it("is answered as settled once, even where the node falls behind afterwards", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const { payload } = await payment(from, wanted);
      const block = await provider.getBlockNumber();
      let stale = 0;
      const lagging = view({
        getBlockNumber: () => (stale > 0 ? Promise.resolve(block) : provider.getBlockNumber()),
        call: (transaction: Parameters<typeof provider.call>[0]) =>
          stale-- > 0 ? Promise.resolve(toBeHex(0, 32)) : provider.call(transaction),
      });
      const settling = await facilitator({ signer: (await rich()).connect(lagging) });
      expect((await settling.verify(payload, wanted)).isValid).to.equal(true);
      await submit(frontRunner, payload);
      expect((await settling.settle(payload, wanted)).success).to.equal(true);
      stale = 1;
      expect((await settling.settle(payload, wanted)).errorReason).to.equal("invalid_exact_evm_nonce_already_used");
    });

    it("is refused when it was spent before this facilitator first saw it", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const settling = await facilitator();
      const { payload } = await payment(from, wanted);
      await submit(frontRunner, payload);
      expect((await settling.verify(payload, wanted)).invalidReason).to.equal("invalid_exact_evm_nonce_already_used");
      expect((await settling.settle(payload, wanted)).success).to.equal(false);
    });

    it("is refused when the nonce went to another payment beside one to the payee", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const settling = await facilitator();
      const promised = await payment(from, wanted);
      const cheat = await payment(
        from,
        { ...wanted, payTo: newPayee(), amount: "1" },
        { nonce: promised.authorization.nonce },
      );
      const honest = await payment(from, wanted);
      for (const { payload } of [promised, honest]) {
        expect((await settling.verify(payload, wanted)).isValid).to.equal(true);
      }
      const batch = [cheat, honest].map(({ authorization, signature }) => ({ ...authorization, signature }));
      await (await suite.pieUSD.connect(frontRunner).batchTransferWithAuthorization(batch)).wait();

      expect((await settling.settle(promised.payload, wanted)).success).to.equal(false);
      expect((await settling.settle(honest.payload, wanted)).success).to.equal(true);
      expect(await balance(payTo)).to.equal(PRICE);
    });

    it("is refused when it was cancelled", async () => {
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const settling = await facilitator();
      const { payload, authorization } = await payment(from, wanted);
      expect((await settling.verify(payload, wanted)).isValid).to.equal(true);
      const message = { authorizer: from.address, nonce: authorization.nonce };
      const { bytes } = await signPieUSD(from, pieUSDDomain(31337, token), "CancelAuthorization", message);
      const cancel = suite.pieUSD.connect(frontRunner)["cancelAuthorization(address,bytes32,bytes)"];
      await (await cancel(from.address, authorization.nonce, bytes)).wait();
      expect((await settling.settle(payload, wanted)).success).to.equal(false);
    });

    it("is refused when a contract took the money by receiveWithAuthorization for something else", async () => {
      const from = await payer();
      const owner = await rich();
      const till = await hre.ethers.deployContract("MockSmartWallet", [owner.address]);
      const payTo = await till.getAddress();
      const wanted = requirements(payTo);
      const settling = await facilitator();
      const { payload, authorization } = await payment(from, wanted);
      expect((await settling.verify(payload, wanted)).isValid).to.equal(true);
      const domain = pieUSDDomain(31337, token);
      const { bytes } = await signPieUSD(from, domain, "ReceiveWithAuthorization", authorization);
      const call = suite.pieUSD.interface.encodeFunctionData(RECEIVE_BYTES, [
        ...transferArguments(authorization),
        bytes,
      ]);
      await (await till.connect(owner).execute(token, call)).wait();

      expect((await settling.settle(payload, wanted)).success).to.equal(false);
      expect(await balance(payTo)).to.equal(PRICE);
    });

    it("is answered as settled when a contract was paid by a plain transfer", async () => {
      const from = await payer();
      const till = await hre.ethers.deployContract("MockSmartWallet", [from.address]);
      const wanted = requirements(await till.getAddress());
      const settling = await facilitator();
      const { payload } = await payment(from, wanted);
      expect((await settling.verify(payload, wanted)).isValid).to.equal(true);
      const transaction = await submit(frontRunner, payload);
      const { success, transaction: answered } = await settling.settle(payload, wanted);
      expect({ success, answered }).to.deep.equal({ success: true, answered: transaction });
    });
  });

  /** Stops mining, runs `act`, mines one block, and lets what `act` answered finish under automatic mining. */
  const whileBlocksWait = async <T>(
    act: (pending: (count: number) => Promise<void>) => Promise<() => Promise<T>>,
  ): Promise<T> => {
    await provider.send("evm_setAutomine", [false]);
    try {
      const finish = await act(async (count) => {
        for (let i = 0; i < 500; i++) {
          const block = (await provider.send("eth_getBlockByNumber", ["pending", false])) as { transactions: string[] };
          if (block.transactions.length === count) return;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        throw new Error(`There are no ${count} pending transactions after five seconds.`);
      });
      await provider.send("evm_mine", []);
      return await finish();
    } finally {
      await provider.send("evm_setAutomine", [true]);
    }
  };

  describe("the key's nonces", () => {
    it("survive a call that reverts in the estimate, between two that do not", async () => {
      const signer = await rich();
      const settling = await facilitator({ signer });
      const payTo = newPayee();
      const wanted = requirements(payTo);
      const payments = [
        await payment(await payer(), wanted),
        await payment(await payer(0n), wanted),
        await payment(await payer(), wanted),
      ];
      const answers = await Promise.all(payments.map(({ payload }) => settling.settle(payload, wanted)));
      expect(answers.map(({ success }) => success)).to.deep.equal([true, false, true]);
      expect(await provider.getTransactionCount(signer.address)).to.equal(2);
      const next = await payment(await payer(), wanted);
      expect((await settling.settle(next.payload, wanted)).success).to.equal(true);
    });

    it("survive a node that refuses one transaction", async () => {
      const signer = await rich();
      let refused = false;
      const refusing = view({
        broadcastTransaction(signed: string) {
          if (refused) return provider.broadcastTransaction(signed);
          refused = true;
          return Promise.reject(new Error("transaction pool is full"));
        },
      });
      const settling = await facilitator({ signer: signer.connect(refusing) });
      const wanted = requirements(newPayee());
      const payments = [await payment(await payer(), wanted), await payment(await payer(), wanted)];
      const answers = [];
      for (const { payload } of payments) answers.push(await settling.settle(payload, wanted));
      expect(answers.map(({ success }) => success)).to.deep.equal([false, true]);
      expect(answers[0]?.errorReason).to.equal("invalid_exact_evm_transaction_failed");
      expect(await provider.getTransactionCount(signer.address)).to.equal(1);
      // The payment that the node refused was not made, so it may be settled after all.
      const retried = payments[0] as (typeof payments)[number];
      expect((await settling.settle(retried.payload, wanted)).success).to.equal(true);
    });

    it("are looked up again when another process used the key in between", async () => {
      const signer = await rich();
      const wanted = requirements(newPayee());
      const both = [await facilitator({ signer }), await facilitator({ signer })];
      const payloads: PaymentPayload[] = [];
      for (let i = 0; i < 6; i++) payloads.push((await payment(await payer(), wanted)).payload);
      const answers = await Promise.all(
        payloads.map((payload, i) => (both[i % 2] as Facilitator).settle(payload, wanted)),
      );
      expect(answers.map(({ success }) => success)).to.deep.equal(Array<boolean>(6).fill(true));
    });

    it("are not taken twice when the node accepts a transaction and fails to say so", async () => {
      const signer = await rich();
      const accepting = view({
        async broadcastTransaction(signed: string) {
          await provider.broadcastTransaction(signed);
          throw new Error("socket hang up");
        },
      });
      const settling = await facilitator({ signer: signer.connect(accepting) });
      const wanted = requirements(newPayee());
      for (let i = 1; i <= 2; i++) {
        const { payload } = await payment(await payer(), wanted);
        expect((await settling.settle(payload, wanted)).success).to.equal(true);
        expect(await provider.getTransactionCount(signer.address)).to.equal(i);
      }
    });

    it("leave no gap when nobody knows whether a transaction arrived; its payment is answered as pending", async () => {
      const signer = await rich();
      let lost = false;
      const silent = view({
        broadcastTransaction(signed: string) {
          if (lost) return provider.broadcastTransaction(signed);
          lost = true;
          const timeout: Error = makeError("request timeout", "TIMEOUT", { operation: "broadcast", reason: "timeout" });
          return Promise.reject(timeout);
        },
      });
      const sending = { pollingIntervalMs: 20, confirmationTimeoutMs: 200 };
      const settling = await facilitator({ signer: signer.connect(silent), sending });
      const wanted = requirements(newPayee());
      const [first, second] = [await payment(await payer(), wanted), await payment(await payer(), wanted)];
      expect((await settling.settle(first.payload, wanted)).errorReason).to.equal("settlement_pending");
      expect((await settling.settle(second.payload, wanted)).success).to.equal(true);
    });
  });

  it("sends nothing for a payer who has more payments under way than pieUSD", async () => {
    const signer = await rich();
    const from = await payer(2n * PRICE);
    const wanted = requirements(newPayee());
    const settling = await facilitator({ signer });
    const payloads: PaymentPayload[] = [];
    for (let i = 0; i < 5; i++) payloads.push((await payment(from, wanted)).payload);
    const answers = await whileBlocksWait(async (pending) => {
      const all = Promise.all(payloads.map((payload) => settling.settle(payload, wanted)));
      await pending(2);
      return () => all;
    });
    expect(answers.map(({ success }) => success)).to.deep.equal([true, true, false, false, false]);
    expect(answers[4]?.errorReason).to.equal("invalid_exact_evm_insufficient_balance");
    expect(await provider.getTransactionCount(signer.address)).to.equal(2);
    expect(await balance(wanted.payTo)).to.equal(2n * PRICE);
    // What is no longer under way counts no longer.
    await (await suite.pieUSD.connect(treasury).transfer(from.address, PRICE)).wait();
    expect((await settling.settle(payloads[4] as PaymentPayload, wanted)).success).to.equal(true);
  });

  it("answers a slow transaction as pending, then once as settled", async () => {
    const [from, payTo] = [await payer(), newPayee()];
    const wanted = requirements(payTo);
    const settling = await facilitator({ sending: { pollingIntervalMs: 20, confirmationTimeoutMs: 200 } });
    const { payload } = await payment(from, wanted);
    const pending = await whileBlocksWait(async () => {
      const answer = await settling.settle(payload, wanted);
      return () => Promise.resolve(answer);
    });
    expect(pending.errorReason).to.equal("settlement_pending");
    const { success, transaction } = await settling.settle(payload, wanted);
    expect({ success, transaction }).to.deep.equal({ success: true, transaction: pending.transaction });
    expect((await settling.settle(payload, wanted)).success).to.equal(false);
    expect(await balance(payTo)).to.equal(PRICE);
  });

  it("answers a transaction that reverts after its estimate with a failure, and may settle it later", async () => {
    const [from, payTo] = [await rich(), newPayee()];
    await (await suite.pieUSD.connect(treasury).transfer(from.address, PRICE)).wait();
    const wanted = requirements(payTo);
    const settling = await facilitator();
    const { payload } = await payment(from, wanted);
    const answer = await whileBlocksWait(async (pending) => {
      const settled = settling.settle(payload, wanted);
      await pending(1);
      const fees = { maxPriorityFeePerGas: 10n ** 10n, maxFeePerGas: 10n ** 11n, gasLimit: 100_000n };
      await suite.pieUSD.connect(from).transfer(treasury.address, PRICE, fees);
      await pending(2);
      return () => settled;
    });
    expect(answer.success).to.equal(false);
    expect(answer.errorReason).to.equal("invalid_exact_evm_transaction_failed");
    expect((await provider.getTransactionReceipt(answer.transaction))?.status).to.equal(0);
    await (await suite.pieUSD.connect(treasury).transfer(from.address, PRICE)).wait();
    expect((await settling.settle(payload, wanted)).success).to.equal(true);
  });

  describe("refusals", () => {
    let from: HDNodeWallet;
    let payTo: string;
    let wanted: PaymentRequirements;

    beforeEach(async () => {
      [from, payTo] = [await payer(), newPayee()];
      wanted = requirements(payTo);
    });

    const refused = async (settling: Facilitator, payload: PaymentPayload, asked: PaymentRequirements) => {
      const verdict: VerifyResponse = await settling.verify(payload, asked);
      const answer: SettleResponse = await settling.settle(payload, asked);
      expect({ valid: verdict.isValid, settled: answer.success }).to.deep.equal({ valid: false, settled: false });
      expect(await balance(asked.payTo)).to.equal(0n);
      return [verdict.invalidReason, answer.errorReason];
    };

    describe("before the chain is asked", () => {
      /** A facilitator whose node fails the test when it is asked anything. */
      const deaf = async (): Promise<Facilitator> => {
        let open = true;
        const spy = new Proxy(provider, {
          get(target, property) {
            const value: unknown = Reflect.get(target, property, target);
            if (!open && property !== "then") throw new Error(`The node was asked for ${String(property)}.`);
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          },
        });
        const settling = await facilitator({ signer: (await rich()).connect(spy), payees: [payTo] });
        open = false;
        return settling;
      };

      it("meet another network", async () => {
        const asked = { ...wanted, network: networkOf(1) };
        const { payload } = await payment(from, asked);
        expect(await refused(await deaf(), payload, asked)).to.deep.equal(["invalid_network", "invalid_network"]);
        const mixed = await payment(from, { ...wanted, network: networkOf(1) });
        expect(await refused(await deaf(), mixed.payload, wanted)).to.deep.equal([
          "invalid_network",
          "invalid_network",
        ]);
      });

      it("meet another asset", async () => {
        const asked = { ...wanted, asset: newPayee() };
        const { payload } = await payment(from, asked);
        expect(await refused(await deaf(), payload, asked)).to.deep.equal(["asset_not_allowed", "asset_not_allowed"]);
      });

      it("meet another payee", async () => {
        const asked = { ...wanted, payTo: newPayee() };
        const { payload } = await payment(from, asked);
        expect(await refused(await deaf(), payload, asked)).to.deep.equal(["payee_not_allowed", "payee_not_allowed"]);
      });

      it("meet another scheme", async () => {
        const asked = { ...wanted, scheme: "upto" };
        const { payload } = await payment(from, asked);
        expect(await refused(await deaf(), payload, asked)).to.deep.equal(["unsupported_scheme", "unsupported_scheme"]);
      });

      it("meet a Permit2 payment, even beside an authorization", async () => {
        const { payload } = await payment(from, wanted);
        payload.payload.permit2Authorization = { from: from.address };
        expect(await refused(await deaf(), payload, wanted)).to.deep.equal(["invalid_payload", "invalid_payload"]);
      });

      it("meet an authorization that is valid for too long", async () => {
        const validBefore = BigInt(Math.floor(Date.now() / 1000) + 7200);
        const { payload } = await payment(from, wanted, { validBefore });
        const reason = "authorization_valid_too_long";
        expect(await refused(await deaf(), payload, wanted)).to.deep.equal([reason, reason]);
      });
    });

    it("reach the client of a server whose payee is not served", async () => {
      const url = await api(await facilitator({ payees: [newPayee()] }), [route(payTo)]);
      const response = await (await client(from)).pay(`${url}/report`);
      expect(response.status).to.equal(402);
      expect(refusalOf(response)).to.equal("payee_not_allowed");
      expect(await balance(payTo)).to.equal(0n);
    });

    it("meet a payer without enough pieUSD", async () => {
      const poor = await payer(PRICE - 1n);
      const { payload } = await payment(poor, wanted);
      const [verified] = await refused(await facilitator(), payload, wanted);
      expect(verified).to.equal("invalid_exact_evm_insufficient_balance");
    });

    it("meet a frozen payer", async () => {
      const freezer = await hre.ethers.getSigner(
        localHolders((await hre.ethers.getSigners()).map((s) => s.address)).PAYMENTS_FREEZER,
      );
      await (await suite.pieUSD.connect(freezer).freeze(from.address)).wait();
      const { payload } = await payment(from, wanted);
      expect(await refused(await facilitator(), payload, wanted)).to.deep.equal([
        "invalid_exact_evm_transaction_simulation_failed",
        "invalid_exact_evm_transaction_failed",
      ]);
    });

    it("meet an authorization that has expired or is not valid yet", async () => {
      const now = BigInt(Math.floor(Date.now() / 1000));
      const settling = await facilitator();
      const late = await payment(from, wanted, { validBefore: now - 1n });
      const reason = "invalid_exact_evm_payload_authorization_valid_before";
      expect(await refused(settling, late.payload, wanted)).to.deep.equal([reason, reason]);
      const early = await payment(from, wanted, { validAfter: now + 600n, validBefore: now + 900n });
      const notYet = "invalid_exact_evm_payload_authorization_valid_after";
      expect(await refused(settling, early.payload, wanted)).to.deep.equal([notYet, notYet]);
    });

    it("meet an authorization for another sum or payee, a signature of another message, and another domain", async () => {
      const settling = await facilitator();
      const { payload } = await payment(from, wanted);
      const dearer = { ...wanted, amount: (PRICE * 2n).toString() };
      await refused(settling, payload, dearer);
      await refused(settling, payload, { ...wanted, payTo: newPayee() });
      await refused(settling, payload, { ...wanted, extra: { name: "USD Coin", version: "1" } });
      await refused(settling, payload, { ...wanted, extra: {} });
      const forged = structuredClone(payload);
      (forged.payload.authorization as { from: string }).from = (await payer()).address;
      expect(await refused(settling, forged, wanted)).to.deep.equal([
        "invalid_exact_evm_signature",
        "invalid_exact_evm_signature",
      ]);
      expect((await settling.settle(payload, wanted)).success).to.equal(true);
    });
  });

  describe("listeners", () => {
    it("that throw or reject change nothing in the answer, and are reported", async () => {
      const errors: unknown[] = [];
      const payTo = newPayee();
      for (const onSettled of [
        () => {
          throw new Error("printer on fire");
        },
        () => Promise.reject(new Error("printer on fire")),
      ]) {
        const settling = await facilitator({}, { onSettled, onError: (error) => void errors.push(error) });
        const url = await api(settling, [route(payTo)]);
        expect((await (await client(await payer())).pay(`${url}/report`)).status).to.equal(200);
      }
      expect(errors.map((error) => (error as Error).message)).to.deep.equal(["printer on fire", "printer on fire"]);
      expect(await balance(payTo)).to.equal(2n * PRICE);
    });

    it("are told who paid whom how much by which transaction, and of nothing that failed", async () => {
      const settlements: Settlement[] = [];
      const settling = await facilitator({}, { onSettled: (settlement) => void settlements.push(settlement) });
      const [from, payTo] = [await payer(), newPayee()];
      const wanted = requirements(payTo);
      const { payload, authorization } = await payment(from, wanted);
      const { transaction } = await settling.settle(payload, wanted);
      await settling.settle(payload, wanted);
      expect(settlements).to.deep.equal([
        {
          network: NETWORK,
          asset: token,
          payer: from.address,
          payee: payTo,
          amount: PRICE,
          nonce: authorization.nonce,
          transaction,
          recovered: false,
        },
      ]);
    });
  });

  describe("over HTTP", () => {
    let settling: Facilitator;
    let wanted: PaymentRequirements;
    let body: Record<string, unknown>;

    beforeEach(async () => {
      settling = await facilitator();
      wanted = requirements(newPayee());
      const { payload } = await payment(await payer(), wanted);
      body = { x402Version: 2, paymentPayload: payload, paymentRequirements: wanted };
    });

    const post = async (url: string, text: string): Promise<{ status: number; error: string }> => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: text,
      });
      const { error = "" } = (await response.json()) as { error?: string };
      return { status: response.status, error };
    };

    it("answers what it supports, and that it is well", async () => {
      const url = await serve(listen(createFacilitatorApp(settling)));
      const supported = (await (await fetch(`${url}/supported`)).json()) as Record<string, unknown>;
      expect(supported.kinds).to.deep.equal([{ x402Version: 2, scheme: "exact", network: NETWORK }]);
      expect((await fetch(`${url}/health`)).status).to.equal(200);
      expect((await fetch(`${url}/elsewhere`)).status).to.equal(404);
    });

    it("answers a malformed body with 400 and a sentence", async () => {
      const url = await serve(listen(createFacilitatorApp(settling)));
      const bodies: [string, string][] = [
        ["{", "The body is not JSON that can be read."],
        ["[]", "The body must be an object."],
        ["{}", "paymentPayload must be an object."],
        [JSON.stringify({ ...body, x402Version: 1 }), "Only x402 version 2 is spoken here: set x402Version to 2."],
        [
          JSON.stringify({ ...body, paymentPayload: { x402Version: 2, payload: {} } }),
          "paymentPayload.accepted must be an object.",
        ],
        [JSON.stringify({ ...body, paymentRequirements: undefined }), "paymentRequirements must be an object."],
        [
          JSON.stringify({ ...body, paymentRequirements: { ...wanted, asset: "pieUSD" } }),
          "paymentRequirements.asset must be an address.",
        ],
        [
          JSON.stringify({ ...body, paymentRequirements: { ...wanted, amount: "0x10" } }),
          "paymentRequirements.amount must be a decimal string of base units.",
        ],
      ];
      for (const path of ["verify", "settle"]) {
        for (const [text, error] of bodies) {
          expect(await post(`${url}/${path}`, text), text).to.deep.equal({ status: 400, error });
        }
      }
    });

    it("refuses a payload that is no authorization, field by field, with a verdict", async () => {
      const url = await serve(listen(createFacilitatorApp(settling)));
      const good = (body.paymentPayload as PaymentPayload).payload as { authorization: object; signature: string };
      const payloads = [
        {},
        { ...good, signature: "signed" },
        { ...good, signature: "0x123" },
        { ...good, signature: `0x${"00".repeat(10_000)}` },
        ...Object.entries({ from: "me", to: 7, value: "-1", validAfter: "0x0", validBefore: "", nonce: "0x00" }).map(
          ([field, value]) => ({ ...good, authorization: { ...good.authorization, [field]: value } }),
        ),
      ];
      for (const payload of payloads) {
        const paymentPayload = { ...(body.paymentPayload as PaymentPayload), payload };
        const response = await fetch(`${url}/settle`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ ...body, paymentPayload }),
        });
        const { success, errorReason } = (await response.json()) as SettleResponse;
        expect({ status: response.status, success, errorReason }).to.deep.equal({
          status: 200,
          success: false,
          errorReason: "invalid_payload",
        });
      }
    });

    it("refuses a body beyond the limit", async () => {
      const url = await serve(listen(createFacilitatorApp(settling, { bodyLimit: "2kb" })));
      const { status } = await post(`${url}/verify`, JSON.stringify({ ...body, note: "x".repeat(3_000) }));
      expect(status).to.equal(413);
    });

    it("answers no more payments than its rate allows", async () => {
      const rateLimit = { requests: 2, windowMs: 60_000 };
      const url = await serve(listen(createFacilitatorApp(settling, { rateLimit })));
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await post(`${url}/verify`, JSON.stringify(body))).status);
      expect(statuses).to.deep.equal([200, 200, 429]);
      expect((await fetch(`${url}/supported`)).status).to.equal(200);
    });

    it("says that it cannot look just now when its node is away, and lives on", async () => {
      const signer = await rich();
      let away = false;
      const flaky = new Proxy(provider, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property, target);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) =>
            away ? Promise.reject(new Error("connection refused")) : (Reflect.apply(value, target, args) as unknown);
        },
      });
      const errors: unknown[] = [];
      const fragile = await facilitator({ signer: signer.connect(flaky) });
      const url = await serve(listen(createFacilitatorApp(fragile, { onError: (error) => void errors.push(error) })));
      away = true;
      for (const path of ["verify", "settle"]) {
        expect((await post(`${url}/${path}`, JSON.stringify(body))).status).to.equal(503);
      }
      expect(errors).to.have.length(2);
      away = false;
      expect((await post(`${url}/settle`, JSON.stringify(body))).status).to.equal(200);
      expect(await balance(wanted.payTo)).to.equal(PRICE);
    });

    it("lives on when its node fails in the middle of a verification", async () => {
      let away = false;
      const failing = view({
        getCode: (address: string) =>
          away ? Promise.reject(new Error("connection refused")) : provider.getCode(address),
      });
      // A token that the official package has not looked at yet in this process; it remembers those it has.
      const contract = await hre.ethers.deployContract("MockSmartWallet", [newPayee()]);
      const asset = await contract.getAddress();
      const fragile = await facilitator({ signer: (await rich()).connect(failing), assets: [asset] });
      const asked = { ...wanted, asset };
      const { payload } = await payment(await payer(), asked);
      away = true;
      // Outside of a test runner this would end the facilitator's process.
      const unhandled: unknown[] = [];
      const note = (reason: unknown): void => void unhandled.push(reason);
      process.on("unhandledRejection", note);
      try {
        expect((await fragile.verify(payload, asked)).isValid).to.equal(false);
        await new Promise((resolve) => setTimeout(resolve, 20));
      } finally {
        process.off("unhandledRejection", note);
      }
      expect(unhandled).to.deep.equal([]);
    });
  });

  it("tells whose typed data a signature is of, for keys, contract wallets and neither", async () => {
    const signer = await facilitatorSigner(await rich());
    const owner = Wallet.createRandom();
    const wallet = await hre.ethers.deployContract("MockSmartWallet", [owner.address]);
    const message = { authorizer: owner.address, nonce: randomNonce() };
    const { domain, types } = { domain: pieUSDDomain(31337, token), types: PIEUSD_TYPES };
    const { bytes } = await signPieUSD(owner, domain, "CancelAuthorization", message);
    const isOf = (address: string, signature: string): Promise<boolean> =>
      signer.verifyTypedData({
        address: hex(address),
        domain: { ...domain },
        types: { CancelAuthorization: types.CancelAuthorization },
        primaryType: "CancelAuthorization",
        message,
        signature: hex(signature),
      });
    expect(await isOf(owner.address, bytes)).to.equal(true);
    expect(await isOf(await wallet.getAddress(), bytes)).to.equal(true);
    expect(await isOf(newPayee(), bytes)).to.equal(false);
    expect(await isOf(await wallet.getAddress(), "0x1234")).to.equal(false);
  });

  describe("setting up", () => {
    const rejected = async (network: Partial<FacilitatorNetwork>): Promise<string> => {
      const error: unknown = await facilitator(network).catch((e: unknown) => e);
      return error instanceof Error ? error.message : "";
    };

    it("fails where the signer is on another chain or has no provider, and where the asset is no contract", async () => {
      expect(await rejected({ network: networkOf(1) })).to.match(/connected to eip155:31337/);
      expect(await rejected({ signer: Wallet.createRandom() })).to.match(/needs a provider/);
      expect(await rejected({ assets: [newPayee()] })).to.match(/has no code/);
    });
  });
});
