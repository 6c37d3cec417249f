export * from "./equity";
export * from "./ip";
export * from "./payments/batch";
export * from "./payments/typedData";
export * from "./x402";
