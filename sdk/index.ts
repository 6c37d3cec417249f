export * from "./payments/typedData";
export * from "./x402";
