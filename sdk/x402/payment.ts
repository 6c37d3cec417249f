/** Reads what arrives at a facilitator: the envelope of a request, and the ERC-3009 authorization inside. */
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { getAddress, isAddress, isHexString } from "ethers";

import type { TransferAuthorization } from "../payments/typedData";

/** The request is not x402's; the message is a sentence for the caller. */
export class MalformedRequest extends Error {}

export interface PaymentRequest {
  paymentPayload: PaymentPayload;
  paymentRequirements: PaymentRequirements;
}

/** A payer's authorization, checked in form: addresses with checksum, the nonce in lower case. */
export interface Authorization extends TransferAuthorization {
  signature: string;
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const object = (value: unknown, name: string): Fields => {
  if (!isObject(value)) throw new MalformedRequest(`${name} must be an object.`);
  return value;
};

const text = (fields: Fields, key: string, name: string): string => {
  const value = fields[key];
  if (typeof value !== "string" || value === "") throw new MalformedRequest(`${name}.${key} must be a string.`);
  return value;
};

const requirements = (value: unknown, name: string): PaymentRequirements => {
  const fields = object(value, name);
  for (const key of ["scheme", "network"]) text(fields, key, name);
  for (const key of ["asset", "payTo"]) {
    if (!isAddress(text(fields, key, name))) throw new MalformedRequest(`${name}.${key} must be an address.`);
  }
  if (!isUint(fields.amount)) throw new MalformedRequest(`${name}.amount must be a decimal string of base units.`);
  if (fields.extra !== undefined && fields.extra !== null) object(fields.extra, `${name}.extra`);
  return { ...(fields as unknown as PaymentRequirements), extra: (fields.extra ?? {}) as Record<string, unknown> };
};

/** The body of POST /verify and POST /settle; throws `MalformedRequest`. */
export const readRequest = (body: unknown): PaymentRequest => {
  const fields = object(body, "The body");
  const payload = object(fields.paymentPayload, "paymentPayload");
  if (payload.x402Version !== 2 || (fields.x402Version ?? 2) !== 2) {
    throw new MalformedRequest("Only x402 version 2 is spoken here: set x402Version to 2.");
  }
  object(payload.payload, "paymentPayload.payload");
  requirements(payload.accepted, "paymentPayload.accepted");
  return {
    paymentPayload: payload as unknown as PaymentPayload,
    paymentRequirements: requirements(fields.paymentRequirements, "paymentRequirements"),
  };
};

/** Decimal digits only: BigInt alone would take "0x10" and " 7 " for numbers as well. */
const isUint = (value: unknown): value is string =>
  typeof value === "string" && /^\d{1,78}$/.test(value) && BigInt(value) < 1n << 256n;

/** Longest signature that is looked at, in hex digits: room for multisigs and passkeys, none for abuse. */
const MAX_SIGNATURE_DIGITS = 16_384;

/** The ERC-3009 authorization of a payment, or undefined where the payload is anything else. */
export const readAuthorization = ({ payload }: PaymentPayload): Authorization | undefined => {
  // A payload with both would be settled through Permit2, past every check on the authorization.
  if (!isObject(payload) || "permit2Authorization" in payload || !isObject(payload.authorization)) return undefined;
  const { signature } = payload;
  const { from, to, value, validAfter, validBefore, nonce } = payload.authorization;
  if (typeof signature !== "string" || !isHexString(signature) || signature.length > MAX_SIGNATURE_DIGITS)
    return undefined;
  if (signature.length % 2 !== 0 || !isAddress(from) || !isAddress(to) || !isHexString(nonce, 32)) return undefined;
  if (!isUint(value) || !isUint(validAfter) || !isUint(validBefore)) return undefined;
  return {
    from: getAddress(from),
    to: getAddress(to),
    value: BigInt(value),
    validAfter: BigInt(validAfter),
    validBefore: BigInt(validBefore),
    nonce: nonce.toLowerCase(),
    signature,
  };
};

/** The payment with nothing in its payload but the authorization that was checked. */
export const withAuthorization = (paymentPayload: PaymentPayload, a: Authorization): PaymentPayload => ({
  ...paymentPayload,
  payload: {
    signature: a.signature,
    authorization: {
      from: a.from,
      to: a.to,
      value: a.value.toString(),
      validAfter: a.validAfter.toString(),
      validBefore: a.validBefore.toString(),
      nonce: a.nonce,
    },
  },
});
