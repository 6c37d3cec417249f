// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Edge} from "../types/Edge.sol";
import {IIPRegistry} from "./IIPRegistry.sol";

/// @title IRoyaltyGraph
/// @notice The provenance graph of works and its money: what a work earns is owed to its ancestors, its contributors, the
/// protocol and its app by rates fixed at registration, whatever the size of the graph and the order of collection.
///
/// A payment writes one word. Everything else is derived from cumulative sums: per work and token, `direct` (revenue of
/// its own) and `inflow` (collected from derivatives); per edge, `claimed`. With D = 1,000,000, an edge of rate r is
/// entitled to floor(r·(direct+inflow)/D) if relative, to floor(r·direct/D) if absolute; each fee to floor(rate·direct/D);
/// the owner's side to W = floor(direct·(D−all rates)/D) + floor(inflow·(D−relative rates)/D), of which contributor i has
/// floor(share·W/D) and the owner floor((D−all shares)·W/D).
///
/// Identity, per token: Σ direct − Σ withdrawn = Σ (direct + inflow − claimed − withdrawn) over works and fee accounts,
/// each term ≥ 0, and the graph holds at least that much of a token that keeps its word. Rounding stays in the graph: over
/// a work's whole life at most edges + fees + contributors + 1 base units of a token.
///
/// Amounts are base units; the token of the native coin is address 0. Every sum of a work is bounded by 2^127.
///
/// Powers, through the suite's AccessManager: upgrade (after seven days), name the treasury (after two days). A dispute's
/// freeze and redirection stand in the registry. No power stops a claim between works.
interface IRoyaltyGraph {
    /// @notice What one claim collects: edge number `edge` of `child`.
    struct Claim {
        uint256 child;
        uint256 edge;
    }

    /// @notice A work earned money.
    event Paid(uint256 indexed id, address indexed token, address indexed payer, uint256 amount);

    /// @notice A parent collected from a derivative.
    event Claimed(uint256 indexed child, uint256 indexed parent, address indexed token, uint256 edge, uint256 amount);

    /// @notice A fee was collected from a work; app 0 is the protocol.
    event FeeClaimed(uint256 indexed id, uint256 indexed appId, address indexed token, uint256 amount);

    /// @notice Money left a work. `share` 0 is the owner's, i + 1 that of contributor i.
    event Withdrawn(uint256 indexed id, address indexed token, address indexed to, uint256 share, uint256 amount);

    /// @notice Collected fees left; app 0 is the protocol.
    event FeesWithdrawn(uint256 indexed appId, address indexed token, address indexed to, uint256 amount);

    /// @notice A derivative was linked to its ancestors, by these edges: four a word, the lowest lane first. See {Edge}.
    event Linked(uint256 indexed child, uint256[] words);

    /// @notice A work's contributors were recorded.
    event ContributorsRecorded(uint256 indexed id, IIPRegistry.Contributor[] contributors);

    /// @notice Who withdraws the protocol's fees.
    event TreasuryUpdated(address indexed treasury);

    /// @notice The caller is not the registry.
    error OnlyRegistry(address caller);

    /// @notice An address that must have code, or must not be zero, does not.
    error InvalidAddress(address account);

    /// @notice There is no work with this id.
    error UnknownWork(uint256 id);

    /// @notice The parent has more absolute edges than a derivative could inherit.
    error ParentNotDerivable(uint256 id, uint256 edges);

    /// @notice The list lacks an absolute edge that parent `id` has to `ancestor`.
    error MissingInheritedEdge(uint256 id, uint256 ancestor);

    /// @notice The list has an edge that no parent asks for.
    error UnexpectedEdge(uint256 ancestor, bool absolute);

    /// @notice The edge's rate is neither that of the chosen parent's terms nor the highest to inherit, or is below the
    /// latter, which is `inherited` (0: none).
    error WrongRate(uint256 ancestor, bool absolute, uint256 rate, uint256 inherited);

    /// @notice The edges' rates sum to more than the limit, in parts per million.
    error RatesTooHigh(uint256 sum, uint256 max);

    /// @notice More contributors than the limit.
    error TooManyContributors(uint256 count, uint256 max);

    /// @notice A contributor has no address, or no share.
    error InvalidContributor(uint256 index, address account, uint256 share);

    /// @notice The contributors' shares sum to more than the whole, in parts per million.
    error SharesTooHigh(uint256 sum, uint256 max);

    /// @notice A payment of nothing, or of which nothing arrived.
    error ZeroAmount();

    /// @notice An ERC-20 function was called with the native coin's address, or with one without code.
    error InvalidToken(address token);

    /// @notice The work's sum cannot hold this payment.
    error LedgerOverflow(uint256 id, address token, uint256 amount);

    /// @notice A list is longer than the limit.
    error BatchTooLarge(uint256 length, uint256 max);

    /// @notice The caller may not withdraw this: only the work's owner, the contributor, the app's payee, the treasury, or
    /// whom a dispute put in the place of owner and contributors.
    error NotPayee(address caller, address payee);

    /// @notice The work is disputed: its money waits.
    error WorkDisputed(uint256 id);

    /// @notice The work has no such contributor.
    error UnknownContributor(uint256 id, uint256 index);

    /// @notice A withdrawal to nobody, or to the graph itself.
    error InvalidReceiver(address to);

