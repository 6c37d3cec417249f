// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Vm} from "forge-std/Vm.sol";

import {HostileWallet} from "../../../contracts/mocks/wallets/HostileWallet.sol";
import {IERC3009} from "../../../contracts/payments/interfaces/IERC3009.sol";
import {IPieUSD} from "../../../contracts/payments/interfaces/IPieUSD.sol";
import {PieUSDFixture} from "../helpers/PieUSDFixture.sol";

/// @title PieUSDHandler
/// @notice Everything that can be done to PieUSD by holders, relayers, roles, and Tether, one action a call.
/// @dev Each action has one argument, from which it draws all its choices: a failing sequence is then a list of
/// actions and seeds. Before a call the handler works out from its own books how the call must end, success or which
/// error, and reverts where it ends otherwise (`fail_on_revert` makes the campaign fail). The books are never read
/// from PieUSD. What the invariants look at is public.
contract PieUSDHandler is PieUSDFixture {
    enum Action {
        Deposit,
        DepositFor,
        Redeem,
        RedeemWithAuthorization,
        Transfer,
        TransferFrom,
        Approve,
        Permit,
        TransferWithAuthorizationVrs,
        TransferWithAuthorizationBytes,
        ReceiveWithAuthorization,
        CancelAuthorization,
        BatchTransferWithAuthorization,
        Freeze,
        Unfreeze,
        SwitchDeposits,
        SwitchRedemptions,
        OpenProRata,
        CloseProRata,
        Rescue,
        Donate,
        SetUsdtFee,
        SwitchUsdt,
        SwitchBlacklist,
        DestroyBacking,
        Recapitalise,
        SetHostileAnswer,
        Usurp,
        Warp
    }

    struct SpentNonce {
        address authorizer;
        bytes32 nonce;
    }

    struct Redemption {
        uint256 burned;
        /// What arrived at the receiver, measured on USDT.
        uint256 received;
        /// What left the wrapper, measured on USDT.
        uint256 paid;
        /// Backing and supply before, and whether pro-rata mode was open.
        uint256 held;
        uint256 supply;
        bool proRata;
        /// USDT's terms at the time.
        uint256 feeBasisPoints;
        uint256 maximumFee;
    }

    /// @dev What the invariants read after every call, in one answer: calls between test contracts are what a campaign
    /// spends its time on.
    struct Books {
        address[ACTORS] actors;
        uint256[ACTORS] balances;
        bool[ACTORS] frozen;
        uint256[ACTORS] frozenBalances;
        uint256 supply;
        uint256 donated;
        uint256 rescued;
        uint256 destroyed;
        uint256 forgone;
        uint256 mostMoves;
        uint256 unauthorizedMoves;
        Redemption lastRedemption;
        Batch lastBatch;
    }

    struct Batch {
        uint256 length;
        /// What the call answered.
        uint256 bitmap;
        /// What its events tell: bit i for the i-th element if it was used and moved value.
        uint256 logged;
        /// What the handler's books expect.
        uint256 expected;
        /// Events in the order of the elements, each with its element's accounts, value, nonce, and reason.
        bool eventsMatch;
        /// Balances after = balances before with the moves of `bitmap` replayed on them.
        bool balancesMatch;
    }

    /// @dev Stands for "fails, whatever the error": where USDT itself refuses.
    bytes4 private constant ANY = 0xfffffffe;

    uint256 private constant MAX_BATCH_DRAWN = 8;
    uint256 private constant USDT_FUNDS = 1e15;
    uint256 private constant MAX_AMOUNT = 1e12;

    // Books: what PieUSD's ledger must say.
    mapping(address account => uint256 value) public balances;
    mapping(address account => bool) public frozen;
    /// @notice Balance at the moment of the freeze.
    mapping(address account => uint256 value) public frozenBalances;
    uint256 public supply;
    bool public depositsPaused;
    bool public redemptionsPaused;
    bool public proRata;
    bool public usdtPaused;
    bool public wrapperBlacklisted;
    mapping(address owner => mapping(address spender => uint256)) private _allowances;
    mapping(address owner => uint256) private _permitNonces;

    // Books: where backing came from and went to, other than by par deposits and redemptions.
    /// @notice USDT that arrived by plain transfers: donations and recapitalisations.
    uint256 public donated;
    /// @notice Surplus that rescues took out.
    uint256 public rescued;
    /// @notice Backing that USDT's owner destroyed.
    uint256 public destroyed;
    /// @notice What redeemers left behind in pro-rata mode: value burned less USDT sent, rounding included.
    uint256 public forgone;

    // Store of nonces.
    SpentNonce[] private _spentNonces;
    mapping(address authorizer => bytes32[]) private _spentOf;
    mapping(address authorizer => mapping(bytes32 nonce => bool)) private _spent;
    /// @notice How many times value moved for a nonce, by the events.
    mapping(address authorizer => mapping(bytes32 nonce => uint256)) public moves;
    /// @notice The greatest of `moves`.
    uint256 public mostMoves;
    /// @notice Transfers in signed calls without an authorization used just before.
    uint256 public unauthorizedMoves;

    Redemption private _lastRedemption;
    Batch private _lastBatch;

    mapping(Action => uint256) public calls;
    mapping(Action => uint256) public successes;
    mapping(bytes4 error => uint256) public refusals;
    uint256 public elementsSettled;
    uint256 public elementsSkipped;
    uint256 public proRataRedemptions;
    uint256 public redemptionsWithFee;

    Action private _action;
    uint256 private _random;
    uint256 private _fresh;

    modifier action(Action action_, uint256 seed) {
        _action = action_;
        _random = seed;
        calls[action_]++;
        _;
    }

    constructor() {
        _deploy(6, USDT_FUNDS);
        _lastBatch.eventsMatch = _lastBatch.balancesMatch = true; // of no batch, until there is one
        // Something to move from the first call on; different balances, so that shares do not divide evenly.
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 amount = MAX_AMOUNT / (i + 3);
            vm.prank(actors[i]);
            pie.deposit(amount, amount);
            balances[actors[i]] = amount;
            supply += amount;
        }
    }

    function deposit(uint256 seed) external action(Action.Deposit, seed) {
        address sender = _drawActor();
        _deposit(sender, sender, true);
    }

    function depositFor(uint256 seed) external action(Action.DepositFor, seed) {
        _deposit(_drawActor(), _drawReceiver(), false);
    }

    function redeem(uint256 seed) external action(Action.Redeem, seed) {
        address from = _drawActor();
        address to = _drawReceiver();
        uint256 value = _drawAmount(balances[from]);
        uint256 minOut = _drawMinOut(_payout(value) - _usdtFee(_payout(value)));
        bytes4 fault = _redeemFault(from, to, value, minOut);
        _redeem(from, from, to, value, abi.encodeCall(IPieUSD.redeem, (value, to, minOut)), fault);
    }

    function redeemWithAuthorization(uint256 seed) external action(Action.RedeemWithAuthorization, seed) {
        IPieUSD.TransferAuthorization memory a = _draft();
        uint256 minOut = _drawMinOut(_payout(a.value) - _usdtFee(_payout(a.value)));
        bool genuine;
        (a.signature, genuine) = _drawSignature(a.from, _redeemDigest(a, minOut), false);
        bytes4 fault = _authorizationFault(a, genuine, false);
        if (fault == 0) fault = _redeemFault(a.from, a.to, a.value, minOut);
        bytes memory data = abi.encodeCall(
            IPieUSD.redeemWithAuthorization,
            (a.from, a.to, a.value, minOut, a.validAfter, a.validBefore, a.nonce, a.signature)
        );
        vm.recordLogs();
        if (_redeem(_drawActor(), a.from, a.to, a.value, data, fault)) _recordSpent(a.from, a.nonce);
        _countMoves(vm.getRecordedLogs());
    }

    function transfer(uint256 seed) external action(Action.Transfer, seed) {
        address from = _drawActor();
        address to = _drawReceiver();
        uint256 value = _drawAmount(balances[from]);
        bytes4 fault = _transferFault(from, to, value);
        if (_send(from, abi.encodeCall(IERC20.transfer, (to, value)), fault)) _bookTransfer(from, to, value);
    }

    function transferFrom(uint256 seed) external action(Action.TransferFrom, seed) {
        address spender = _drawActor();
        address from = _drawAllowing(spender);
        address to = _drawReceiver();
        uint256 allowed = _allowances[from][spender];
        uint256 value = _drawAmount(allowed < balances[from] ? allowed : balances[from]);
        bytes4 fault =
            allowed < value ? IERC20Errors.ERC20InsufficientAllowance.selector : _transferFault(from, to, value);
        if (_send(spender, abi.encodeCall(IERC20.transferFrom, (from, to, value)), fault)) {
            _bookTransfer(from, to, value);
            if (allowed != type(uint256).max) _allowances[from][spender] = allowed - value;
        }
        assertEq(pie.allowance(from, spender), _allowances[from][spender], "allowance after transferFrom");
    }

    function approve(uint256 seed) external action(Action.Approve, seed) {
        address owner = _drawActor();
        address spender = _chance(16) ? address(0) : _drawActor();
        uint256 value = _chance(4) ? type(uint256).max : _drawAmount(balances[owner]);
        bytes4 fault = spender == address(0) ? IERC20Errors.ERC20InvalidSpender.selector : bytes4(0);
        if (_send(owner, abi.encodeCall(IERC20.approve, (spender, value)), fault)) _allowances[owner][spender] = value;
    }

    function permit(uint256 seed) external action(Action.Permit, seed) {
        address owner = _drawActor();
        address spender = _drawActor();
        uint256 value = _drawAmount(balances[owner]);
        uint256 deadline = _chance(8) ? block.timestamp - 1 : block.timestamp + _draw(2);
        uint256 nonce = _permitNonces[owner];
        // A permit that was used, or is not due yet, must not work.
        if (_chance(12)) nonce = nonce == 0 || _chance(2) ? nonce + 1 : nonce - 1;
        bool vrs = _chance(2);
        (bytes memory signature, bool genuine) = _drawSignature(
            owner,
            _permitDigest(owner, spender, value, nonce, deadline),
            vrs
        );
        genuine = genuine && nonce == _permitNonces[owner];
        bytes4 fault;
        if (block.timestamp > deadline) fault = IPieUSD.ERC2612ExpiredSignature.selector;
        else if (!_accepts(owner, genuine, false)) fault = IPieUSD.ERC2612InvalidSigner.selector;
        if (_send(_drawActor(), _encodePermit(owner, spender, value, deadline, signature, vrs), fault)) {
            _allowances[owner][spender] = value;
            _permitNonces[owner]++;
        }
        assertEq(pie.allowance(owner, spender), _allowances[owner][spender], "allowance after permit");
        assertEq(pie.nonces(owner), _permitNonces[owner], "nonce after permit");
    }

    function transferWithAuthorizationVrs(uint256 seed) external action(Action.TransferWithAuthorizationVrs, seed) {
        _sendAuthorization(_draft(), TRANSFER_TYPEHASH, true);
    }

    function transferWithAuthorizationBytes(uint256 seed) external action(Action.TransferWithAuthorizationBytes, seed) {
        _sendAuthorization(_draft(), TRANSFER_TYPEHASH, false);
    }

    function receiveWithAuthorization(uint256 seed) external action(Action.ReceiveWithAuthorization, seed) {
        _sendAuthorization(_draft(), RECEIVE_TYPEHASH, _chance(2));
    }

    function cancelAuthorization(uint256 seed) external action(Action.CancelAuthorization, seed) {
        address authorizer = _drawActor();
        bytes32 nonce = _drawNonce(authorizer);
        bool vrs = _chance(2);
        (bytes memory signature, bool genuine) = _drawSignature(authorizer, _cancelDigest(authorizer, nonce), vrs);
        bytes4 fault;
        if (_spent[authorizer][nonce]) fault = IERC3009.AuthorizationUsedOrCanceled.selector;
        else if (!_accepts(authorizer, genuine, false)) fault = IERC3009.InvalidSignature.selector;
        bytes memory data;
        if (vrs) {
            (uint8 v, bytes32 r, bytes32 s) = _split(signature);
            data = abi.encodeWithSignature(CANCEL_VRS, authorizer, nonce, v, r, s);
        } else {
            data = abi.encodeWithSignature(CANCEL_BYTES, authorizer, nonce, signature);
        }
        vm.recordLogs();
        if (_send(_drawActor(), data, fault)) _recordSpent(authorizer, nonce);
        _countMoves(vm.getRecordedLogs());
    }

    function batchTransferWithAuthorization(uint256 seed) external action(Action.BatchTransferWithAuthorization, seed) {
        IPieUSD.TransferAuthorization[] memory batch = new IPieUSD.TransferAuthorization[](_draw(MAX_BATCH_DRAWN + 1));
        bytes4[] memory reasons = new bytes4[](batch.length);
        bool[] memory genuine = new bool[](batch.length);
        uint256[ACTORS] memory replayed = _balances();
        Batch memory record;
        record.length = batch.length;

        for (uint256 i = 0; i < batch.length; ++i) {
            if (i > 0 && _chance(5)) {
                // The same element twice in one batch: the second must not move value.
                uint256 earlier = _draw(i);
                (batch[i], genuine[i]) = (batch[earlier], genuine[earlier]);
            } else {
                batch[i] = _draft();
                (batch[i].signature, genuine[i]) = _drawSignature(
                    batch[i].from,
                    _transferDigest(TRANSFER_TYPEHASH, batch[i]),
                    false
                );
            }
            reasons[i] = _authorizationFault(batch[i], genuine[i], true);
            if (reasons[i] == 0) reasons[i] = _transferFault(batch[i].from, batch[i].to, batch[i].value);
            if (reasons[i] == 0) {
                record.expected |= 1 << i;
                _bookTransfer(batch[i].from, batch[i].to, batch[i].value);
                _recordSpent(batch[i].from, batch[i].nonce);
                elementsSettled++;
            } else {
                elementsSkipped++;
                refusals[reasons[i]]++;
            }
        }

        vm.recordLogs();
        vm.prank(_drawActor());
        record.bitmap = pie.batchTransferWithAuthorization(batch);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _countMoves(logs);
        (record.logged, record.eventsMatch) = _readBatch(logs, batch, reasons);
        for (uint256 i = 0; i < batch.length; ++i) {
            if (record.bitmap & (1 << i) == 0) continue;
            uint256 from = _indexOf(batch[i].from);
            replayed[from] = replayed[from] < batch[i].value ? type(uint256).max : replayed[from] - batch[i].value;
            unchecked {
                replayed[_indexOf(batch[i].to)] += batch[i].value; // a wrong bitmap must show as a mismatch, not here
            }
        }
        record.balancesMatch = keccak256(abi.encode(replayed)) == keccak256(abi.encode(_balances()));
        _lastBatch = record;
        if (record.bitmap != 0) successes[_action]++;
    }

    function freeze(uint256 seed) external action(Action.Freeze, seed) {
        address account = _drawActor();
        // With many frozen little else would succeed: mostly freeze again the one that is, and never more than two.
        uint256 count = _countFrozen();
        if (count > 1 || (count == 1 && !_chance(4))) account = _drawFrozen();
        if (_chance(10)) account = _chance(2) ? address(0) : address(pie);
        bool refused = account == address(0) || account == address(pie);
        bytes4 fault = refused ? IPieUSD.CannotFreeze.selector : bytes4(0);
        if (!_send(admin, abi.encodeCall(IPieUSD.freeze, (account)), fault) || frozen[account]) return;
        frozen[account] = true;
        frozenBalances[account] = balances[account];
    }

    function unfreeze(uint256 seed) external action(Action.Unfreeze, seed) {
        address account = _countFrozen() == 0 ? _drawActor() : _drawFrozen();
        if (_send(admin, abi.encodeCall(IPieUSD.unfreeze, (account)), 0)) frozen[account] = false;
    }

    function switchDeposits(uint256 seed) external action(Action.SwitchDeposits, seed) {
        depositsPaused = _chance(8);
        _send(
            admin,
            depositsPaused ? abi.encodeCall(IPieUSD.pauseDeposits, ()) : abi.encodeCall(IPieUSD.unpauseDeposits, ()),
            0
        );
        _checkModes();
    }

    function switchRedemptions(uint256 seed) external action(Action.SwitchRedemptions, seed) {
        redemptionsPaused = _chance(8);
        _send(
            admin,
            redemptionsPaused
                ? abi.encodeCall(IPieUSD.pauseRedemptions, ())
                : abi.encodeCall(IPieUSD.unpauseRedemptions, ()),
            0
        );
        _checkModes();
    }

    function openProRata(uint256 seed) external action(Action.OpenProRata, seed) {
        bytes4 fault = backing() < supply ? bytes4(0) : IPieUSD.NotUndercollateralized.selector;
        if (_send(admin, abi.encodeCall(IPieUSD.openProRata, ()), fault)) proRata = true;
        _checkModes();
    }

    function closeProRata(uint256 seed) external action(Action.CloseProRata, seed) {
        bytes4 fault;
        if (!proRata) fault = IPieUSD.ProRataInactive.selector;
        else if (backing() < supply) fault = IPieUSD.Undercollateralized.selector;
        if (_send(admin, abi.encodeCall(IPieUSD.closeProRata, ()), fault)) proRata = false;
        _checkModes();
    }

    function rescue(uint256 seed) external action(Action.Rescue, seed) {
        uint256 free = backing() > supply ? backing() - supply : 0;
        uint256 amount = _drawAmount(free);
        // Back to the wrapper itself, only the fee leaves.
        address to = _chance(8) ? address(pie) : address(0xBEEF);
        uint256 taken = to == address(pie) ? _usdtFee(amount) : amount;
        bytes4 fault;
        if (amount > free) fault = IPieUSD.RescueExceedsSurplus.selector;
        else if (usdtPaused || wrapperBlacklisted) fault = ANY;
        if (_send(admin, abi.encodeCall(IPieUSD.rescue, (address(usdt), to, amount)), fault)) rescued += taken;
    }

    /// @dev Not a call of PieUSD: USDT sent to it by mistake, or to skew what a deposit measures.
    function donate(uint256 seed) external action(Action.Donate, seed) {
        if (usdtPaused) return;
        address from = _drawActor();
        uint256 funds = usdt.balanceOf(from);
        uint256 amount = _draw((funds < MAX_AMOUNT ? funds : MAX_AMOUNT) / 100 + 1);
        vm.prank(from);
        usdt.transfer(address(pie), amount);
        donated += amount - _usdtFee(amount);
        successes[_action]++;
    }

    function setUsdtFee(uint256 seed) external action(Action.SetUsdtFee, seed) {
        if (_chance(2)) usdt.setParams(0, 0);
        else usdt.setParams(_draw(20), _draw(50));
        successes[_action]++;
    }

    function switchUsdt(uint256 seed) external action(Action.SwitchUsdt, seed) {
        bool paused = _chance(8);
        if (paused == usdtPaused) return;
        usdtPaused = paused;
        if (paused) usdt.pause();
        else usdt.unpause();
        successes[_action]++;
    }

    function switchBlacklist(uint256 seed) external action(Action.SwitchBlacklist, seed) {
        wrapperBlacklisted = _chance(8);
        if (wrapperBlacklisted) usdt.addBlackList(address(pie));
        else usdt.removeBlackList(address(pie));
        successes[_action]++;
    }

    /// @dev One call in six, or holders would hardly ever be whole. USDT can only destroy everything; a part that comes
    /// back at once makes the losses that leave a fraction, down to one base unit.
    function destroyBacking(uint256 seed) external action(Action.DestroyBacking, seed) {
        uint256 held = backing();
        if (!_chance(6) || held == 0) return;
        usdt.addBlackList(address(pie));
        usdt.destroyBlackFunds(address(pie));
        usdt.removeBlackList(address(pie));
        wrapperBlacklisted = false;
        destroyed += held;
        successes[_action]++;
        if (usdtPaused || _chance(6)) return;
        uint256 part = _chance(4) ? held - 1 : _draw(held);
        _compensate(part);
    }

    /// @dev Exactly up to the supply, with the fee off: backing == supply is the edge at which pro-rata mode may close.
    function recapitalise(uint256 seed) external action(Action.Recapitalise, seed) {
        if (usdtPaused || backing() >= supply) return;
        usdt.setParams(0, 0);
        _compensate(supply - backing());
        successes[_action]++;
    }

    function setHostileAnswer(uint256 seed) external action(Action.SetHostileAnswer, seed) {
        uint256 answer = _chance(2) ? 0 : _draw(uint256(type(HostileWallet.Answer).max) + 1);
        hostileWallet.setAnswer(HostileWallet.Answer(answer));
        successes[_action]++;
    }

    /// @dev Powers without the role; here the refusal is the success.
    function usurp(uint256 seed) external action(Action.Usurp, seed) {
        bytes[9] memory powers = [
            abi.encodeCall(IPieUSD.freeze, (_drawActor())),
            abi.encodeCall(IPieUSD.unfreeze, (_drawActor())),
            abi.encodeCall(IPieUSD.pauseDeposits, ()),
            abi.encodeCall(IPieUSD.unpauseDeposits, ()),
            abi.encodeCall(IPieUSD.pauseRedemptions, ()),
            abi.encodeCall(IPieUSD.unpauseRedemptions, ()),
            abi.encodeCall(IPieUSD.openProRata, ()),
            abi.encodeCall(IPieUSD.closeProRata, ()),
            abi.encodeCall(IPieUSD.rescue, (address(usdt), _drawActor(), 0))
        ];
        _send(_drawActor(), powers[_draw(9)], IAccessManaged.AccessManagedUnauthorized.selector);
        successes[_action]++;
    }

    function warp(uint256 seed) external action(Action.Warp, seed) {
        vm.warp(block.timestamp + 1 + _draw(1 days));
        successes[_action]++;
    }

    /// @notice What PieUSD must hold, from the books alone.
    function backing() public view returns (uint256) {
        return supply + donated + forgone - rescued - destroyed;
    }

    function books() external view returns (Books memory b) {
        b.actors = actors;
        for (uint256 i = 0; i < ACTORS; ++i) {
            b.balances[i] = balances[actors[i]];
            b.frozen[i] = frozen[actors[i]];
            b.frozenBalances[i] = frozenBalances[actors[i]];
        }
        b.supply = supply;
        b.donated = donated;
        b.rescued = rescued;
        b.destroyed = destroyed;
        b.forgone = forgone;
        b.mostMoves = mostMoves;
        b.unauthorizedMoves = unauthorizedMoves;
        b.lastRedemption = _lastRedemption;
        b.lastBatch = _lastBatch;
    }

    function spentNonceCount() external view returns (uint256) {
        return _spentNonces.length;
    }

    /// @notice `count` of the spent nonces: the latest half of them, and as many that wander through the older ones. All
    /// of them where there are no more than `count`.
    function spentNonces(uint256 count) external view returns (SpentNonce[] memory list) {
        uint256 length = _spentNonces.length;
        if (count > length) count = length;
        list = new SpentNonce[](count);
        for (uint256 i = 0; i < count; ++i) {
            bool latest = count == length || i % 2 == 0;
            list[i] = _spentNonces[
                latest ? length - 1 - (count == length ? i : i / 2) : (length * 31 + i * 17) % length
            ];
        }
    }

    /// @notice In the order of `Action`.
    function selectors() external pure returns (bytes4[] memory list) {
        list = new bytes4[](uint256(type(Action).max) + 1);
        list[uint256(Action.Deposit)] = this.deposit.selector;
        list[uint256(Action.DepositFor)] = this.depositFor.selector;
        list[uint256(Action.Redeem)] = this.redeem.selector;
        list[uint256(Action.RedeemWithAuthorization)] = this.redeemWithAuthorization.selector;
        list[uint256(Action.Transfer)] = this.transfer.selector;
        list[uint256(Action.TransferFrom)] = this.transferFrom.selector;
        list[uint256(Action.Approve)] = this.approve.selector;
        list[uint256(Action.Permit)] = this.permit.selector;
        list[uint256(Action.TransferWithAuthorizationVrs)] = this.transferWithAuthorizationVrs.selector;
        list[uint256(Action.TransferWithAuthorizationBytes)] = this.transferWithAuthorizationBytes.selector;
        list[uint256(Action.ReceiveWithAuthorization)] = this.receiveWithAuthorization.selector;
        list[uint256(Action.CancelAuthorization)] = this.cancelAuthorization.selector;
        list[uint256(Action.BatchTransferWithAuthorization)] = this.batchTransferWithAuthorization.selector;
        list[uint256(Action.Freeze)] = this.freeze.selector;
        list[uint256(Action.Unfreeze)] = this.unfreeze.selector;
        list[uint256(Action.SwitchDeposits)] = this.switchDeposits.selector;
        list[uint256(Action.SwitchRedemptions)] = this.switchRedemptions.selector;
        list[uint256(Action.OpenProRata)] = this.openProRata.selector;
        list[uint256(Action.CloseProRata)] = this.closeProRata.selector;
        list[uint256(Action.Rescue)] = this.rescue.selector;
        list[uint256(Action.Donate)] = this.donate.selector;
        list[uint256(Action.SetUsdtFee)] = this.setUsdtFee.selector;
        list[uint256(Action.SwitchUsdt)] = this.switchUsdt.selector;
        list[uint256(Action.SwitchBlacklist)] = this.switchBlacklist.selector;
        list[uint256(Action.DestroyBacking)] = this.destroyBacking.selector;
        list[uint256(Action.Recapitalise)] = this.recapitalise.selector;
        list[uint256(Action.SetHostileAnswer)] = this.setHostileAnswer.selector;
        list[uint256(Action.Usurp)] = this.usurp.selector;
        list[uint256(Action.Warp)] = this.warp.selector;
    }

    /// @notice In the order of `Action`.
    function names() external pure returns (string[29] memory) {
        return
            [
                "deposit",
                "depositFor",
                "redeem",
                "redeemWithAuthorization",
                "transfer",
                "transferFrom",
                "approve",
                "permit",
                "transferWithAuthorization(v,r,s)",
                "transferWithAuthorization(bytes)",
                "receiveWithAuthorization",
                "cancelAuthorization",
                "batchTransferWithAuthorization",
                "freeze",
                "unfreeze",
                "switchDeposits",
                "switchRedemptions",
                "openProRata",
                "closeProRata",
                "rescue",
                "donate",
                "setUsdtFee",
                "switchUsdt",
                "switchBlacklist",
                "destroyBacking",
                "recapitalise",
                "setHostileAnswer",
                "usurp",
                "warp"
            ];
    }

    // Calls

    /// @dev Makes the call and holds its outcome to `fault`. True where it succeeded.
    function _send(address caller, bytes memory data, bytes4 fault) private returns (bool) {
        (bytes4 outcome, ) = _attempt(caller, data);
        if (fault == ANY) assertTrue(outcome != 0, "succeeded while USDT refuses");
        else assertEq(outcome, fault, "ended otherwise than the books say");
        if (outcome == 0) successes[_action]++;
        else refusals[fault]++;
        return outcome == 0;
    }

    function _deposit(address sender, address to, bool plain) private {
        uint256 funds = usdt.balanceOf(sender);
        uint256 amount = _drawAmount(funds < MAX_AMOUNT ? funds : MAX_AMOUNT);
        uint256 minted = amount - _usdtFee(amount);
        uint256 minOut = _drawMinOut(minted);
        bytes4 fault;
        if (proRata) fault = IPieUSD.ProRataActive.selector;
        else if (depositsPaused) fault = IPieUSD.DepositsPaused.selector;
        else if (amount == 0) fault = IPieUSD.ZeroAmount.selector;
        else if (_isInvalidReceiver(to)) fault = IERC20Errors.ERC20InvalidReceiver.selector;
        else if (frozen[sender] || frozen[to]) fault = IPieUSD.AccountFrozen.selector;
        else if (backing() < supply) fault = IPieUSD.Undercollateralized.selector;
        else if (usdtPaused || amount > funds) fault = ANY;
        else if (minted < minOut) fault = IPieUSD.SlippageExceeded.selector;
        bytes memory data =
            plain
                ? abi.encodeCall(IPieUSD.deposit, (amount, minOut))
                : abi.encodeCall(IPieUSD.depositFor, (to, amount, minOut));
        if (!_send(sender, data, fault)) return;
        balances[to] += minted;
        supply += minted;
    }

    function _redeem(
        address caller,
        address from,
        address to,
        uint256 value,
        bytes memory data,
        bytes4 fault
    ) private returns (bool success) {
        Redemption memory r = Redemption({
            burned: value,
            received: usdt.balanceOf(to),
            paid: usdt.balanceOf(address(pie)),
            held: backing(),
            supply: supply,
            proRata: proRata,
            feeBasisPoints: usdt.basisPointsRate(),
            maximumFee: usdt.maximumFee()
        });
        success = _send(caller, data, fault);
        if (!success) return false;
        r.received = usdt.balanceOf(to) - r.received;
        r.paid = r.paid - usdt.balanceOf(address(pie));
        _lastRedemption = r;
        if (r.held < r.supply) proRataRedemptions++;
        if (r.received < r.paid) redemptionsWithFee++;
        forgone += value - _payout(value);
        balances[from] -= value;
        supply -= value;
    }

    function _sendAuthorization(IPieUSD.TransferAuthorization memory a, bytes32 typehash, bool vrs) private {
        bool receives = typehash == RECEIVE_TYPEHASH;
        // One in twelve is signed for the other function: it must not be taken for this one.
        bool crossed = _chance(12);
        bytes32 signedType = receives != crossed ? RECEIVE_TYPEHASH : TRANSFER_TYPEHASH;
        bool genuine;
        (a.signature, genuine) = _drawSignature(a.from, _transferDigest(signedType, a), vrs);
        address caller = receives && !_chance(10) ? a.to : _drawActor();
        bytes4 fault;
        if (receives && caller != a.to) fault = IERC3009.CallerNotPayee.selector;
        if (fault == 0) fault = _authorizationFault(a, genuine && !crossed, false);
        if (fault == 0) fault = _transferFault(a.from, a.to, a.value);
        bytes memory data =
            vrs
                ? _encodeVrs(receives ? RECEIVE_VRS : TRANSFER_VRS, a)
                : _encodeBytes(receives ? RECEIVE_BYTES : TRANSFER_BYTES, a);
        vm.recordLogs();
        if (_send(caller, data, fault)) {
            _bookTransfer(a.from, a.to, a.value);
            _recordSpent(a.from, a.nonce);
        }
        _countMoves(vm.getRecordedLogs());
    }

    function _encodePermit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes memory signature,
        bool vrs
    ) private pure returns (bytes memory) {
        if (!vrs) return abi.encodeWithSignature(PERMIT_BYTES, owner, spender, value, deadline, signature);
        (uint8 v, bytes32 r, bytes32 s) = _split(signature);
        return abi.encodeWithSignature(PERMIT_VRS, owner, spender, value, deadline, v, r, s);
    }

    /// @dev USDT from its owner to the wrapper, outside of any deposit.
    function _compensate(uint256 amount) private {
        usdt.issue(amount);
        usdt.transfer(address(pie), amount);
        donated += amount - _usdtFee(amount);
    }

    // Books

    function _bookTransfer(address from, address to, uint256 value) private {
        balances[from] -= value;
        balances[to] += value;
    }

    function _recordSpent(address authorizer, bytes32 nonce) private {
        _spent[authorizer][nonce] = true;
        _spentOf[authorizer].push(nonce);
        _spentNonces.push(SpentNonce(authorizer, nonce));
    }

    function _isInvalidReceiver(address to) private view returns (bool) {
        return to == address(0) || to == address(pie);
    }

    function _transferFault(address from, address to, uint256 value) private view returns (bytes4) {
        if (_isInvalidReceiver(to)) return IERC20Errors.ERC20InvalidReceiver.selector;
        if (frozen[from] || frozen[to]) return IPieUSD.AccountFrozen.selector;
        if (balances[from] < value) return IERC20Errors.ERC20InsufficientBalance.selector;
        return 0;
    }

    function _authorizationFault(
        IPieUSD.TransferAuthorization memory a,
        bool genuine,
        bool capped
    ) private view returns (bytes4) {
        if (block.timestamp <= a.validAfter) return IERC3009.AuthorizationNotYetValid.selector;
        if (block.timestamp >= a.validBefore) return IERC3009.AuthorizationExpired.selector;
        if (_spent[a.from][a.nonce]) return IERC3009.AuthorizationUsedOrCanceled.selector;
        if (!_accepts(a.from, genuine, capped)) return IERC3009.InvalidSignature.selector;
        return 0;
    }

    /// @dev The hostile wallet accepts by its mood; two of its moods are too dear for a batch.
    function _accepts(address account, bool genuine, bool capped) private view returns (bool) {
        if (account != address(hostileWallet)) return genuine;
        HostileWallet.Answer answer = hostileWallet.answer();
        if (answer == HostileWallet.Answer.Slow || answer == HostileWallet.Answer.Bomb) return !capped;
        return answer == HostileWallet.Answer.Magic;
    }

    function _redeemFault(address from, address to, uint256 value, uint256 minOut) private view returns (bytes4) {
        if (redemptionsPaused) return IPieUSD.RedemptionsPaused.selector;
        if (value == 0) return IPieUSD.ZeroAmount.selector;
        if (_isInvalidReceiver(to)) return IERC20Errors.ERC20InvalidReceiver.selector;
        if (to != from && frozen[to]) return IPieUSD.AccountFrozen.selector;
        if (backing() < supply && !proRata) return IPieUSD.Undercollateralized.selector;
        if (frozen[from]) return IPieUSD.AccountFrozen.selector;
        if (balances[from] < value) return IERC20Errors.ERC20InsufficientBalance.selector;
        if (usdtPaused || wrapperBlacklisted) return ANY;
        uint256 out = _payout(value);
        if (out - _usdtFee(out) < minOut) return IPieUSD.SlippageExceeded.selector;
        return 0;
    }

    /// @dev Par, or the share of what is left. Amounts here are far below 2^128, so the product fits a word.
    function _payout(uint256 value) private view returns (uint256) {
        return backing() < supply ? (value * backing()) / supply : value;
    }

    function _checkModes() private view {
        assertEq(pie.depositsPaused(), depositsPaused, "depositsPaused");
        assertEq(pie.redemptionsPaused(), redemptionsPaused, "redemptionsPaused");
        assertEq(pie.proRata(), proRata, "proRata");
    }

    // Events

    /// @dev In a call that carries signatures, each Transfer must follow the AuthorizationUsed that permits it.
    function _countMoves(Vm.Log[] memory logs) private {
        address authorizer;
        bytes32 nonce;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(pie)) continue;
            if (logs[i].topics[0] == IERC3009.AuthorizationUsed.selector) {
                authorizer = address(uint160(uint256(logs[i].topics[1])));
                nonce = logs[i].topics[2];
            } else if (logs[i].topics[0] == IERC20.Transfer.selector) {
                if (authorizer == address(0) || authorizer != address(uint160(uint256(logs[i].topics[1])))) {
                    unauthorizedMoves++;
                    continue;
                }
                uint256 count = ++moves[authorizer][nonce];
                if (count > mostMoves) mostMoves = count;
                authorizer = address(0);
            }
        }
    }

    /// @dev Walks the events beside the elements: used and moved, or skipped for the reason that the books give.
    function _readBatch(
        Vm.Log[] memory logs,
        IPieUSD.TransferAuthorization[] memory batch,
        bytes4[] memory reasons
    ) private view returns (uint256 logged, bool matches) {
        uint256 cursor = 0;
        matches = true;
        for (uint256 i = 0; i < batch.length; ++i) {
            if (cursor >= logs.length) return (logged, false);
            bytes32 who = bytes32(uint256(uint160(batch[i].from)));
            matches = matches && logs[cursor].emitter == address(pie) && logs[cursor].topics[1] == who;
            matches = matches && logs[cursor].topics[2] == batch[i].nonce;
            if (logs[cursor].topics[0] == IERC3009.AuthorizationUsed.selector) {
                if (++cursor >= logs.length) return (logged, false);
                logged |= 1 << i;
                matches =
                    matches &&
                    logs[cursor].topics[0] == IERC20.Transfer.selector &&
                    logs[cursor].topics[1] == who;
                matches = matches && logs[cursor].topics[2] == bytes32(uint256(uint160(batch[i].to)));
                matches = matches && abi.decode(logs[cursor].data, (uint256)) == batch[i].value && reasons[i] == 0;
            } else {
                matches = matches && logs[cursor].topics[0] == IPieUSD.AuthorizationSkipped.selector;
                matches = matches && abi.decode(logs[cursor].data, (bytes4)) == reasons[i];
            }
            ++cursor;
        }
        matches = matches && cursor == logs.length;
    }

    // Draws

    function _draw(uint256 n) private returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % n;
    }

    function _chance(uint256 n) private returns (bool) {
        return _draw(n) == 0;
    }

    function _drawActor() private returns (address) {
        return actors[_draw(ACTORS)];
    }

    /// @dev Mostly an actor, sometimes one of the two addresses that may hold nothing.
    function _drawReceiver() private returns (address) {
        if (!_chance(20)) return _drawActor();
        return _chance(2) ? address(0) : address(pie);
    }

    /// @dev Mostly within `max`, its ends included; sometimes one beyond.
    function _drawAmount(uint256 max) private returns (uint256) {
        uint256 kind = _draw(16);
        if (kind == 0) return 0;
        if (kind == 1) return max + 1;
        if (kind == 2) return max;
        if (kind == 3) return max < 1 ? max : 1;
        return _draw(max + 1);
    }

    function _drawMinOut(uint256 expected) private returns (uint256) {
        uint256 kind = _draw(8);
        if (kind == 0) return expected + 1;
        return kind < 4 ? expected : 0;
    }

    /// @dev An actor that allows `spender` something, if the search meets one.
    function _drawAllowing(address spender) private returns (address owner) {
        uint256 start = _draw(ACTORS);
        for (uint256 i = 0; i < ACTORS; ++i) {
            owner = actors[(start + i) % ACTORS];
            if (_allowances[owner][spender] > 0) return owner;
        }
    }

    function _countFrozen() private view returns (uint256 count) {
        for (uint256 i = 0; i < ACTORS; ++i) if (frozen[actors[i]]) ++count;
    }

    function _drawFrozen() private returns (address account) {
        uint256 start = _draw(ACTORS);
        for (uint256 i = 0; i < ACTORS; ++i) {
            account = actors[(start + i) % ACTORS];
            if (frozen[account]) return account;
        }
    }

    /// @dev A new nonce, or one in ten that the authorizer spent before, whichever function spent it.
    function _drawNonce(address authorizer) private returns (bytes32) {
        uint256 count = _spentOf[authorizer].length;
        if (count > 0 && _chance(10)) return _spentOf[authorizer][_draw(count)];
        return keccak256(abi.encode("nonce", ++_fresh));
    }

    /// @dev An authorization without its signature. The window is often the tightest one, one in ten shuts the call out.
    function _draft() private returns (IPieUSD.TransferAuthorization memory a) {
        a.from = _drawActor();
        a.to = _drawReceiver();
        a.value = _drawAmount(balances[a.from]);
        uint256 window = _draw(20);
        if (window == 0) a.validAfter = block.timestamp;
        else a.validAfter = window < 10 ? block.timestamp - 1 : 0;
        if (window == 1) a.validBefore = block.timestamp;
        else a.validBefore = window < 10 ? block.timestamp + 1 : type(uint256).max;
        a.nonce = _drawNonce(a.from);
    }

    function _drawSignature(
        address signer,
        bytes32 digest,
        bool sized
    ) private returns (bytes memory signature, bool genuine) {
        if (!_chance(10)) return (_sign(_keys[signer], digest), true);
        return (_spoil(_keys[signer], digest, _draw(sized ? 4 : 7)), false);
    }

    function _indexOf(address account) private view returns (uint256) {
        for (uint256 i = 0; i < ACTORS; ++i) if (actors[i] == account) return i;
        revert("not an actor");
    }

    function _balances() private view returns (uint256[ACTORS] memory list) {
        for (uint256 i = 0; i < ACTORS; ++i) list[i] = pie.balanceOf(actors[i]);
    }
}
