export * from "./payments/typedData";