    /// @notice Credits native coin to a work as direct revenue. Anybody. Reverts for an unknown work and for nothing.
    function pay(uint256 id) external payable;

    /// @notice Takes `amount` of an ERC-20 token of the caller by allowance, and credits what arrives.
    function payToken(uint256 id, address token, uint256 amount) external returns (uint256 received);

    /// @notice Asks the caller for `amount` by {IRoyaltyPayer}, and credits what arrived in that call. Spares a contract
    /// that pays for others one transfer.
    function collect(
        uint256 id,
        address token,
        uint256 amount,
        bytes calldata data
    ) external returns (uint256 received);

    /// @notice Collects what an edge is entitled to and has not claimed, from the derivative to the ancestor. Anybody; it
    /// moves no token and gains the caller nothing. Nothing happens where nothing is due, or where there is no such edge.
    function claim(uint256 child, uint256 edge, address token) external returns (uint256 amount);

    /// @notice Claims in the order given, at most 256.
    /// @return amount The sum.
    function claimBatch(Claim[] calldata claims, address token) external returns (uint256 amount);

    /// @notice Claims hop after hop: edge `edges[0]` of `child`, then edge `edges[1]` of the ancestor it led to, and so
    /// on, at most 256. Stops where there is no such edge.
    /// @return amount What the last hop collected; 0 where the path ended before.
    function claimPath(uint256 child, uint256[] calldata edges, address token) external returns (uint256 amount);

    /// @notice Collects the fees of works, the protocol's and their apps'. Anybody. At most 256 works;
    /// unknown ones have none.
    function claimFees(uint256[] calldata ids, address token) external returns (uint256 protocol, uint256 app);

    /// @notice Sends the owner's share to `to`. The owner, or the payee of a redirected work. Returns 0, and does nothing,
    /// where nothing is due. Claim from derivatives first: unclaimed inflow is not counted.
    function withdraw(uint256 id, address token, address to) external returns (uint256 amount);

    /// @notice The same for contributor `index`. The contributor, or the payee of a redirected work.
    function withdrawContribution(
        uint256 id,
        uint256 index,
        address token,
        address to
    ) external returns (uint256 amount);

    /// @notice Sends collected fees. The treasury for app 0, an app's payee for the others.
    function withdrawFees(uint256 appId, address token, address to) external returns (uint256 amount);

    /// @notice Moves everything that the work's inbox holds of a token into the ledger; deploys the inbox where it is not
    /// yet. Anybody.
    function sweep(uint256 id, address token) external returns (uint256 amount);

    /// @notice Records a derivative's edges, once. The registry, which has checked the chosen parents' existence, status
    /// and terms ids.
    /// @param termsId The derivative's own terms.
    /// @param edges The list of {Edge}.
    /// @param closures Bit i for the edge to a chosen parent that has absolute edges to inherit.
    function linkDerivative(uint256 child, uint32 termsId, uint256[] calldata edges, uint256 closures) external;

    /// @notice Records a work's contributors, once. The registry.
    function recordContributors(uint256 id, IIPRegistry.Contributor[] calldata contributors) external;

    /// @notice Names who withdraws the protocol's fees. Role: CONFIG, after two days.
    function setTreasury(address treasury) external;

    /// @notice The work's edges in their order; their numbers are what `claim` takes.
    function edgesOf(uint256 id) external view returns (Edge[] memory);

    /// @notice The list of edges that a derivative of these parents must register with. Reverts as registering would where
    /// a parent makes no derivatives; does not look at the parents' status or at reciprocal terms.
    /// @param parentIds Strictly ascending.
    function edgesFor(uint256[] calldata parentIds) external view returns (Edge[] memory);

    /// @notice Whether each work can be a derivative's only parent, now, reciprocal terms aside.
    function derivable(uint256[] calldata ids) external view returns (bool[] memory);

    /// @notice The work's contributors.
    function contributorsOf(uint256 id) external view returns (IIPRegistry.Contributor[] memory);

    /// @notice The work's cumulative sums.
    function revenueOf(uint256 id, address token) external view returns (uint256 direct, uint256 inflow);

    /// @notice What an edge has claimed.
    function claimedOf(uint256 child, uint256 edge, address token) external view returns (uint256);

    /// @notice What an edge could claim now.
    function claimable(uint256 child, uint256 edge, address token) external view returns (uint256);

    /// @notice What fees of a work could be collected now.
    function claimableFees(uint256 id, address token) external view returns (uint256 protocol, uint256 app);

    /// @notice What a share has withdrawn; 0 is the owner's, i + 1 that of contributor i.
    function withdrawnOf(uint256 id, uint256 share, address token) external view returns (uint256);

    /// @notice What a share could withdraw now, a dispute aside.
    function withdrawable(uint256 id, uint256 share, address token) external view returns (uint256);

    /// @notice What an app (0: the protocol) collected and withdrew.
    function feesOf(uint256 appId, address token) external view returns (uint256 collected, uint256 withdrawn);

    /// @notice The work's inbox, deployed or not: the payee of x402 sales and of ERC-2981 royalties.
    function inboxOf(uint256 id) external view returns (address);

    /// @notice Who withdraws the protocol's fees.
    function treasury() external view returns (address);

    /// @notice The registry of works.
    function registry() external view returns (address);
}
