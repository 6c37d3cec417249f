// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";

import {Edge} from "../types/Edge.sol";
import {Status, Work} from "../types/Work.sol";

/// @title IIPRegistry
/// @notice A registry of intellectual property: each work is an ERC-721 token, with its content's digest, the terms of
/// its derivatives, and its place in the provenance graph. Camp Network's Origin is the system it follows.
///
/// ERC-721 with its metadata, ERC-2981 (the receiver is the work's `RoyaltyInbox`, so that resale royalties flow up the
/// graph too), ERC-4906, ERC-5267, and an ERC-6551 account a work. Ids count up from 1; a parent's id is lower than its
/// derivative's, so the graph has no cycles. Parents, rates, terms, contributors and fees are fixed at registration.
///
/// Anybody may register, for nothing, without a backend's leave. A content hash is never exclusive: the registry records
/// who was first, where a commitment made before the content was shown counts from its own time.
///
/// Powers, all through the suite's AccessManager: upgrade (after seven days), set the protocol's fee for works to come
/// (after two days), freeze a disputed work (at once), unfreeze it or redirect its income (after a day). No power moves
/// or burns a token, or changes the terms of a registered work.
interface IIPRegistry is IERC721, IERC721Metadata, IERC2981, IERC4906 {
    /// @notice A share of the owner's revenue that stays with its contributor when the token is sold.
    struct Contributor {
        address account;
        /// Parts per million of the owner's revenue.
        uint32 share;
    }

    /// @notice What a creator says of a new work.
    struct Registration {
        /// Receives the token.
        address owner;
        /// SHA-256 digest of the work's metadata document, or of the work itself. Not exclusive.
        bytes32 contentHash;
        /// Terms of derivatives, see {ILicenseTerms}; 0: there can be none. For good.
        uint32 termsId;
        /// App that the creator names, see {IAppRegistry}; 0: none. By signature, the sender needs its leave.
        uint24 appId;
        /// ERC-2981's rate in basis points, at most 1,000.
        uint16 royaltyBps;
        /// Most that the creator accepts of protocol's and app's fees together, in basis points of direct revenue.
        uint16 maxFeeBps;
        /// Salt of an earlier `commit`; 0: there was none.
        bytes32 salt;
        /// Token URI; empty: an IPFS address made from the content hash.
        string uri;
        /// At most eight.
        Contributor[] contributors;
    }

    /// @notice One element of a batch; without edges, a root.
    struct RegistrationItem {
        Registration registration;
        Edge[] edges;
    }

    /// @notice A work was registered.
    /// @param creator Who registered it, or signed for it; the owner may be another.
    /// @param work Owner, terms, app and rates as they are stored; see {Work}.
    event Registered(uint256 indexed id, address indexed creator, bytes32 indexed contentHash, Work work);

    /// @notice The first registration of this content is now `id`, with priority since `since`. Not emitted where
    /// `Registered` says as much: for the first work of a content that was not committed to before.
    event FirstRegistrationUpdated(bytes32 indexed contentHash, uint256 indexed id, uint256 since);

    /// @notice Somebody committed to a registration that he will reveal.
    event Committed(bytes32 indexed commitment);

    /// @notice An element of a tolerant batch was skipped; `reason` is what it would have reverted with.
    event RegistrationSkipped(uint256 indexed index, bytes reason);

    /// @notice The owner deleted the work: no derivatives, no licences from now on. The token remains.
    event WorkDeleted(uint256 indexed id);

    /// @notice The work is disputed: no withdrawals, derivatives, licences until the dispute ends.
    event Frozen(uint256 indexed id);

    /// @notice The dispute ended without consequence.
    event Unfrozen(uint256 indexed id);

    /// @notice The dispute ended: whatever the owner and the contributors may withdraw goes to `payee`; 0: to them again.
    event Redirected(uint256 indexed id, address indexed payee);

    /// @notice The protocol's fee on works to come.
    event ProtocolFeeUpdated(uint256 feeBps);

    /// @notice The creator skipped its nonces below `nonce`.
    event NonceInvalidated(address indexed creator, uint256 nonce);

    /// @notice The royalty graph was named, once.
    event GraphSet(address indexed graph);

