/** Numbers that the contracts of the IP domain hold to, and the names of what they count. */

/** Rates and shares are parts per million. */
export const PPM = 1_000_000n;
export const PPM_PER_BPS = 100n;

/** Most parents that a creator may choose for one derivative. */
export const MAX_PARENTS = 8;
/** Most absolute edges that a derivative may inherit, and that a parent may have. */
export const MAX_INHERITED = 8;
/** Most that a work may owe its ancestors. */
export const MAX_RATE_SUM = 900_000n;
/** Most that the protocol and an app may take of direct revenue, together. */
export const MAX_FEE_SUM = 100_000n;
export const MAX_CONTRIBUTORS = 8;
/** Most claims in one call to the graph. */
export const MAX_CLAIM_BATCH = 256;
/** A work's sums of one token stay below this. */
export const SUM_LIMIT = 2n ** 127n;

/** The fee account of the protocol, among those of the apps; a work of app 0 was registered through none. */
export const PROTOCOL_APP = 0n;

/** What a licence is for. The odd ones are commercial; a commercial licence covers the use before it. */
export enum Use {
  Human,
  HumanCommercial,
  Training,
  TrainingCommercial,
  FineTuning,
  FineTuningCommercial,
  Inference,
  InferenceCommercial,
}

/** How a licence is paid and ends. None: the terms are for derivatives alone. */
export enum LicenseKind {
  None,
  Duration,
  SinglePayment,
  Metered,
}

/** What a work may be used for. Money passes through it whatever its status. */
export enum Status {
  None,
  Active,
  Disputed,
  Deleted,
}
