export * from "./compliance";
export * from "./countries";
export * from "./rounding";