    /// @notice The royalty graph is named once.
    error GraphAlreadySet(address graph);

    /// @notice An address that must have code does not.
    error InvalidAddress(address account);

    /// @notice There is no work with this id.
    error UnknownWork(uint256 id);

    /// @notice The content hash is zero.
    error ZeroContentHash();

    /// @notice The ERC-2981 rate is above the limit.
    error RoyaltyTooHigh(uint256 royaltyBps, uint256 max);

    /// @notice There are no terms with this id.
    error UnknownTerms(uint256 termsId);

    /// @notice Fees are above what the creator accepts, or above the limit.
    error FeesTooHigh(uint256 feeBps, uint256 max);

    /// @notice The URI is longer than the limit, in bytes.
    error URITooLong(uint256 length, uint256 max);

    /// @notice Nobody committed to this creator, content and salt, or the commitment was used.
    error UnknownCommitment(bytes32 commitment);

    /// @notice The commitment is of this very second: it must be older than whatever reveals it.
    error CommitmentTooYoung(bytes32 commitment, uint256 committedAt);

    /// @notice The commitment was not revealed within seven days.
    error CommitmentExpired(bytes32 commitment, uint256 expiredAt);

    /// @notice This commitment was made before.
    error AlreadyCommitted(bytes32 commitment, uint256 committedAt);

    /// @notice The signature's deadline is past.
    error SignatureExpired(uint256 deadline);

    /// @notice The signature over the registration is not the creator's.
    error InvalidSignature(address creator);

    /// @notice A nonce can only be raised.
    error InvalidNonce(uint256 nonce, uint256 current);

    /// @notice The parent makes no derivatives now: it is disputed or deleted.
    error ParentNotActive(uint256 id, Status status);

    /// @notice The parent's terms are not the expected ones.
    error UnexpectedTerms(uint256 id, uint256 expected, uint256 actual);

    /// @notice Edge `index` has bits outside of its layout, or names terms without being chosen or the reverse.
    error MalformedEdge(uint256 index, uint256 edge);

    /// @notice Edges must ascend strictly by ancestor, relative before absolute.
    error EdgesNotAscending(uint256 index);

    /// @notice More chosen parents than the limit.
    error TooManyParents(uint256 count, uint256 max);

    /// @notice More inherited edges than the limit.
    error TooManyInherited(uint256 count, uint256 max);

    /// @notice A derivative needs a parent.
    error NoParents();

    /// @notice The caller is not the work's owner, nor whom a dispute put in its place for this.
    error NotOwner(uint256 id, address caller);

    /// @notice The owner deleted this work before.
    error AlreadyDeleted(uint256 id);

    /// @notice The work is disputed.
    error WorkDisputed(uint256 id);

    /// @notice The work is not disputed.
    error NotDisputed(uint256 id);

    /// @notice A batch is longer than the limit.
    error BatchTooLarge(uint256 length, uint256 max);

    /// @notice Too little gas is left to tell a bad element of a tolerant batch from one that ran dry.
    error InsufficientGas(uint256 index);

    /// @notice Only the registry may call this function of its own.
    error OnlySelf(address caller);

    /// @notice Registers a root. Anybody; the caller is the creator.
    function register(Registration calldata registration) external returns (uint256 id);

    /// @notice Registers a derivative. Anybody; the caller is the creator.
    /// @param edges All of the derivative's edges, ascending, as `RoyaltyGraph.edgesFor` lists them: the chosen parents
    /// with the terms that the creator expects, and every absolute edge of these parents. See {IRoyaltyGraph}.
    function registerDerivative(
        Registration calldata registration,
        Edge[] calldata edges
    ) external returns (uint256 id);

    /// @notice Registers a root (no edges) or derivative by the creator's EIP-712 signature; anybody may send and pay for
    /// it. Where an app is named, the sender needs that app's quota, see {ISponsorQuota}. What was said of ids to come at
    /// `registerBatch` is true here too.
    /// @param deadline Unix seconds; the signature is good up to and in that second.
    function registerFor(
        address creator,
        Registration calldata registration,
        Edge[] calldata edges,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 id);

