import { time } from "@nomicfoundation/hardhat-network-helpers";
import { MaxUint256, Signature, Wallet, id } from "ethers";
import hre from "hardhat";

import { deploySuite, localParameters } from "../../deploy/deploySuite";
import type { RoleName } from "../../deploy/roles";
import { stock, stockArguments } from "../../deploy/stock";
import { gasOf } from "../gas";
import type { Scenario, ScenarioSet } from "../scenario";

const SHARE = 10n ** 18n;
const YEAR = 365 * 86_400;
const OPEN = stock({ symbol: "TSLAx", name: "Tesla xStock", isin: "US88160R1014" });
/** Receiver and sender verified, countries by mask. */
const ALLOWLIST = stock({ symbol: "AAPLx", name: "Apple xStock", isin: "US0378331005", policy: 7, countries: 2n });
const VERIFIED = 1n | (1n << 8n);
const DEADLINE = 2n ** 40n;

/**
 * Stocks, behind their beacon. "Warm" means that the receiver has a balance already and the sender keeps some; every
 * slot is cold at the start of its transaction.
 */
export const equityScenarios: ScenarioSet = async () => {
  const signers = await hre.ethers.getSigners();
  const accounts = signers.map((s) => s.address);
  const parameters = localParameters(accounts);
  const suite = await deploySuite(hre, parameters, { stocks: [OPEN, ALLOWLIST] });
  const { equityFactory, equityIssuance, corporateActions, complianceRegistry, manager } = suite;
  const holder = (role: RoleName) => hre.ethers.getSigner(parameters.holders[role]);
  const minter = await holder("EQUITY_MINTER");
  const [alice, bob, carol, relayer] = [30, 31, 32, 33].map((i) => signers[i]);
  if (alice === undefined || bob === undefined || carol === undefined || relayer === undefined) {
    throw new Error("too few accounts");
  }
  const pairOf = async (symbol: string) => {
    const [token, wrapper] = await equityFactory.addressesOf(symbol, 0);
    return {
      token: await hre.ethers.getContractAt("EquityToken", token),
      wrapper: await hre.ethers.getContractAt("WrappedEquity", wrapper),
      feed: await hre.ethers.getContractAt("MockAggregator", (await equityIssuance.boundsOf(token)).feed.feed),
    };
  };
  const open = await pairOf(OPEN.symbol);
  const { token, wrapper, feed } = open;
  const listed = await pairOf(ALLOWLIST.symbol);
  const address = await token.getAddress();
  const kyc = await holder("EQUITY_KYC");
  await (await complianceRegistry.connect(kyc).setInvestors([alice, bob], VERIFIED, [VERIFIED, VERIFIED])).wait();
  let requests = 0;
  const mint = async ({ token: of, feed: reserves }: Awaited<ReturnType<typeof pairOf>>, to: string) => {
    await (await reserves.push(OPEN.reserves)).wait();
    return of.connect(minter).mint(to, 1_000n * SHARE, id(`mint ${requests++}`));
  };
  for (const account of [alice, bob, carol]) await (await mint(open, account.address)).wait();
  for (const account of [alice, bob]) await (await mint(listed, account.address)).wait();

  const domain = { name: "Tessera Equity", version: "1", chainId: 31337, verifyingContract: address };
  const permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)" as const;
  const twa =
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)" as const;
  const signedPermit = async (value: bigint): Promise<bigint> => {
    const nonce = await token.nonces(alice);
    const types = {
      Permit: ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"].map(
        (field) => {
          const [type = "", name = ""] = field.split(" ");
          return { type, name };
        },
      ),
    };
    const message = { owner: alice.address, spender: carol.address, value, nonce, deadline: DEADLINE };
    const { v, r, s } = Signature.from(await alice.signTypedData(domain, types, message));
    return gasOf(token.connect(relayer)[permit](alice.address, carol.address, value, DEADLINE, v, r, s));
  };
  const reset = async (): Promise<void> => {
    await (await token.connect(alice).approve(carol, 0n)).wait();
  };
  const asAdminOfConfig = async (data: string, target: string): Promise<void> => {
    const config = await holder("EQUITY_CONFIG");
    await (await manager.connect(config).schedule(target, data, 0)).wait();
    await time.increase(2 * 86_400);
    await (await manager.connect(config).execute(target, data)).wait();
  };

  const scenarios: Scenario[] = [
    { id: "equity.transfer.warm", run: () => gasOf(token.connect(alice).transfer(bob, SHARE)) },
    {
      id: "equity.transfer.fresh",
      run: () => gasOf(token.connect(alice).transfer(new Wallet(id("a holder without shares")).address, SHARE)),
    },
    { id: "equity.transfer.allowlist.warm", run: () => gasOf(listed.token.connect(alice).transfer(bob, SHARE)) },
    {
      id: "equity.transferFrom.warm",
      run: async () => {
        await (await token.connect(alice).approve(carol, 10n * SHARE)).wait();
        return gasOf(token.connect(carol).transferFrom(alice, bob, SHARE));
      },
    },
    {
      id: "equity.permit.warm",
      run: async () => {
        await signedPermit(SHARE);
        await reset();
        return signedPermit(SHARE);
      },
    },
    {
      id: "equity.permit+transferFrom.warm",
      run: async () => {
        await reset();
        // Spent to the last, as a permit for one payment is.
        return (await signedPermit(SHARE)) + (await gasOf(token.connect(carol).transferFrom(alice, bob, SHARE)));
      },
    },
    {
      id: "equity.transferWithAuthorization.warm",
      run: async () => {
        const nonce = id("a payment in stocks");
        const message = {
          from: alice.address,
          to: bob.address,
          value: SHARE,
          validAfter: 0n,
          validBefore: DEADLINE,
          nonce,
        };
        const types = {
          TransferWithAuthorization: [
            { name: "from", type: "address" },
            { name: "to", type: "address" },
            { name: "value", type: "uint256" },
            { name: "validAfter", type: "uint256" },
            { name: "validBefore", type: "uint256" },
            { name: "nonce", type: "bytes32" },
          ],
        };
        const { v, r, s } = Signature.from(await alice.signTypedData(domain, types, message));
        return gasOf(token.connect(relayer)[twa](alice, bob, SHARE, 0n, DEADLINE, nonce, v, r, s));
      },
    },
    { id: "equity.mint.full", run: () => gasOf(mint(open, bob.address)) },
    {
      id: "equity.wrapper.deposit",
      run: async () => {
        await (await token.connect(alice).approve(wrapper, MaxUint256)).wait();
        await (await wrapper.connect(alice).deposit(SHARE, alice)).wait();
        return gasOf(wrapper.connect(alice).deposit(SHARE, alice));
      },
    },
    {
      id: "equity.factory.deploy",
      run: async () => {
        const next = stock({
          symbol: "MSFTx",
          name: "Microsoft xStock",
          isin: "US5949181045",
          policy: 7,
          countries: 2n,
        });
        const deployer = await holder("EQUITY_DEPLOYER");
        return gasOf(equityFactory.connect(deployer).deploy(stockArguments(next, await feed.getAddress())));
      },
    },
    {
      id: "equity.transfer.warm.idle365",
      run: async () => {
        const keep = 999_900_000_000_000_000n;
        const data = corporateActions.interface.encodeFunctionData("setFee", [address, keep, 86_400]);
        await asAdminOfConfig(data, await corporateActions.getAddress());
        await time.increase(YEAR);
        return gasOf(token.connect(alice).transfer(bob, SHARE));
      },
    },
  ];
  return scenarios;
};
