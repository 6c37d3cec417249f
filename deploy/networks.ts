/** The test networks that Tessera is configured for. Everything else about a network is a parameter file. */
export const TESTNETS = [
  { name: "sepolia", chainId: 11_155_111, title: "Ethereum Sepolia" },
  { name: "baseSepolia", chainId: 84_532, title: "Base Sepolia" },
  { name: "bscTestnet", chainId: 97, title: "BNB Smart Chain testnet" },
  { name: "arbitrumSepolia", chainId: 421_614, title: "Arbitrum Sepolia" },
] as const;

export const LOCAL_NETWORKS: readonly string[] = ["hardhat", "localhost"];

/** `npx hardhat vars` name of the key that deploys. One key for all test networks. */
export const privateKeyVar = "DEPLOYER_PRIVATE_KEY";

/** `npx hardhat vars` name of a network's RPC URL: `baseSepolia` reads `BASE_SEPOLIA_RPC_URL`. */
export const rpcUrlVar = (network: string): string =>
  `${network.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}_RPC_URL`;

/** A URL that cannot resolve and says why in its own name, for a network whose variable is not set. */
export const unsetRpcUrl = (network: string): string =>
  `http://${rpcUrlVar(network).toLowerCase().replace(/_/g, "-")}-is-not-set.invalid`;
