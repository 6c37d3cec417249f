export * from "./constants";
export * from "./edges";
export * from "./errors";
export * from "./royaltyModel";
export * from "./typedData";
