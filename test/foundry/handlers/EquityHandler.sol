// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IComplianceRegistry} from "../../../contracts/equity/interfaces/IComplianceRegistry.sol";
import {ICorporateActions} from "../../../contracts/equity/interfaces/ICorporateActions.sol";
import {IEquityIssuance} from "../../../contracts/equity/interfaces/IEquityIssuance.sol";
import {IEquityToken} from "../../../contracts/equity/interfaces/IEquityToken.sol";
import {IERC7943Fungible} from "../../../contracts/equity/interfaces/IERC7943.sol";
import {IRedemptionQueue} from "../../../contracts/equity/interfaces/IRedemptionQueue.sol";
import {IWrappedEquity} from "../../../contracts/equity/interfaces/IWrappedEquity.sol";
import {EquityUnits} from "./EquityUnits.sol";

/// @title EquityHandler
/// @notice Everything that holders, minters, the redeemer, the roles and the clock can do to a tokenized stock, its wrapper
/// and its requests, one action a call.
/// @dev Each action has one argument, from which it draws all its choices: a failing sequence is then a list of actions and
/// seeds. Before a call the handler works out from its own books whether the call succeeds, and reverts where it ends
/// otherwise (`fail_on_revert` makes the campaign fail).
contract EquityHandler is EquityUnits {
    enum Action {
        Transfer,
        TransferFrom,
        Approve,
        TransferShares,
        TransferSharesFrom,
        Permit,
        TransferWithAuthorization,
        TransferSharesWithAuthorization,
        CancelAuthorization,
        Mint,
        Burn,
        BurnShares,
        SetFrozen,
        ForcedTransfer,
        ForcedBurn,
        SetRestrictions,
        SetInvestor,
        SetPolicy,
        Pause,
        Unpause,
        Snapshot,
        SetCap,
        SetFeed,
        ScheduleAction,
        CancelAction,
        SetFee,
        Poke,
        Deposit,
        MintUnits,
        Withdraw,
        Redeem,
        TransferUnits,
        TransferUnitsFrom,
        SetFrozenUnits,
        ForceUnits,
        SweepUnits,
        Request,
        CancelRequest,
        Lock,
        Settle,
        Reject,
        SeizeRequest,
        SweepQueue,
        Usurp,
        Warp
    }

    uint256 public constant ACTIONS = 45;

    mapping(Action action => uint256) public calls;
    mapping(Action action => uint256) public successes;
    Action private _action;

    modifier action(Action action_, uint256 seed) {
        _begin(action_, seed);
        _;
    }

    constructor() {
        _deployEquity();
        for (uint256 i = 0; i < HOLDERS; ++i) _open(i);
    }

    function transfer(uint256 seed) external action(Action.Transfer, seed) {
        _transfer();
    }

    function transferFrom(uint256 seed) external action(Action.TransferFrom, seed) {
        _transferFrom();
    }

    function approve(uint256 seed) external action(Action.Approve, seed) {
        _approve();
    }

    function transferShares(uint256 seed) external action(Action.TransferShares, seed) {
        _transferShares();
    }

    function transferSharesFrom(uint256 seed) external action(Action.TransferSharesFrom, seed) {
        _transferSharesFrom();
    }

    function permit(uint256 seed) external action(Action.Permit, seed) {
        _permit();
    }

    function transferWithAuthorization(uint256 seed) external action(Action.TransferWithAuthorization, seed) {
        _transferWithAuthorization();
    }

    function transferSharesWithAuthorization(
        uint256 seed
    ) external action(Action.TransferSharesWithAuthorization, seed) {
        _transferSharesWithAuthorization();
    }

    function cancelAuthorization(uint256 seed) external action(Action.CancelAuthorization, seed) {
        _cancelAuthorization();
    }

    function mint(uint256 seed) external action(Action.Mint, seed) {
        _mint();
    }

    function burn(uint256 seed) external action(Action.Burn, seed) {
        _burn();
    }

    function burnShares(uint256 seed) external action(Action.BurnShares, seed) {
        _burnShares();
    }

    function setFrozen(uint256 seed) external action(Action.SetFrozen, seed) {
        _setFrozen();
    }

    function forcedTransfer(uint256 seed) external action(Action.ForcedTransfer, seed) {
        _forcedTransfer();
    }

    function forcedBurn(uint256 seed) external action(Action.ForcedBurn, seed) {
        _forcedBurn();
    }

    function setRestrictions(uint256 seed) external action(Action.SetRestrictions, seed) {
        _setRestrictions();
    }

    function setInvestor(uint256 seed) external action(Action.SetInvestor, seed) {
        _setInvestor();
    }

    function setPolicy(uint256 seed) external action(Action.SetPolicy, seed) {
        _setPolicy();
    }

    function pause(uint256 seed) external action(Action.Pause, seed) {
        _pause();
    }

    function unpause(uint256 seed) external action(Action.Unpause, seed) {
        _unpause();
    }

    function snapshot(uint256 seed) external action(Action.Snapshot, seed) {
        _snapshot();
    }

    function setCap(uint256 seed) external action(Action.SetCap, seed) {
        _setCap();
    }

    function setFeed(uint256 seed) external action(Action.SetFeed, seed) {
        _setFeed();
    }

    function scheduleAction(uint256 seed) external action(Action.ScheduleAction, seed) {
        _scheduleAction();
    }

    function cancelAction(uint256 seed) external action(Action.CancelAction, seed) {
        _cancelAction();
    }

    function setFee(uint256 seed) external action(Action.SetFee, seed) {
        _setFee();
    }

    function poke(uint256 seed) external action(Action.Poke, seed) {
        _poke();
    }

    function deposit(uint256 seed) external action(Action.Deposit, seed) {
        _deposit();
    }

    function mintUnits(uint256 seed) external action(Action.MintUnits, seed) {
        _mintUnits();
    }

    function withdraw(uint256 seed) external action(Action.Withdraw, seed) {
        _withdraw();
    }

    function redeem(uint256 seed) external action(Action.Redeem, seed) {
        _redeem();
    }

    function transferUnits(uint256 seed) external action(Action.TransferUnits, seed) {
        _transferUnits();
    }

    function transferUnitsFrom(uint256 seed) external action(Action.TransferUnitsFrom, seed) {
        _transferUnitsFrom();
    }

    function setFrozenUnits(uint256 seed) external action(Action.SetFrozenUnits, seed) {
        _setFrozenUnits();
    }

    function forceUnits(uint256 seed) external action(Action.ForceUnits, seed) {
        _forceUnits();
    }

    function sweepUnits(uint256 seed) external action(Action.SweepUnits, seed) {
        _sweepUnits();
    }

    function request(uint256 seed) external action(Action.Request, seed) {
        _request();
    }

    function cancelRequest(uint256 seed) external action(Action.CancelRequest, seed) {
        _cancelRequest();
    }

    function lock(uint256 seed) external action(Action.Lock, seed) {
        _lock();
    }

    function settle(uint256 seed) external action(Action.Settle, seed) {
        _settle();
    }

    function reject(uint256 seed) external action(Action.Reject, seed) {
        _reject();
    }

    function seizeRequest(uint256 seed) external action(Action.SeizeRequest, seed) {
        _seizeRequest();
    }

    function sweepQueue(uint256 seed) external action(Action.SweepQueue, seed) {
        _sweepQueue();
    }

    function usurp(uint256 seed) external action(Action.Usurp, seed) {
        _usurp();
    }

    function warp(uint256 seed) external action(Action.Warp, seed) {
        _warp();
    }

    /// @notice In the order of `Action`.
    function selectors() external pure returns (bytes4[ACTIONS] memory) {
        return
            [
                this.transfer.selector,
                this.transferFrom.selector,
                this.approve.selector,
                this.transferShares.selector,
                this.transferSharesFrom.selector,
                this.permit.selector,
                this.transferWithAuthorization.selector,
                this.transferSharesWithAuthorization.selector,
                this.cancelAuthorization.selector,
                this.mint.selector,
                this.burn.selector,
                this.burnShares.selector,
                this.setFrozen.selector,
                this.forcedTransfer.selector,
                this.forcedBurn.selector,
                this.setRestrictions.selector,
                this.setInvestor.selector,
                this.setPolicy.selector,
                this.pause.selector,
                this.unpause.selector,
                this.snapshot.selector,
                this.setCap.selector,
                this.setFeed.selector,
                this.scheduleAction.selector,
                this.cancelAction.selector,
                this.setFee.selector,
                this.poke.selector,
                this.deposit.selector,
                this.mintUnits.selector,
                this.withdraw.selector,
                this.redeem.selector,
                this.transferUnits.selector,
                this.transferUnitsFrom.selector,
                this.setFrozenUnits.selector,
                this.forceUnits.selector,
                this.sweepUnits.selector,
                this.request.selector,
                this.cancelRequest.selector,
                this.lock.selector,
                this.settle.selector,
                this.reject.selector,
                this.seizeRequest.selector,
                this.sweepQueue.selector,
                this.usurp.selector,
                this.warp.selector
            ];
    }

    /// @notice In the order of `Action`.
    function names() external pure returns (string[ACTIONS] memory) {
        return
            [
                "transfer",
                "transferFrom",
                "approve",
                "transferShares",
                "transferSharesFrom",
                "permit",
                "transferWithAuthorization",
                "transferSharesWithAuthorization",
                "cancelAuthorization",
                "mint",
                "burn",
                "burnShares",
                "setFrozen",
                "forcedTransfer",
                "forcedBurn",
                "setRestrictions",
                "setInvestor",
                "setPolicy",
                "pause",
                "unpause",
                "snapshot",
                "setCap",
                "setFeed",
                "scheduleAction",
                "cancelAction",
                "setFee",
                "poke",
                "deposit",
                "mintUnits",
                "withdraw",
                "redeem",
                "transferUnits",
                "transferUnitsFrom",
                "setFrozenUnits",
                "forceUnits",
                "sweepUnits",
                "request",
                "cancelRequest",
                "lock",
                "settle",
                "reject",
                "seizeRequest",
                "sweepQueue",
                "usurp",
                "warp"
            ];
    }

    /// @dev Powers without their roles; here the refusal is the success.
    function _usurp() private {
        bytes4 expected = IAccessManaged.AccessManagedUnauthorized.selector;
        address target = address(token);
        address account = _drawHolder();
        bytes memory data;
        uint256 kind = _draw(5);
        if (kind == 0) {
            data = _powerOfToken(account);
        } else if (kind == 1) {
            // What the contract of corporate actions alone brings.
            bytes[3] memory calls_ = [
                abi.encodeCall(IEquityToken.scheduleMultiplier, (2 * WAD, _now() + 1, 0)),
                abi.encodeCall(IEquityToken.cancelMultiplier, ()),
                abi.encodeCall(IEquityToken.applyMultiplier, (2 * WAD))
            ];
            data = calls_[_draw(3)];
            expected = IEquityToken.OnlyCorporateActions.selector;
        } else if (kind == 2) {
            target = address(wrapper);
            bytes[3] memory calls_ = [
                abi.encodeCall(IERC7943Fungible.forcedTransfer, (_drawHolder(), account, 1)),
                abi.encodeCall(IERC7943Fungible.setFrozenTokens, (account, 0)),
                abi.encodeCall(IWrappedEquity.sweep, (account))
            ];
            data = calls_[_draw(3)];
        } else {
            (target, data) = _powerOfOthers(account);
        }
        // Whoever calls holds some shares, and no role.
        assertEq(_attempt(target, accounts[_draw(7)], data), expected, "done without the role");
        _count();
    }

    function _powerOfToken(address account) private returns (bytes memory) {
        bytes[10] memory calls_ = [
            abi.encodeCall(IEquityToken.mint, (account, 1e18, bytes32(_random))),
            abi.encodeCall(IEquityToken.burn, (1)),
            abi.encodeCall(IEquityToken.burnShares, (1)),
            abi.encodeCall(IERC7943Fungible.forcedTransfer, (_drawHolder(), account, 1)),
            abi.encodeCall(IEquityToken.forcedBurn, (_drawHolder(), 1)),
            abi.encodeCall(IERC7943Fungible.setFrozenTokens, (account, 0)),
            abi.encodeCall(IEquityToken.pause, (1)),
            abi.encodeCall(IEquityToken.unpause, (15)),
            abi.encodeCall(IEquityToken.setPolicy, (0, 0, 0)),
            abi.encodeCall(IEquityToken.snapshot, ())
        ];
        return calls_[_draw(10)];
    }

    function _powerOfOthers(address account) private returns (address, bytes memory) {
        uint256 kind = _draw(9);
        uint256 id = 1 + _draw(_redemptions.length + 1);
        if (kind == 0) {
            return (address(actions), abi.encodeCall(ICorporateActions.cancelAction, (address(token), _nonce)));
        }
        if (kind == 1) {
            return (address(actions), abi.encodeCall(ICorporateActions.setFee, (address(token), 0.99e18, 1 days)));
        }
        if (kind == 2) {
            bytes memory data = abi.encodeCall(IEquityIssuance.setCap, (address(token), type(uint112).max));
            return (address(issuance), data);
        }
        if (kind == 3) {
            return (address(registry), abi.encodeCall(IComplianceRegistry.setRestrictions, (account, BLOCKED, 0)));
        }
        if (kind == 4) {
            return (address(registry), abi.encodeCall(IComplianceRegistry.setInvestor, (account, KYC, KYC)));
        }
        if (kind == 5) return (address(queue), abi.encodeCall(IRedemptionQueue.lock, (id)));
        if (kind == 6) return (address(queue), abi.encodeCall(IRedemptionQueue.seize, (id, account)));
        if (kind == 7) return (address(queue), abi.encodeCall(IRedemptionQueue.reject, (id, bytes32(0))));
        return (address(queue), abi.encodeCall(IRedemptionQueue.sweep, (address(token), account)));
    }

    function _begin(Action action_, uint256 seed) private {
        (_action, _random) = (action_, seed);
        ++calls[action_];
        _keepBefore();
    }

    function _count() internal override {
        ++successes[_action];
    }

    /// @dev Verified, and with something to move from the first call on; different numbers, so that nothing divides evenly.
    function _open(uint256 i) private {
        address account = accounts[i];
        uint256 word = KYC | (i % 4 << 8) | CLASS_BIT;
        vm.prank(office);
        registry.setInvestor(account, word | (uint256(type(uint8).max) << 8), word);
        _words[account] = word;
        uint256 shares = (10_000e18 + 7) / (i + 2);
        _answerFor(_total + shares);
        vm.prank(minters[0]);
        token.mint(account, shares, bytes32(i));
        (_shares[account], _total) = (shares, _total + shares);
        _mints.push(MintRecord(_now(), minters[0], shares));
        _usedRequests.push(bytes32(i));
        _requestUsed[bytes32(i)] = true;
        if (account == pool()) {
            _words[account] |= SYSTEM;
            _words[address(wrapper)] = SYSTEM | WRAPPER;
            _words[address(queue)] = SYSTEM;
        }
    }
}
