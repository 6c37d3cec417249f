/** What the SDK reads of the registry and the graph, and the claims that it plans; no more of their interfaces. */
import { Interface } from "ethers";

export const registryInterface = new Interface([
  "event Registered(uint256 indexed id, address indexed creator, bytes32 indexed contentHash, uint256 work)",
  "event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)",
  "event WorkDeleted(uint256 indexed id)",
  "event Frozen(uint256 indexed id)",
  "event Unfrozen(uint256 indexed id)",
  "event Redirected(uint256 indexed id, address indexed payee)",
  "function totalSupply() view returns (uint256)",
  "function packedWork(uint256 id) view returns (uint256)",
  "function contentHashOf(uint256 id) view returns (bytes32)",
  "function payeeOf(uint256 id) view returns (address)",
]);

export const graphInterface = new Interface([
  "event Linked(uint256 indexed child, uint256[] words)",
  "event ContributorsRecorded(uint256 indexed id, tuple(address account, uint32 share)[] contributors)",
  "event Paid(uint256 indexed id, address indexed token, address indexed payer, uint256 amount)",
  "event Claimed(uint256 indexed child, uint256 indexed parent, address indexed token, uint256 edge, uint256 amount)",
  "event FeeClaimed(uint256 indexed id, uint256 indexed appId, address indexed token, uint256 amount)",
  "event Withdrawn(uint256 indexed id, address indexed token, address indexed to, uint256 share, uint256 amount)",
  "event FeesWithdrawn(uint256 indexed appId, address indexed token, address indexed to, uint256 amount)",
  "function edgesOf(uint256 id) view returns (uint256[])",
  "function contributorsOf(uint256 id) view returns (tuple(address account, uint32 share)[])",
  "function revenueOf(uint256 id, address token) view returns (uint256 direct, uint256 inflow)",
  "function claimedOf(uint256 child, uint256 edge, address token) view returns (uint256)",
  "function claimableFees(uint256 id, address token) view returns (uint256 protocol, uint256 app)",
  "function withdrawnOf(uint256 id, uint256 share, address token) view returns (uint256)",
  "function feesOf(uint256 appId, address token) view returns (uint256 collected, uint256 withdrawn)",
  "function claim(uint256 child, uint256 edge, address token) returns (uint256 amount)",
  "function claimBatch(tuple(uint256 child, uint256 edge)[] claims, address token) returns (uint256 amount)",
  "function claimPath(uint256 child, uint256[] edges, address token) returns (uint256 amount)",
]);
