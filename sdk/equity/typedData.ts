/**
 * EIP-712 messages that a tokenized stock understands: their types, builders with sane defaults, and signing by any ethers
 * signer. Approval, transfer and cancellation are the messages of ERC-2612 and ERC-3009, and those of pieUSD; a transfer
 * of shares is the stocks' own, and exact whatever the multiplier does before it is mined.
 * Amounts and shares have 18 decimals (bigint), times are Unix seconds, nonces of authorizations are random 32-byte words.
 */
import { TypedDataEncoder, type BigNumberish, type Signer, type TypedDataDomain, type TypedDataField } from "ethers";

import {
  PIEUSD_TYPES,
  buildTransfer,
  splitSignature,
  type CancelAuthorization,
  type Permit,
  type PieUSDSignature,
  type TransferAuthorization,
} from "../payments/typedData";

/** One for all stocks, which differ by their addresses. */
export const EQUITY_NAME = "Tessera Equity";
export const EQUITY_VERSION = "1";

export const EQUITY_TYPES = {
  TransferWithAuthorization: PIEUSD_TYPES.TransferWithAuthorization,
  ReceiveWithAuthorization: PIEUSD_TYPES.ReceiveWithAuthorization,
  TransferSharesWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "shares", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
  CancelAuthorization: PIEUSD_TYPES.CancelAuthorization,
  Permit: PIEUSD_TYPES.Permit,
} satisfies Record<string, TypedDataField[]>;

export interface SharesAuthorization extends Omit<TransferAuthorization, "value"> {
  shares: bigint;
}

export interface EquityMessages {
  TransferWithAuthorization: TransferAuthorization;
  ReceiveWithAuthorization: TransferAuthorization;
  TransferSharesWithAuthorization: SharesAuthorization;
  CancelAuthorization: CancelAuthorization;
  Permit: Permit;
}

export type EquityPrimaryType = keyof EquityMessages;

/** A stock's EIP-712 domain on a chain. */
export const equityDomain = (chainId: BigNumberish, token: string): TypedDataDomain => ({
  name: EQUITY_NAME,
  version: EQUITY_VERSION,
  chainId,
  verifyingContract: token,
});

type Defaults = "validAfter" | "validBefore" | "nonce";

/**
 * A transfer's authorization by shares, valid from now for five minutes unless told otherwise. One by amount is
 * `buildTransfer`'s, as for pieUSD.
 * @example buildSharesTransfer({ from, to, shares: 10n ** 18n })
 */
export const buildSharesTransfer = ({
  shares,
  ...message
}: Omit<SharesAuthorization, Defaults> & Partial<Pick<SharesAuthorization, Defaults>>): SharesAuthorization => {
  const { from, to, validAfter, validBefore, nonce } = buildTransfer({ ...message, value: shares });
  return { from, to, shares, validAfter, validBefore, nonce };
};

/** The digest that a signature covers; an ERC-1271 wallet is asked about this. */
export const equityDigest = <T extends EquityPrimaryType>(
  domain: TypedDataDomain,
  primaryType: T,
  message: EquityMessages[T],
): string => TypedDataEncoder.hash(domain, { [primaryType]: EQUITY_TYPES[primaryType] }, { ...message });

/** Signs a stock's message by an EOA's key, or by the key of a wallet whose ERC-1271 check accepts it. */
export const signEquity = async <T extends EquityPrimaryType>(
  signer: Pick<Signer, "signTypedData">,
  domain: TypedDataDomain,
  primaryType: T,
  message: EquityMessages[T],
): Promise<PieUSDSignature> =>
  splitSignature(await signer.signTypedData(domain, { [primaryType]: EQUITY_TYPES[primaryType] }, { ...message }));

/** The leading arguments of `transferSharesWithAuthorization`, in their order. */
export const sharesArguments = (a: SharesAuthorization): [string, string, bigint, bigint, bigint, string] => [
  a.from,
  a.to,
  a.shares,
  a.validAfter,
  a.validBefore,
  a.nonce,
];
