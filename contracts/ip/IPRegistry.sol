// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ManagedUUPS} from "../access/ManagedUUPS.sol";
import {AccountSignature} from "../access/libraries/AccountSignature.sol";
import {BatchGas} from "../access/libraries/BatchGas.sol";
import {IPOwnership} from "./base/IPOwnership.sol";
import {IPPriority} from "./base/IPPriority.sol";
import {IAppRegistry} from "./interfaces/IAppRegistry.sol";
import {IERC6551Registry} from "./interfaces/IERC6551.sol";
import {IIPRegistry} from "./interfaces/IIPRegistry.sol";
import {ILicenseTerms} from "./interfaces/ILicenseTerms.sol";
import {IRoyaltyGraph} from "./interfaces/IRoyaltyGraph.sol";
import {ISponsorQuota} from "./interfaces/ISponsorQuota.sol";
import {Edge, EdgeLibrary} from "./types/Edge.sol";
import {Status, Work, WorkLibrary} from "./types/Work.sol";

/// @title IPRegistry
/// @notice See {IIPRegistry}, which holds the prose. Upgradeable (UUPS, ERC-7201).
/// @dev This file is registration and the powers over a work; ownership and priority are the bases, edges and
/// contributors are the graph's. Peers that hold no state of a work are immutables of the implementation; the graph and
/// the ERC-6551 pair, which an upgrade must not change, are storage.
contract IPRegistry is IPOwnership, IPPriority, EIP712Upgradeable, ManagedUUPS {
    using Bytes for bytes;

    /// @custom:storage-location erc7201:tessera.storage.IPRegistry
    struct RegistryStorage {
        // One slot, which each registration reads and writes.
        uint40 lastId;
        uint16 protocolFeeBps;
        IRoyaltyGraph graph;
        // Everything else.
        IERC6551Registry accountRegistry;
        address accountImplementation;
        mapping(uint256 id => bytes32) contentHashes;
        mapping(uint256 id => string) uris;
        mapping(uint256 id => address) payees;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.IPRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant REGISTRY_STORAGE = 0xc9e59da8232994b72722644e1b6d161c08bf8c222e5c4cdf10996963599b8c00;

    bytes32 private constant REGISTRATION_TYPEHASH = keccak256(
        "Registration(address creator,address owner,bytes32 contentHash,uint32 termsId,uint24 appId,uint16 royaltyBps,uint16 maxFeeBps,bytes32 salt,string uri,Contributor[] contributors,uint256[] edges,uint256 nonce,uint256 deadline)Contributor(address account,uint32 share)"
    );
    bytes32 private constant CONTRIBUTOR_TYPEHASH = keccak256("Contributor(address account,uint32 share)");

    /// @dev CIDv1 (01), raw (55), sha2-256 (12), 32 bytes (20), in base 16 (f).
    string private constant CONTENT_URI = "ipfs://f01551220";
    uint256 private constant BPS = 10_000;

    // The limits have no getters: each would cost every later function of the dispatcher 22 gas. Errors carry them.

    /// @notice Highest ERC-2981 rate.
    uint256 internal constant MAX_ROYALTY_BPS = 1_000;
    /// @notice Highest protocol fee. The app's has the same limit, so fees never take more than a tenth.
    uint256 internal constant MAX_PROTOCOL_FEE_BPS = 500;
    /// @notice Longest token URI, in bytes.
    uint256 internal constant MAX_URI_LENGTH = 1_024;
    /// @notice Longest batch.
    uint256 internal constant MAX_BATCH = 50;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    ILicenseTerms private immutable _terms;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAppRegistry private immutable _apps;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    ISponsorQuota private immutable _quota;

    /// @notice The implementation.
    /// @param terms_ Licence terms.
    /// @param apps_ Apps and their fees.
    /// @param quota_ Quotas of registrations in an app's name that others pay for.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(ILicenseTerms terms_, IAppRegistry apps_, ISponsorQuota quota_) {
        (_terms, _apps, _quota) = (terms_, apps_, quota_);
    }

    /// @notice Once, with the proxy's deployment.
    /// @param authority_ The suite's AccessManager.
    /// @param accountRegistry_ ERC-6551's registry: the canonical one where the chain has it.
    /// @param accountImplementation_ What works' accounts run.
    /// @param protocolFeeBps_ The protocol's share of direct revenue of works to come.
    /// @custom:oz-upgrades-unsafe-allow missing-initializer-call incorrect-initializer-order
    function initialize(
        address authority_,
        IERC6551Registry accountRegistry_,
        address accountImplementation_,
        uint256 protocolFeeBps_
    ) external initializer {
        __ManagedUUPS_init(authority_);
        if (address(accountRegistry_).code.length == 0) revert InvalidAddress(address(accountRegistry_));
        if (accountImplementation_.code.length == 0) revert InvalidAddress(accountImplementation_);
        RegistryStorage storage $ = _registry();
        ($.accountRegistry, $.accountImplementation) = (accountRegistry_, accountImplementation_);
        _setProtocolFee(protocolFeeBps_);
    }

    /// @inheritdoc IIPRegistry
    function register(Registration calldata registration) external returns (uint256 id) {
        return _register(msg.sender, registration, _noEdges());
    }

    /// @inheritdoc IIPRegistry
    function registerDerivative(
        Registration calldata registration,
        Edge[] calldata edges
    ) external returns (uint256 id) {
        if (edges.length == 0) revert NoParents();
        return _register(msg.sender, registration, edges);
    }

    /// @inheritdoc IIPRegistry
    function registerFor(
        address creator,
        Registration calldata registration,
        Edge[] calldata edges,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 id) {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        bytes32 digest = _hashTypedDataV4(
            _hashRegistration(creator, registration, edges, _useNonce(creator), deadline)
        );
        if (!AccountSignature.isValid(creator, digest, signature)) revert InvalidSignature(creator);
        if (registration.appId != 0) _quota.consume(registration.appId, msg.sender, creator);
        return _register(creator, registration, edges);
    }

    /// @inheritdoc IIPRegistry
    function registerBatch(RegistrationItem[] calldata items, bool tolerant) external returns (uint256[] memory ids) {
        if (items.length > MAX_BATCH) revert BatchTooLarge(items.length, MAX_BATCH);
        ids = new uint256[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            if (!tolerant) {
                ids[i] = _register(msg.sender, items[i].registration, items[i].edges);
                continue;
            }
            uint256 gasBefore = gasleft();
            try this.registerItem(msg.sender, items[i]) returns (uint256 id) {
                ids[i] = id;
            } catch (bytes memory reason) {
                if (BatchGas.ranOut(gasBefore)) revert InsufficientGas(i);
                emit RegistrationSkipped(i, reason);
            }
        }
    }

    /// @inheritdoc IIPRegistry
    function registerItem(address creator, RegistrationItem calldata item) external returns (uint256 id) {
        if (msg.sender != address(this)) revert OnlySelf(msg.sender);
        return _register(creator, item.registration, item.edges);
    }

    /// @inheritdoc IIPRegistry
    function invalidateNonces(uint256 nonce) external {
        // Far below the greatest, which one registration after the other could otherwise step over, to old signatures.
        if (nonce > type(uint64).max) revert InvalidNonce(nonce, type(uint64).max);
        _raiseNonce(msg.sender, uint128(nonce));
    }

    /// @inheritdoc IIPRegistry
    function setTokenURI(uint256 id, string calldata uri) external {
        Work work = _requireExists(id);
        if (work.owner() != msg.sender) revert NotOwner(id, msg.sender);
        _setURI(id, uri);
        _setWork(id, bytes(uri).length == 0 ? work.without(WorkLibrary.HAS_URI) : work.with(WorkLibrary.HAS_URI));
        emit MetadataUpdate(id);
    }

    /// @inheritdoc IIPRegistry
    function deleteWork(uint256 id) external {
        Work work = _requireExists(id);
        if (controllerOf(id) != msg.sender) revert NotOwner(id, msg.sender);
        if (work.has(WorkLibrary.DISPUTED)) revert WorkDisputed(id);
        if (work.has(WorkLibrary.DELETED)) revert AlreadyDeleted(id);
        _setWork(id, work.with(WorkLibrary.DELETED));
        emit WorkDeleted(id);
    }

    /// @inheritdoc IIPRegistry
    function createAccount(uint256 id) external returns (address account) {
        _requireExists(id);
        RegistryStorage storage $ = _registry();
        return $.accountRegistry.createAccount($.accountImplementation, 0, block.chainid, address(this), id);
    }

    /// @inheritdoc IIPRegistry
    function freeze(uint256 id) external restricted {
        _setWork(id, _requireExists(id).with(WorkLibrary.DISPUTED));
        emit Frozen(id);
    }

    /// @inheritdoc IIPRegistry
    function unfreeze(uint256 id) external restricted {
        _setWork(id, _requireDisputed(id).without(WorkLibrary.DISPUTED));
        emit Unfrozen(id);
    }

    /// @inheritdoc IIPRegistry
    function redirect(uint256 id, address payee) external restricted {
        Work work = _requireDisputed(id).without(WorkLibrary.DISPUTED);
        _setWork(id, payee == address(0) ? work.without(WorkLibrary.REDIRECTED) : work.with(WorkLibrary.REDIRECTED));
        _registry().payees[id] = payee;
        emit Redirected(id, payee);
    }

    /// @inheritdoc IIPRegistry
    function setGraph(address graph_) external restricted {
        RegistryStorage storage $ = _registry();
        if (address($.graph) != address(0)) revert GraphAlreadySet(address($.graph));
        if (graph_.code.length == 0) revert InvalidAddress(graph_);
        $.graph = IRoyaltyGraph(graph_);
        emit GraphSet(graph_);
    }

    /// @inheritdoc IIPRegistry
    function setProtocolFee(uint256 feeBps) external restricted {
        _setProtocolFee(feeBps);
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 tokenId) external view returns (string memory) {
        RegistryStorage storage $ = _registry();
        if (_requireWork(tokenId).has(WorkLibrary.HAS_URI)) return $.uris[tokenId];
        // Without the leading 0x.
        bytes memory digits = bytes(Strings.toHexString(uint256($.contentHashes[tokenId]), 32)).slice(2);
        return string.concat(CONTENT_URI, string(digits));
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(
        uint256 tokenId,
        uint256 salePrice
    ) external view returns (address receiver, uint256 royaltyAmount) {
        uint256 rate = _requireWork(tokenId).royaltyBps();
        // Divided first where the product would overflow: a view that market places call must not revert.
        royaltyAmount = salePrice > type(uint256).max / BPS ? (salePrice / BPS) * rate : (salePrice * rate) / BPS;
        return (_registry().graph.inboxOf(tokenId), royaltyAmount);
    }

    /// @inheritdoc IIPRegistry
    function statusOf(uint256 id) external view returns (Status) {
        return packedWork(id).status();
    }

    /// @inheritdoc IIPRegistry
    function contentHashOf(uint256 id) external view returns (bytes32) {
        _requireExists(id);
        return _registry().contentHashes[id];
    }

    /// @inheritdoc IIPRegistry
    function payeeOf(uint256 id) external view returns (address) {
        return _registry().payees[id];
    }

    /// @inheritdoc IIPRegistry
    function controllerOf(uint256 id) public view returns (address) {
        Work work = packedWork(id);
        return work.has(WorkLibrary.REDIRECTED) ? _registry().payees[id] : work.owner();
    }

    /// @inheritdoc IIPRegistry
    function accountOf(uint256 id) external view returns (address) {
        RegistryStorage storage $ = _registry();
        return $.accountRegistry.account($.accountImplementation, 0, block.chainid, address(this), id);
    }

    /// @inheritdoc IIPRegistry
    function totalSupply() external view returns (uint256) {
        return _registry().lastId;
    }

    /// @inheritdoc IIPRegistry
    function protocolFeeBps() external view returns (uint256) {
        return _registry().protocolFeeBps;
    }

    /// @inheritdoc IIPRegistry
    function graph() external view returns (address) {
        return address(_registry().graph);
    }

    /// @notice Whether the contract implements an ERC-165 interface.
    function supportsInterface(bytes4 interfaceId) public view override(IERC165, IPOwnership) returns (bool) {
        return
            interfaceId == type(IERC2981).interfaceId ||
            interfaceId == bytes4(0x49064906) || // ERC-4906 has events alone, and an id of its own choosing
            super.supportsInterface(interfaceId);
    }

    /// @dev The one path of every registration. Checks, then effects, then the graph, which runs no code but the suite's.
    function _register(
        address creator,
        Registration calldata registration,
        Edge[] calldata edges
    ) private returns (uint256 id) {
        if (registration.contentHash == 0) revert ZeroContentHash();
        if (registration.royaltyBps > MAX_ROYALTY_BPS) {
            revert RoyaltyTooHigh(registration.royaltyBps, MAX_ROYALTY_BPS);
        }
        // A derivative's own terms are looked at together with its parents'.
        if (edges.length == 0 && registration.termsId > _terms.count()) revert UnknownTerms(registration.termsId);
        RegistryStorage storage $ = _registry();
        uint256 protocolFee = $.protocolFeeBps;
        uint256 appFee = registration.appId == 0 ? 0 : _apps.feeOf(registration.appId);
        if (protocolFee + appFee > registration.maxFeeBps) {
            revert FeesTooHigh(protocolFee + appFee, registration.maxFeeBps);
        }
        (uint256 flags, uint256 closures) = _checkEdges(edges);

        id = ++$.lastId;
        if (registration.contributors.length != 0) flags |= WorkLibrary.HAS_CONTRIBUTORS;
        if (bytes(registration.uri).length != 0) {
            flags |= WorkLibrary.HAS_URI;
            _setURI(id, registration.uri);
        }
        $.contentHashes[id] = registration.contentHash;
        _claimPriority(id, creator, registration.contentHash, registration.salt);
        Work work = WorkLibrary.pack(
            registration.owner,
            registration.termsId,
            registration.appId,
            protocolFee,
            appFee,
            registration.royaltyBps,
            flags
        );
        _mint(id, work);
        emit Registered(id, creator, registration.contentHash, work);
        if (edges.length != 0) $.graph.linkDerivative(id, registration.termsId, EdgeLibrary.raw(edges), closures);
        if (flags & WorkLibrary.HAS_CONTRIBUTORS != 0) $.graph.recordContributors(id, registration.contributors);
    }

    function _setURI(uint256 id, string calldata uri) private {
        uint256 length = bytes(uri).length;
        if (length > MAX_URI_LENGTH) revert URITooLong(length, MAX_URI_LENGTH);
        _registry().uris[id] = uri;
    }

    function _setProtocolFee(uint256 feeBps) private {
        if (feeBps > MAX_PROTOCOL_FEE_BPS) revert FeesTooHigh(feeBps, MAX_PROTOCOL_FEE_BPS);
        _registry().protocolFeeBps = uint16(feeBps);
        emit ProtocolFeeUpdated(feeBps);
    }

    /// @notice The list must be well formed and ascend. Chosen parents must be there, active, and under the terms that the
    /// creator expects. Inherited ancestors may be disputed or deleted: no status of theirs blocks a subtree. Whether the
    /// edges are those that the parents ask for is the graph's to judge.
    /// @return flags Of the derivative.
    /// @return closures Bit i for the edge to a chosen parent that has absolute edges to inherit.
    function _checkEdges(Edge[] calldata edges) private view returns (uint256 flags, uint256 closures) {
        uint256 length = edges.length;
        uint256 chosen = 0;
        uint256 previous = 0;
        for (uint256 i = 0; i < length; ++i) {
            Edge edge = edges[i];
            if (!edge.isWellFormed()) revert MalformedEdge(i, Edge.unwrap(edge));
            uint256 key = edge.key();
            if (key <= previous) revert EdgesNotAscending(i);
            previous = key;
            if (edge.isAbsolute()) flags = WorkLibrary.HAS_ABSOLUTE;
            if (!edge.isChosen()) continue;
            ++chosen;
            if (_checkParent(edge)) closures |= 1 << i;
        }
        if (chosen > EdgeLibrary.MAX_PARENTS) revert TooManyParents(chosen, EdgeLibrary.MAX_PARENTS);
        if (length - chosen > EdgeLibrary.MAX_INHERITED) {
            revert TooManyInherited(length - chosen, EdgeLibrary.MAX_INHERITED);
        }
        // Without a parent, there is nothing that the work derives from.
        if (length != 0 && chosen == 0) revert NoParents();
    }

    /// @dev Answers whether the parent has absolute edges to inherit.
    function _checkParent(Edge edge) private view returns (bool) {
        uint256 id = edge.parentId();
        Work parent = packedWork(id);
        if (!parent.isActive()) {
            if (!parent.exists()) revert UnknownWork(id);
            revert ParentNotActive(id, parent.status());
        }
        if (parent.termsId() != edge.termsId()) revert UnexpectedTerms(id, edge.termsId(), parent.termsId());
        return parent.has(WorkLibrary.HAS_ABSOLUTE);
    }

    function _requireExists(uint256 id) private view returns (Work work) {
        work = packedWork(id);
        if (!work.exists()) revert UnknownWork(id);
    }

    function _requireDisputed(uint256 id) private view returns (Work work) {
        work = _requireExists(id);
        if (!work.has(WorkLibrary.DISPUTED)) revert NotDisputed(id);
    }

    function _hashRegistration(
        address creator,
        Registration calldata registration,
        Edge[] calldata edges,
        uint256 nonce,
        uint256 deadline
    ) private pure returns (bytes32) {
        // In two parts, because one would be too deep for the stack of an unoptimised build.
        bytes memory head = abi.encode(
            REGISTRATION_TYPEHASH,
            creator,
            registration.owner,
            registration.contentHash,
            registration.termsId,
            registration.appId,
            registration.royaltyBps,
            registration.maxFeeBps,
            registration.salt
        );
        bytes memory tail = abi.encode(
            keccak256(bytes(registration.uri)),
            _hashContributors(registration.contributors),
            keccak256(abi.encodePacked(edges)),
            nonce,
            deadline
        );
        return keccak256(bytes.concat(head, tail));
    }

    function _hashContributors(Contributor[] calldata contributors) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](contributors.length);
        for (uint256 i = 0; i < contributors.length; ++i) {
            hashes[i] = keccak256(abi.encode(CONTRIBUTOR_TYPEHASH, contributors[i].account, contributors[i].share));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _noEdges() private pure returns (Edge[] calldata edges) {
        assembly {
            edges.length := 0
            edges.offset := 0
        }
    }

    /// @dev Name and version are code, so that EIP-712's own storage is never read and its initialiser is left out.
    function _EIP712Name() internal pure override returns (string memory) {
        return "Tessera IP";
    }

    function _EIP712Version() internal pure override returns (string memory) {
        return "1";
    }

    function _registry() private pure returns (RegistryStorage storage $) {
        assembly {
            $.slot := REGISTRY_STORAGE
        }
    }
}
