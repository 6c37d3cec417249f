// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC777Recipient} from "@openzeppelin/contracts/interfaces/IERC777Recipient.sol";
import {IERC777Sender} from "@openzeppelin/contracts/interfaces/IERC777Sender.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IIPRegistry} from "../../../contracts/ip/interfaces/IIPRegistry.sol";
import {IRoyaltyGraph} from "../../../contracts/ip/interfaces/IRoyaltyGraph.sol";
import {MockHookToken} from "../../../contracts/mocks/tokens/MockHookToken.sol";
import {MockHostileERC20} from "../../../contracts/mocks/tokens/MockHostileERC20.sol";
import {MockUSDT} from "../../../contracts/mocks/tokens/MockUSDT.sol";
import {MockPayout} from "../../../contracts/mocks/wallets/MockPayout.sol";
import {PieUSD} from "../../../contracts/payments/PieUSD.sol";
import {IPFixture} from "../helpers/IPFixture.sol";

/// @title RoyaltyBooks
/// @notice What RoyaltyHandler knows: the works, the money of each, in books that are never read from the contracts, and
/// the arithmetic by which they grow.
/// @dev Every action has one argument, from which it draws all its choices. `_send` holds each call to the outcome that
/// the books foretell.
abstract contract RoyaltyBooks is IPFixture {
    /// @dev Native coin, pieUSD, USDT, one with hooks, one that lies.
    uint256 internal constant TOKENS = 5;

    enum Action {
        Pay,
        PayToken,
        Collect,
        Sweep,
        Force,
        Claim,
        ClaimBatch,
        ClaimPath,
        ClaimFees,
        Withdraw,
        WithdrawContribution,
        WithdrawFees,
        RegisterRoot,
        RegisterDerivative,
        RegisterWrongly,
        TransferWork,
        DeleteWork,
        Freeze,
        Unfreeze,
        Redirect,
        SetFees,
        SetPayees,
        SetUsdtFee,
        Usurp
    }

    /// @dev In one slot, with the stored fields of {EdgeSpec}.
    struct EdgeBook {
        uint40 parent;
        bool absolute;
        uint24 rate;
        bool chosen;
    }

    struct WorkBook {
        address owner;
        uint32 termsId;
        uint24 appId;
        bool deleted;
        bool disputed;
        bool redirected;
        address payee;
        // Parts per million.
        uint24 protocolFee;
        uint24 appFee;
        uint24 ofDirect;
        uint24 ofInflow;
        uint24 shares;
        EdgeBook[] edges;
        IIPRegistry.Contributor[] contributors;
    }

    struct Sums {
        uint128 direct;
        uint128 inflow;
    }

    struct Account {
        uint128 collected;
        uint128 withdrawn;
    }

    struct Totals {
        uint256 direct;
        uint256 withdrawn;
        /// What the graph holds and no ledger knows: forced coin, donated tokens.
        uint256 forced;
    }

    struct Cell {
        uint8 token;
        uint40 id;
    }

    /// @dev What the books say of one work and one token; `direct` and `inflow` are of all tokens.
    struct WorkView {
        WorkBook book;
        uint256[TOKENS] direct;
        uint256[TOKENS] inflow;
        /// By edge, then the protocol's fee, then the app's.
        uint256[] claimed;
        uint256[] withdrawn;
    }

    struct ClaimRecord {
        address caller;
        uint256 before;
        uint256 afterwards;
        uint256 logs;
        uint256 expectedLogs;
        uint256 amount;
        uint256 expectedAmount;
    }

    /// @dev What makes a campaign worth its calls.
    struct Tally {
        uint256 claims;
        uint256 claimsOfNothing;
        uint256 feeClaims;
        uint256 reentriesRefused;
        uint256 reentriesAdmitted;
        uint256 lies;
        uint256 derivatives;
        uint256 inheritedEdges;
        uint256 mostEdges;
        uint256 disputedClaims;
    }

    uint256 internal constant NATIVE = 0;
    uint256 internal constant PIE = 1;
    uint256 internal constant USDT = 2;
    uint256 internal constant HOOK = 3;
    uint256 internal constant HOSTILE = 4;

    uint256 internal constant EOAS = 5;
    uint256 internal constant ACTORS = 7;
    uint256 internal constant APPS = 3;
    uint256 internal constant MAX_WORKS = 40;

    uint256 internal constant PROTOCOL_COUNTER = 16;
    uint256 internal constant APP_COUNTER = 17;
    uint256 internal constant MAX_SUM = type(uint128).max >> 1;

    /// @dev Stands for "fails, whatever the error".
    bytes4 internal constant ANY = 0xfffffffe;

    uint256 private constant FUNDS = 1e24;

    PieUSD public pie;
    MockUSDT public usdt;
    MockHookToken public hook;
    MockHostileERC20 public hostile;

    /// @notice Five EOAs, then two contracts that accept, refuse, burn gas or reenter: creators, owners, contributors,
    /// payers and receivers alike.
    address[ACTORS] public actors;
    /// @notice By the numbers above; the native coin is address 0.
    address[TOKENS] public tokens;
    /// @notice App 0 is the protocol.
    address[APPS + 1] public payees;
    uint256[APPS + 1] public fees;

    WorkBook[] internal _works;
    mapping(uint256 token => mapping(uint256 id => Sums)) internal _sums;
    mapping(uint256 token => mapping(uint256 id => mapping(uint256 counter => uint256))) internal _claimed;
    mapping(uint256 token => mapping(uint256 id => mapping(uint256 share => uint256))) internal _withdrawn;
    mapping(uint256 token => mapping(uint256 appId => Account)) internal _accounts;
    Totals[TOKENS] internal _totals;

    /// @dev Where money is.
    Cell[] private _cells;
    mapping(uint256 token => mapping(uint256 id => bool)) private _isNoted;

    Cell[] internal _watched;
    uint256[] internal _marks;
    ClaimRecord internal _lastClaim;

    mapping(Action => uint256) public calls;
    mapping(Action => uint256) public successes;
    mapping(bytes4 error => uint256) public refusals;
    Tally internal _tally;

    Action internal _action;
    uint256 private _random;

    modifier action(Action action_, uint256 seed) {
        _action = action_;
        _random = seed;
        calls[action_]++;
        delete _watched;
        delete _marks;
        delete _lastClaim;
        _;
    }

    function _deploy() internal {
        _works.push(); // ids count from 1
        payees[0] = address(uint160(uint256(keccak256("treasury"))));
        fees[0] = 100;
        _deployIP(payees[0], fees[0]);
        usdt = new MockUSDT(6);
        pie = new PieUSD(address(manager), address(usdt));
        hook = new MockHookToken();
        hostile = new MockHostileERC20();
        tokens = [address(0), address(pie), address(usdt), address(hook), address(hostile)];
        for (uint256 i = 0; i < ACTORS; ++i) {
            actors[i] = i < EOAS ? vm.addr(uint256(keccak256(abi.encode("actor", i)))) : address(new MockPayout());
            _fund(actors[i]);
        }
        for (uint256 i = EOAS; i < ACTORS; ++i) {
            vm.prank(actors[i]);
            hook.setHooks(IERC777Sender(actors[i]), IERC777Recipient(actors[i]));
        }
        for (uint256 i = 1; i <= APPS; ++i) {
            fees[i] = [uint256(0), 137, 500][i - 1];
            payees[i] = actors[i + 2]; // the last of them a contract
            apps.registerApp(payees[i], fees[i]);
        }
    }

    function _fund(address account) private {
        vm.deal(account, 1e30);
        usdt.issue(2 * FUNDS);
        usdt.transfer(account, 2 * FUNDS);
        hook.mint(account, FUNDS);
        hostile.mint(account, 1e30);
        vm.startPrank(account);
        usdt.approve(address(pie), FUNDS);
        pie.deposit(FUNDS, FUNDS);
        usdt.approve(address(graph), type(uint256).max);
        pie.approve(address(graph), type(uint256).max);
        hook.approve(address(graph), type(uint256).max);
        hostile.approve(address(graph), type(uint256).max);
        vm.stopPrank();
    }

    // Calls

    /// @dev Makes the call and holds its outcome to `fault`.
    function _send(
        address caller,
        address target,
        uint256 value,
        bytes memory data,
        bytes4 fault
    ) internal returns (bool success, bytes memory result) {
        bytes4 outcome;
        (outcome, result) = _attempt(caller, target, value, data);
        success = outcome == 0;
        if (outcome != fault && (fault != ANY || success)) assertEq(outcome, fault, _breach(fault));
        if (success) successes[_action]++;
        else refusals[outcome]++;
    }

    function _sendGraph(
        address caller,
        uint256 value,
        bytes memory data,
        bytes4 fault
    ) internal returns (bool success, uint256 amount) {
        bytes memory result;
        (success, result) = _send(caller, address(graph), value, data, fault);
        if (success && result.length != 0) amount = abi.decode(result, (uint256));
    }

    /// @dev What it would break, had the call not ended so.
    function _breach(bytes4 fault) private view returns (string memory) {
        bool claims = uint256(_action) >= uint256(Action.Claim) && uint256(_action) <= uint256(Action.ClaimFees);
        if (fault == 0 && claims) return "I11, I13: a claim reverted";
        if (fault == 0) return "failed, where the books say it succeeds";
        if (fault == IRoyaltyGraph.WorkDisputed.selector) return "I13: a disputed work's money moved";
        return "ended otherwise than the books say";
    }

    // Books

    function _exists(uint256 id) internal view returns (bool) {
        return id != 0 && id < _works.length;
    }

    /// @dev One share that the books and the contracts both cut: floor(sum * rate / D). Amounts here fit a word.
    function _part(uint256 sum, uint256 rate) internal pure returns (uint256) {
        return (sum * rate) / D;
    }

    function _edgeEntitlement(uint256 token, uint256 id, uint256 index) internal view returns (uint256) {
        EdgeBook memory e = _works[id].edges[index];
        Sums memory s = _sums[token][id];
        return _part(e.absolute ? s.direct : uint256(s.direct) + s.inflow, e.rate);
    }

    function _shareEntitlement(uint256 token, uint256 id, uint256 share) internal view returns (uint256) {
        WorkBook storage work = _works[id];
        Sums memory s = _sums[token][id];
        uint256 whole = _part(s.direct, D - work.ofDirect - work.protocolFee - work.appFee);
        whole += _part(s.inflow, D - work.ofInflow);
        return _part(whole, share == 0 ? D - work.shares : work.contributors[share - 1].share);
    }

    function _bookPayment(uint256 token, uint256 id, uint256 amount) internal {
        _sums[token][id].direct += uint128(amount);
        _totals[token].direct += amount;
        _note(token, id);
    }

    /// @dev What a claim collects; nothing where there is no such edge.
    function _bookClaim(uint256 token, uint256 child, uint256 index) internal returns (uint256 amount) {
        if (!_exists(child) || index >= _works[child].edges.length) return 0;
        amount = _edgeEntitlement(token, child, index) - _claimed[token][child][index];
        if (amount == 0) ++_tally.claimsOfNothing;
        if (amount == 0) return 0;
        ++_tally.claims;
        if (_works[child].disputed) ++_tally.disputedClaims;
        uint256 parent = _works[child].edges[index].parent;
        _claimed[token][child][index] += amount;
        _sums[token][parent].inflow += uint128(amount);
        _note(token, parent);
    }

    function _bookFee(uint256 token, uint256 id, uint256 counter) internal returns (uint256 amount) {
        if (!_exists(id)) return 0;
        WorkBook storage work = _works[id];
        bool ofApp = counter == APP_COUNTER;
        amount = _part(_sums[token][id].direct, ofApp ? work.appFee : work.protocolFee) - _claimed[token][id][counter];
        if (amount == 0) return 0;
        ++_tally.feeClaims;
        _claimed[token][id][counter] += amount;
        _accounts[token][ofApp ? work.appId : 0].collected += uint128(amount);
    }

    function _bookWithdrawal(uint256 token, uint256 id, uint256 share) internal returns (uint256 amount) {
        amount = _shareEntitlement(token, id, share) - _withdrawn[token][id][share];
        _withdrawn[token][id][share] += amount;
        _totals[token].withdrawn += amount;
    }

    function _note(uint256 token, uint256 id) private {
        if (_isNoted[token][id]) return;
        _isNoted[token][id] = true;
        _cells.push(Cell(uint8(token), uint40(id)));
    }

    /// @dev Who withdraws a share; the index exists.
    function _payeeOf(uint256 id, uint256 share) internal view returns (address) {
        WorkBook storage work = _works[id];
        if (work.redirected) return work.payee;
        return share == 0 ? work.owner : work.contributors[share - 1].account;
    }

    function _usdtFee(uint256 amount) internal view returns (uint256 fee) {
        fee = (amount * usdt.basisPointsRate()) / 10_000;
        if (fee > usdt.maximumFee()) fee = usdt.maximumFee();
    }

    function _balanceOf(uint256 token, address account) internal view returns (uint256) {
        return token == NATIVE ? account.balance : IERC20(tokens[token]).balanceOf(account);
    }

    /// @dev All that an account has, in one number.
    function _wealth(address account) internal view returns (uint256 sum) {
        for (uint256 token = 0; token < TOKENS; ++token) sum += _balanceOf(token, account);
    }

    /// @dev The invariants look at these after the call. What the first was entitled to before is noted, for I4.
    function _watch(uint256 token, uint256 id) internal {
        if (!_exists(id)) return;
        if (_watched.length == 0) _mark(token, id);
        _watched.push(Cell(uint8(token), uint40(id)));
    }

    /// @dev Read from the graph: edges, then shares.
    function _mark(uint256 token, uint256 id) private {
        address currency = tokens[token];
        uint256 length = _works[id].edges.length;
        for (uint256 i = 0; i < length; ++i) {
            _marks.push(graph.claimedOf(id, i, currency) + graph.claimable(id, i, currency));
        }
        length = _works[id].contributors.length;
        for (uint256 i = 0; i <= length; ++i) {
            _marks.push(graph.withdrawnOf(id, i, currency) + graph.withdrawable(id, i, currency));
        }
    }

    // Draws

    function _draw(uint256 n) internal returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % n;
    }

    function _chance(uint256 n) internal returns (bool) {
        return _draw(n) == 0;
    }

    function _drawActor() internal returns (address) {
        return actors[_draw(ACTORS)];
    }

    function _drawEOA() internal returns (address) {
        return actors[_draw(EOAS)];
    }

    function _drawWork() internal returns (uint256) {
        return 1 + _draw(_works.length - 1);
    }

    /// @dev Mostly a work; late ones more often, as they have the most ancestors.
    function _drawPaid() internal returns (uint256) {
        if (_chance(30)) return _drawUnknown();
        uint256 a = _drawWork();
        uint256 b = _drawWork();
        return a > b ? a : b;
    }

    function _drawUnknown() internal returns (uint256) {
        uint256 kind = _draw(4);
        if (kind == 0) return 0;
        if (kind == 1) return type(uint256).max;
        return kind == 2 ? _works.length : 1 << 40;
    }

    /// @dev Mostly where money is, and there mostly where it came last.
    function _drawCell() internal returns (uint256 token, uint256 id) {
        uint256 length = _cells.length;
        if (length == 0 || _chance(8)) return (_draw(TOKENS), _drawWork());
        uint256 place = _chance(2) || length < 8 ? _draw(length) : length - 1 - _draw(8);
        return (_cells[place].token, _cells[place].id);
    }

    /// @dev From a unit, where floors matter, to a trillion coins.
    function _drawAmount() internal returns (uint256) {
        uint256 kind = _draw(12);
        if (kind == 0) return 0;
        if (kind < 4) return 1 + _draw(20);
        if (kind < 8) return 1 + _draw(1e7);
        return 1 + _draw(1e20);
    }

    /// @dev Small ones at first; `n` is at most a few.
    function _drawSeveral(uint256 n) internal returns (uint256) {
        uint256 a = _draw(n + 1);
        uint256 b = _draw(n + 1);
        return a < b ? a : b;
    }
}
