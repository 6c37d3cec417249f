// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {ManagedUUPS} from "../access/ManagedUUPS.sol";
import {RoyaltyEdges} from "./base/RoyaltyEdges.sol";
import {RoyaltyLedger} from "./base/RoyaltyLedger.sol";
import {IAppRegistry} from "./interfaces/IAppRegistry.sol";
import {IIPRegistry} from "./interfaces/IIPRegistry.sol";
import {ILicenseTerms} from "./interfaces/ILicenseTerms.sol";
import {IRoyaltyGraph} from "./interfaces/IRoyaltyGraph.sol";
import {IRoyaltyInbox} from "./interfaces/IRoyaltyInbox.sol";
import {IRoyaltyPayer} from "./interfaces/IRoyaltyPayer.sol";
import {EdgeLibrary} from "./types/Edge.sol";
import {Status, Work, WorkLibrary} from "./types/Work.sol";

/// @title RoyaltyGraph
/// @notice See {IRoyaltyGraph}, which holds the prose. Upgradeable (UUPS, ERC-7201).
/// @dev This file is where money enters and leaves; the books and the edges are the bases. One lock covers every function
/// that measures or moves a token, so that no hook of one can be credited twice or pay out of another's measurement.
/// Claims move no token and need none.
///
/// Native coin that is forced in is nobody's: the books do not look at balances.
contract RoyaltyGraph is RoyaltyLedger, ReentrancyGuardTransient, ManagedUUPS {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:tessera.storage.RoyaltyGraph
    struct GraphStorage {
        address treasury;
        /// The addresses of all inboxes follow from it, of those that hold money and are not deployed too: an upgrade must
        /// not change it.
        address inboxImplementation;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.RoyaltyGraph")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant GRAPH_STORAGE = 0x50db59ce110b091064e372ada45c58047a7fd290dd0ed9bc4fc817879d200e00;

    address private constant NATIVE = address(0);
    uint256 private constant OWNER_SHARE = 0;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAppRegistry private immutable _apps;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IIPRegistry private immutable _registry;

    /// @notice The implementation, for one registry's proxy.
    /// @param registry_ The registry of works.
    /// @param terms_ Licence terms.
    /// @param apps_ Apps, whose payees withdraw their fees.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IIPRegistry registry_, ILicenseTerms terms_, IAppRegistry apps_) RoyaltyEdges(terms_) {
        (_registry, _apps) = (registry_, apps_);
    }

    /// @notice Once, with the proxy's deployment.
    /// @param authority_ The suite's AccessManager.
    /// @param inboxImplementation_ What works' inboxes run, for good.
    /// @param treasury_ Who withdraws the protocol's fees.
    function initialize(address authority_, address inboxImplementation_, address treasury_) external initializer {
        __ManagedUUPS_init(authority_);
        if (inboxImplementation_.code.length == 0) revert InvalidAddress(inboxImplementation_);
        _graph().inboxImplementation = inboxImplementation_;
        _setTreasury(treasury_);
    }

    /// @inheritdoc IRoyaltyGraph
    function pay(uint256 id) external payable nonReentrant {
        _credit(id, NATIVE, msg.value);
    }

    /// @inheritdoc IRoyaltyGraph
    function payToken(uint256 id, address token, uint256 amount) external nonReentrant returns (uint256 received) {
        uint256 before = _balanceOf(token);
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        return _creditArrived(id, token, before);
    }

    /// @inheritdoc IRoyaltyGraph
    function collect(
        uint256 id,
        address token,
        uint256 amount,
        bytes calldata data
    ) external nonReentrant returns (uint256 received) {
        uint256 before = _balanceOf(token);
        IRoyaltyPayer(msg.sender).onRoyaltyDue(token, amount, data);
        return _creditArrived(id, token, before);
    }

    /// @inheritdoc IRoyaltyGraph
    function withdraw(uint256 id, address token, address to) external nonReentrant returns (uint256 amount) {
        Work work = _requireUndisputed(id);
        _checkPayee(id, work, work.owner());
        return _withdrawShare(id, work, OWNER_SHARE, token, to);
    }

    /// @inheritdoc IRoyaltyGraph
    function withdrawContribution(
        uint256 id,
        uint256 index,
        address token,
        address to
    ) external nonReentrant returns (uint256 amount) {
        Work work = _requireUndisputed(id);
        (address contributor, ) = _contributorOf(id, index);
        _checkPayee(id, work, contributor);
        return _withdrawShare(id, work, index + 1, token, to);
    }

    /// @inheritdoc IRoyaltyGraph
    function withdrawFees(uint256 appId, address token, address to) external nonReentrant returns (uint256 amount) {
        address payee = appId == 0 ? _graph().treasury : _apps.payeeOf(appId);
        if (msg.sender != payee) revert NotPayee(msg.sender, payee);
        _checkReceiver(to);
        amount = _takeFees(appId, token);
        if (amount == 0) return 0;
        emit FeesWithdrawn(appId, token, to, amount);
        _send(token, to, amount);
    }

    /// @inheritdoc IRoyaltyGraph
    function sweep(uint256 id, address token) external returns (uint256 amount) {
        if (!_workOf(id).exists()) revert UnknownWork(id);
        address inbox = inboxOf(id);
        if (inbox.code.length == 0) {
            Clones.cloneDeterministicWithImmutableArgs(
                _graph().inboxImplementation,
                abi.encode(address(this), id),
                bytes32(id)
            );
        }
        // Not locked here: the inbox pays like anybody else, and the payment takes the lock.
        return IRoyaltyInbox(inbox).sweep(token);
    }

    /// @inheritdoc IRoyaltyGraph
    function linkDerivative(uint256 child, uint32 termsId, uint256[] calldata edges, uint256 closures) external {
        _checkRegistry();
        _link(child, termsId, EdgeLibrary.typed(edges), closures);
    }

    /// @inheritdoc IRoyaltyGraph
    function recordContributors(uint256 id, IIPRegistry.Contributor[] calldata contributors) external {
        _checkRegistry();
        _recordContributors(id, contributors);
    }

    /// @inheritdoc IRoyaltyGraph
    function setTreasury(address treasury_) external restricted {
        _setTreasury(treasury_);
    }

    /// @inheritdoc IRoyaltyGraph
    function inboxOf(uint256 id) public view returns (address) {
        return
            Clones.predictDeterministicAddressWithImmutableArgs(
                _graph().inboxImplementation,
                abi.encode(address(this), id),
                bytes32(id)
            );
    }

    /// @inheritdoc IRoyaltyGraph
    function treasury() external view returns (address) {
        return _graph().treasury;
    }

    /// @inheritdoc IRoyaltyGraph
    function registry() external view returns (address) {
        return address(_registry);
    }

    function _withdrawShare(
        uint256 id,
        Work work,
        uint256 share,
        address token,
        address to
    ) private returns (uint256 amount) {
        _checkReceiver(to);
        amount = _takeShare(id, work, share, token);
        if (amount == 0) return 0;
        emit Withdrawn(id, token, to, share, amount);
        _send(token, to, amount);
    }

    /// @dev Credits what arrived since `before`: less than was asked of a token that charges, nothing of one that lies.
    function _creditArrived(uint256 id, address token, uint256 before) private returns (uint256 received) {
        uint256 balance = _balanceOf(token);
        received = balance > before ? balance - before : 0;
        _credit(id, token, received);
    }

    function _send(address token, address to, uint256 amount) private {
        if (token == NATIVE) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    function _setTreasury(address treasury_) private {
        if (treasury_ == address(0)) revert InvalidAddress(treasury_);
        _graph().treasury = treasury_;
        emit TreasuryUpdated(treasury_);
    }

    function _balanceOf(address token) private view returns (uint256) {
        if (token.code.length == 0) revert InvalidToken(token);
        return IERC20(token).balanceOf(address(this));
    }

    /// @dev A redirected work's payee stands in the place of the owner and of every contributor.
    function _checkPayee(uint256 id, Work work, address payee) private view {
        if (work.has(WorkLibrary.REDIRECTED)) payee = _registry.payeeOf(id);
        if (msg.sender != payee) revert NotPayee(msg.sender, payee);
    }

    function _checkRegistry() private view {
        if (msg.sender != address(_registry)) revert OnlyRegistry(msg.sender);
    }

    function _checkReceiver(address to) private view {
        if (to == address(0) || to == address(this)) revert InvalidReceiver(to);
    }

    function _requireUndisputed(uint256 id) private view returns (Work work) {
        work = _workOf(id);
        if (!work.exists()) revert UnknownWork(id);
        if (work.has(WorkLibrary.DISPUTED)) revert WorkDisputed(id);
    }

    function _workOf(uint256 id) internal view override returns (Work) {
        return _registry.packedWork(id);
    }

    function _termsIdOf(uint256 id) internal view override returns (uint32) {
        Work work = _workOf(id);
        if (!work.exists()) revert UnknownWork(id);
        return work.termsId();
    }

    function _parentFacts(uint256 id) internal view override returns (bool active, uint32 termsId) {
        Work work = _workOf(id);
        return (work.status() == Status.Active, work.termsId());
    }

    function _graph() private pure returns (GraphStorage storage $) {
        assembly {
            $.slot := GRAPH_STORAGE
        }
    }
}
