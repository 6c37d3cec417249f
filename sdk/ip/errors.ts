/** Names of the contracts' errors that the SDK foresees. */
export type IPErrorCode =
  | "BatchTooLarge"
  | "DerivativesNotAllowed"
  | "EdgesNotAscending"
  | "FeesTooHigh"
  | "InvalidContributor"
  | "LedgerOverflow"
  | "MalformedEdge"
  | "NoParents"
  | "ParentNotDerivable"
  | "RatesTooHigh"
  | "SharesTooHigh"
  | "TooManyContributors"
  | "TooManyInherited"
  | "TooManyParents"
  | "UnknownContributor"
  | "UnknownParent"
  | "UnknownWork"
  | "ZeroAmount";

/** What a contract would refuse: its error's name, and a sentence with the values. */
export class IPError extends Error {
  override readonly name = "IPError";

  constructor(
    readonly code: IPErrorCode,
    message: string,
  ) {
    super(message);
  }
}
