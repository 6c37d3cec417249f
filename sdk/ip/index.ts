export * from "./claims";
export * from "./constants";
export * from "./edges";
export * from "./errors";
export * from "./graph";
export * from "./royaltyModel";
export * from "./typedData";
export * from "./work";