    /// @notice Registers up to 50 works of the caller. A tolerant batch skips what cannot be registered and says
    /// why (`RegistrationSkipped`), another one reverts. An edge names its parent by id and terms: a batch that names ids
    /// which it will itself register can be overtaken by a stranger's work under the same terms. Give such a parent terms
    /// of its own.
    /// @return ids 0 for what was skipped.
    function registerBatch(RegistrationItem[] calldata items, bool tolerant) external returns (uint256[] memory ids);

    /// @notice A tolerant batch's element; the registry calls it on itself.
    function registerItem(address creator, RegistrationItem calldata item) external returns (uint256 id);

    /// @notice Records a commitment to a registration, to be revealed by registering with its salt later than this second
    /// and within seven days; after them it is spent, and another takes another salt. Anybody may send it; it serves its creator
    /// alone.
    function commit(bytes32 commitment) external;

    /// @notice Skips the caller's nonces below `nonce`, so that what was signed with them cannot be registered.
    function invalidateNonces(uint256 nonce) external;

    /// @notice Sets the token URI; empty: an IPFS address from the content hash. The owner.
    function setTokenURI(uint256 id, string calldata uri) external;

    /// @notice Ends derivatives and licences of the work, for good. The owner; of a redirected work, its payee. Nothing is
    /// burned: money still arrives, passes upwards, and is withdrawn. Not while the work is disputed, or whoever is to lose
    /// the dispute could spoil what the other gets.
    function deleteWork(uint256 id) external;

    /// @notice Deploys the work's ERC-6551 account where it is not yet. Anybody.
    function createAccount(uint256 id) external returns (address account);

    /// @notice Marks a work as disputed. Money still arrives and still passes to the work's parents. Freezing twice
    /// changes nothing. Role: FREEZER.
    function freeze(uint256 id) external;

    /// @notice Ends a dispute without consequence. Role: UNFREEZER, after a day.
    function unfreeze(uint256 id) external;

    /// @notice Ends a dispute in favour of `payee`, who withdraws in the place of owner and contributors from now on, what
    /// stands there already included; 0 gives it back to them. Where the work is redirected already, it has to be frozen
    /// again first. Role: REDIRECT, after a day.
    function redirect(uint256 id, address payee) external;

    /// @notice Names the royalty graph, once, in the deployment; nothing can be registered with edges or
    /// contributors before. Role: CONFIG.
    function setGraph(address graph) external;

    /// @notice Sets the protocol's fee on direct revenue of works to come. Role: CONFIG, after two days.
    function setProtocolFee(uint256 feeBps) external;

    /// @notice The work's word; zero where there is none. See {Work}.
    function packedWork(uint256 id) external view returns (Work);

    /// @notice `Status.None` where there is no such work.
    function statusOf(uint256 id) external view returns (Status);

    /// @notice SHA-256 digest that the creator registered.
    function contentHashOf(uint256 id) external view returns (bytes32);

    /// @notice Who withdraws in the place of the owner and contributors; 0: nobody.
    function payeeOf(uint256 id) external view returns (address);

    /// @notice Who decides about the work's licences and its deletion: the owner, or the payee of a redirected work, whose
    /// income the owner could otherwise spoil. 0 where there is no such work.
    function controllerOf(uint256 id) external view returns (address);

    /// @notice The work that has priority for this content, and since when (Unix seconds); zeros where there is none.
    function firstRegistrationOf(bytes32 contentHash) external view returns (uint256 id, uint256 since);

    /// @notice What to `commit`, for a creator who will register this content with this salt.
    function commitmentOf(address creator, bytes32 contentHash, bytes32 salt) external view returns (bytes32);

    /// @notice When a commitment was made; 0: never, or it was used.
    function committedAt(bytes32 commitment) external view returns (uint256);

    /// @notice The nonce that the creator's next signature must carry.
    function nonces(address creator) external view returns (uint256);

    /// @notice The work's ERC-6551 account, deployed or not. It obeys the token's owner: send no royalties there.
    function accountOf(uint256 id) external view returns (address);

    /// @notice How many works were registered; also the highest id.
    function totalSupply() external view returns (uint256);

    /// @notice The protocol's fee on works to come, in basis points of direct revenue.
    function protocolFeeBps() external view returns (uint256);

    /// @notice The ledger and the edges.
    function graph() external view returns (address);
}
