export * from "./compliance";
export * from "./countries";
export * from "./rounding";
export * from "./typedData";
