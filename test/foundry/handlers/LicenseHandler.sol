// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IIPRegistry} from "../../../contracts/ip/interfaces/IIPRegistry.sol";
import {ILicenseMarket} from "../../../contracts/ip/interfaces/ILicenseMarket.sol";
import {ILicenseTerms, LicenseKind, Use} from "../../../contracts/ip/interfaces/ILicenseTerms.sol";
import {IRoyaltyPayer} from "../../../contracts/ip/interfaces/IRoyaltyPayer.sol";
import {MockUSDT} from "../../../contracts/mocks/tokens/MockUSDT.sol";
import {PieUSD} from "../../../contracts/payments/PieUSD.sol";
import {IPFixture} from "../helpers/IPFixture.sol";

/// @title LicenseHandler
/// @notice Everything that can be done to the licence market by owners, buyers, licensees, relayers and roles, one action
/// a call.
/// @dev Each action has one argument, from which it draws all its choices. Before a call the handler works out from its
/// own books how the call must end, and reverts where it ends otherwise (`fail_on_revert` makes the campaign fail).
contract LicenseHandler is IPFixture {
    uint256 public constant ACTORS = 4;
    uint256 public constant WORKS = 3;
    uint256 public constant USES = 4;
    uint256 public constant TOKENS = 3;

    enum Action {
        SetOffer,
        Buy,
        BuyWithAuthorization,
        BuyBatch,
        Consume,
        ConsumeWithSignature,
        SwitchWork,
        SwitchToken,
        SetUsdtFee,
        Usurp,
        Warp
    }

    struct Book {
        /// The last is the current one, whether it runs or not.
        ILicenseMarket.Interval[] intervals;
        ILicenseMarket.Meter meter;
        /// Times in which units were left, until none was; before the meter's own.
        ILicenseMarket.Interval[] meterIntervals;
    }

    struct Key {
        uint8 work;
        uint8 use;
        uint8 licensee;
    }

    /// @dev What the market said of a moment when it was past already.
    struct Sample {
        Key key;
        uint40 timestamp;
        bool licensed;
    }

    struct Report {
        uint256[TOKENS] revenue;
        uint256[TOKENS] spent;
        Key[] touched;
        Sample[] samples;
    }

    bytes4 private constant ANY = 0xfffffffe;
    uint256 private constant FOREVER = type(uint40).max;
    uint256 private constant FUNDS = 1e30;
    uint256 private constant USDT = 2;
    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CONSUMPTION_TYPEHASH = keccak256(
        "Consumption(address licensee,uint256 ipId,uint8 use,uint64 total,uint256 deadline)"
    );
    bytes32 private constant PURCHASE_TYPEHASH = keccak256(
        "Purchase(address buyer,uint256 ipId,uint8 use,uint32 termsId,uint64 quantity,address licensee,bytes32 salt)"
    );

    PieUSD public pie;
    MockUSDT public usdt;
    address[ACTORS] public actors;
    /// @notice Native coin, pieUSD, USDT.
    address[TOKENS] public tokens;
    address public creator;

    ILicenseTerms.Terms[] private _terms;
    mapping(uint256 work => mapping(uint256 use => uint32)) private _offers;
    mapping(uint256 work => mapping(uint256 use => mapping(uint256 licensee => Book))) private _books;
    uint256[TOKENS] private _revenue;
    /// @dev Measured on the buyers' balances.
    uint256[TOKENS] private _spent;
    bool[WORKS + 1] private _disputed;
    bool private _usdtListed = true;

    Key[] private _touched;
    Sample[] private _samples;

    mapping(Action => uint256) public calls;
    mapping(Action => uint256) public successes;
    mapping(bytes4 error => uint256) public refusals;

    Action private _action;
    uint256 private _random;
    uint256 private _fresh;

    modifier action(Action action_, uint256 seed) {
        _action = action_;
        _random = seed;
        calls[action_]++;
        delete _touched;
        _;
    }

    constructor() {
        _deployIP(address(1), 100);
        usdt = new MockUSDT(6);
        pie = new PieUSD(address(manager), address(usdt));
        tokens = [address(0), address(pie), address(usdt)];
        address[] memory listed = new address[](2);
        (listed[0], listed[1]) = (address(pie), address(usdt));
        _deployMarket(listed);
        creator = vm.addr(uint256(keccak256("creator")));
        for (uint256 i = 0; i < WORKS; ++i) {
            vm.prank(creator);
            registry.register(_registration(creator, 0));
        }
        for (uint256 i = 0; i < ACTORS; ++i) _fund(i);
        _makeTerms();
        for (uint256 i = 0; i < WORKS * USES; ++i) _plant(uint256(keccak256(abi.encode("plant", i))));
    }

    function _plant(uint256 seed) private action(Action.SetOffer, seed) {
        _setOffer();
    }

    function _fund(uint256 i) private {
        actors[i] = vm.addr(_keyOf(i));
        vm.deal(actors[i], FUNDS);
        usdt.issue(2 * FUNDS);
        usdt.transfer(actors[i], 2 * FUNDS);
        vm.startPrank(actors[i]);
        usdt.approve(address(pie), FUNDS);
        pie.deposit(1e24, 1e24);
        pie.approve(address(market), type(uint256).max);
        usdt.approve(address(market), type(uint256).max);
        vm.stopPrank();
    }

    /// @dev For each use: by time in each token, two of them alike but for the duration; free; for good; by the unit.
    function _makeTerms() private {
        _terms.push();
        for (uint256 use = 0; use < USES; ++use) {
            _addTerms(LicenseKind.Duration, use, 0, 1e9, 30 days);
            _addTerms(LicenseKind.Duration, use, 0, 1e9, 1 days);
            _addTerms(LicenseKind.Duration, use, 1, 999_999, 7 days);
            _addTerms(LicenseKind.Duration, use, 2, 1e6, 1);
            _addTerms(LicenseKind.Duration, use, 0, 0, 3 days);
            _addTerms(LicenseKind.SinglePayment, use, 1, 5e6, 0);
            _addTerms(LicenseKind.Metered, use, 1, 7, 0);
            _addTerms(LicenseKind.Metered, use, 0, 3, 0);
        }
    }

    function _addTerms(LicenseKind kind, uint256 use, uint256 token, uint128 price, uint40 duration) private {
        ILicenseTerms.Terms memory t;
        (t.kind, t.use, t.paymentToken, t.price, t.duration) = (kind, Use(use), tokens[token], price, duration);
        terms.create(t);
        _terms.push(t);
    }

    function setOffer(uint256 seed) external action(Action.SetOffer, seed) {
        _setOffer();
    }

    function _setOffer() private {
        uint256 id = 1 + _draw(WORKS);
        uint256 use = _draw(USES);
        uint32 termsId = _chance(12) ? 0 : uint32(1 + use * 8 + _draw(8));
        address caller = creator;
        bytes4 fault;
        if (_chance(12)) (caller, fault) = (_drawActor(), ILicenseMarket.NotOwner.selector);
        else if (_chance(12))
            (termsId, fault) = (uint32(1 + ((use + 1) % USES) * 8), ILicenseMarket.InvalidOffer.selector);
        else if (termsId != 0 && !_isListed(termsId)) fault = ILicenseMarket.UnsupportedToken.selector;
        if (caller == creator && termsId != 0 && _disputed[id]) fault = ILicenseMarket.WorkNotActive.selector;
        bytes memory data = abi.encodeCall(ILicenseMarket.setOffer, (id, Use(use), termsId));
        if (_send(caller, 0, data, fault)) _offers[id][use] = termsId;
    }

    /// @dev For oneself, or as a gift.
    function buy(uint256 seed) external action(Action.Buy, seed) {
        uint256 buyer = _draw(ACTORS);
        ILicenseMarket.Purchase memory p = _drawPurchase(buyer);
        bytes4 fault = _checkFault(p);
        (uint256 token, uint256 price) = _priceOf(p);
        uint256 value = token == 0 ? price : 0;
        if (_chance(12)) value = _chance(2) || value == 0 ? value + 1 : value - 1;
        if (fault == 0 && token == 0 && value < price) fault = ILicenseMarket.WrongValue.selector;
        if (fault == 0) fault = _recordFault(p, actors[buyer]);
        if (fault == 0) fault = _paymentFault(token, price);
        if (fault == 0 && value != (token == 0 ? price : 0)) fault = ILicenseMarket.WrongValue.selector;
        uint256[TOKENS] memory before = _wealth(actors[buyer]);
        _touch(p);
        if (!_send(actors[buyer], value, abi.encodeCall(ILicenseMarket.buy, (p)), fault)) return;
        _book(p, token, price);
        _measure(actors[buyer], before);
    }

    function buyWithAuthorization(uint256 seed) external action(Action.BuyWithAuthorization, seed) {
        uint256 buyer = _draw(ACTORS);
        ILicenseMarket.Purchase memory p = _drawPurchase(buyer);
        for (uint256 i = 0; i < 6 && _terms[p.termsId].paymentToken != address(pie); ++i) p = _drawPurchase(buyer);
        bytes4 fault = _checkFault(p);
        if (fault == 0) fault = _recordFault(p, actors[buyer]);
        (uint256 token, uint256 price) = _priceOf(p);
        if (fault == 0 && (token == 0 || price == 0)) fault = ILicenseMarket.NotPayableBySignature.selector;
        else if (fault == 0 && token == USDT) fault = ANY; // signs nothing
        bytes32 salt = bytes32(++_fresh);
        bytes32 nonce = _nonceOf(p, actors[buyer], salt);
        // The signature is for this purchase alone: for no other work, terms, quantity, licensee.
        if (_chance(8)) {
            nonce = keccak256(abi.encode(nonce));
            if (fault == 0) fault = ANY;
        }
        uint256[TOKENS] memory before = _wealth(actors[buyer]);
        bytes memory signature = _authorize(buyer, price, nonce);
        _touch(p);
        bytes memory data = abi.encodeCall(
            ILicenseMarket.buyWithAuthorization,
            (p, actors[buyer], 0, type(uint256).max, salt, signature)
        );
        if (!_send(_drawActor(), 0, data, fault)) return;
        _book(p, token, price);
        _measure(actors[buyer], before);
    }

    /// @dev Up to five, with one coin for all. A tolerant batch skips and gives back, another one is exact or fails.
    function buyBatch(uint256 seed) external action(Action.BuyBatch, seed) {
        uint256 buyer = _draw(ACTORS);
        ILicenseMarket.Purchase[] memory list = new ILicenseMarket.Purchase[](1 + _draw(5));
        for (uint256 i = 0; i < list.length; ++i) list[i] = _drawPurchase(buyer);
        bool tolerant = _chance(2);
        uint256 value = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            (uint256 token, uint256 price) = _priceOf(list[i]);
            if (token == 0) value += price;
            _touch(list[i]);
        }
        if (tolerant && _chance(2)) value = _draw(value + 1);
        uint256[TOKENS] memory before = _wealth(actors[buyer]);
        bytes memory data = abi.encodeCall(ILicenseMarket.buyBatch, (list, tolerant));
        (bytes4 outcome, bytes memory result) = _attempt(actors[buyer], address(market), value, data);
        // Booked in their order: a purchase depends on those before it in the same batch.
        if (outcome != 0) {
            refusals[outcome]++;
            assertTrue(!tolerant, "a tolerant batch reverted");
            return;
        }
        successes[_action]++;
        bool[] memory bought = abi.decode(result, (bool[]));
        for (uint256 i = 0; i < list.length; ++i) {
            (uint256 token, uint256 price) = _priceOf(list[i]);
            bytes4 fault = _checkFault(list[i]);
            if (fault == 0 && token == 0 && price > value) fault = ILicenseMarket.WrongValue.selector;
            if (fault == 0) fault = _recordFault(list[i], actors[buyer]);
            if (fault == 0) fault = _paymentFault(token, price);
            assertEq(bought[i], fault == 0, "an element of a batch ended otherwise than the books say");
            if (!bought[i]) continue;
            if (token == 0) value -= price;
            _book(list[i], token, price);
        }
        assertTrue(tolerant || value == 0, "an exact batch took what it did not need");
        _measure(actors[buyer], before);
    }

    function consume(uint256 seed) external action(Action.Consume, seed) {
        Key memory k = _drawMeter();
        (uint64 total, bytes4 fault) = _drawTotal(k);
        bytes memory data = abi.encodeCall(ILicenseMarket.consume, (k.work, Use(k.use), total));
        if (_send(actors[k.licensee], 0, data, fault)) _bookUse(k, total);
    }

    function consumeWithSignature(uint256 seed) external action(Action.ConsumeWithSignature, seed) {
        Key memory k = _drawMeter();
        (uint64 total, bytes4 fault) = _drawTotal(k);
        uint256 deadline = block.timestamp + _draw(2);
        uint256 signer = k.licensee;
        if (_chance(10)) {
            (signer, fault) = ((signer + 1) % ACTORS, ILicenseMarket.InvalidSignature.selector);
        } else if (_chance(10)) {
            (deadline, fault) = (block.timestamp - 1, ILicenseMarket.SignatureExpired.selector);
        }
        bytes memory signature = _signUse(signer, k, total, deadline);
        bytes memory data = abi.encodeCall(
            ILicenseMarket.consumeWithSignature,
            (actors[k.licensee], k.work, Use(k.use), total, deadline, signature)
        );
        if (_send(_drawActor(), 0, data, fault)) _bookUse(k, total);
    }

    /// @dev A disputed work sells nothing, and takes nobody's licence.
    function switchWork(uint256 seed) external action(Action.SwitchWork, seed) {
        uint256 id = 1 + _draw(WORKS);
        bool disputed = _chance(4);
        if (disputed == _disputed[id]) return;
        vm.prank(admin);
        if (disputed) registry.freeze(id);
        else registry.unfreeze(id);
        _disputed[id] = disputed;
        successes[_action]++;
    }

    function switchToken(uint256 seed) external action(Action.SwitchToken, seed) {
        _usdtListed = !_chance(3);
        bytes memory data = abi.encodeCall(ILicenseMarket.setPaymentToken, (address(usdt), _usdtListed));
        _send(admin, 0, data, 0);
    }

    function setUsdtFee(uint256 seed) external action(Action.SetUsdtFee, seed) {
        if (_chance(2)) usdt.setParams(0, 0);
        else usdt.setParams(_draw(20), _draw(50));
        successes[_action]++;
    }

    /// @dev Powers without the role, and functions that are another contract's; the refusal is the success. Nobody may make
    /// the market spend what buyers allow it.
    function usurp(uint256 seed) external action(Action.Usurp, seed) {
        uint256 kind = _draw(4);
        bytes memory data;
        bytes4 fault;
        if (kind == 0) {
            fault = IAccessManaged.AccessManagedUnauthorized.selector;
            data = abi.encodeCall(ILicenseMarket.setPaymentToken, (address(pie), false));
        } else if (kind == 1) {
            fault = ILicenseMarket.OnlySelf.selector;
            data = abi.encodeCall(ILicenseMarket.buyItem, (_drawActor(), _drawPurchase(0), 0));
        } else {
            fault = ILicenseMarket.UnexpectedCallback.selector;
            bytes memory payment = abi.encode(_drawActor(), false, 0, 0, bytes32(0), "");
            data = abi.encodeCall(IRoyaltyPayer.onRoyaltyDue, (address(pie), 1e6, payment));
        }
        // The graph too, outside of a purchase.
        _send(kind == 3 ? address(graph) : _drawActor(), 0, data, fault);
        successes[_action]++;
    }

    /// @dev Time passes, mostly little; then moments that are past now are noted, as the market tells them.
    function warp(uint256 seed) external action(Action.Warp, seed) {
        uint256 from = vm.getBlockTimestamp(); // not the opcode, which the optimizer may read again after the warp
        uint256 kind = _draw(4);
        vm.warp(
            from +
                1 +
                _draw(
                    kind == 0
                        ? 40 days
                        : kind == 1
                            ? 2 days
                            : 3
                )
        );
        for (uint256 i = 0; i < 2; ++i) {
            Key memory k = Key(uint8(1 + _draw(WORKS)), uint8(_draw(USES)), uint8(_draw(ACTORS)));
            uint40 moment = uint40(_chance(2) ? from : block.timestamp - 1 - _draw(20 days));
            bool licensed = market.wasLicensedAt(actors[k.licensee], k.work, Use(k.use), moment);
            assertEq(licensed, licensedAt(k, moment), "wasLicensedAt()");
            _samples.push(Sample(k, moment, licensed));
        }
        successes[_action]++;
    }

    // Reports

    function report() external view returns (Report memory r) {
        (r.revenue, r.spent, r.touched) = (_revenue, _spent, _touched);
        // The latest, and as many that wander through the older ones.
        uint256 length = _samples.length;
        r.samples = new Sample[](length < 6 ? length : 6);
        for (uint256 i = 0; i < r.samples.length; ++i) {
            r.samples[i] = _samples[i % 2 == 0 ? length - 1 - i / 2 : (length * 31 + _random + i * 17) % length];
        }
    }

    function samples() external view returns (Sample[] memory) {
        return _samples;
    }

    function bookOf(Key calldata k) external view returns (Book memory) {
        return _books[k.work][k.use][k.licensee];
    }

    /// @notice By every interval that ever was, one after the other, and by the meter: of the use, or of its commercial
    /// sister.
    function licensedAt(Key memory k, uint256 moment) public view returns (bool) {
        if (_wasLicensed(k, moment)) return true;
        return k.use % 2 == 0 && _wasLicensed(Key(k.work, k.use + 1, k.licensee), moment);
    }

    function _wasLicensed(Key memory k, uint256 moment) private view returns (bool) {
        Book storage b = _books[k.work][k.use][k.licensee];
        for (uint256 i = 0; i < b.intervals.length; ++i) {
            if (b.intervals[i].start <= moment && moment < b.intervals[i].expiry) return true;
        }
        for (uint256 i = 0; i < b.meterIntervals.length; ++i) {
            if (b.meterIntervals[i].start <= moment && moment < b.meterIntervals[i].expiry) return true;
        }
        if (b.meter.start == 0 || moment < b.meter.start) return false;
        return b.meter.consumed < b.meter.purchased || moment <= b.meter.lastUse;
    }

    // Books

    /// @dev What is wrong with a purchase whoever buys it.
    function _checkFault(ILicenseMarket.Purchase memory p) private view returns (bytes4) {
        if (p.licensee == address(0)) return ILicenseMarket.InvalidLicensee.selector;
        uint32 offered = p.ipId > WORKS ? 0 : _offers[p.ipId][uint256(p.use)];
        if (offered == 0) return ILicenseMarket.NoOffer.selector;
        if (offered != p.termsId) return ILicenseMarket.UnexpectedTerms.selector;
        if (_disputed[p.ipId]) return ILicenseMarket.WorkNotActive.selector;
        if (!_isListed(p.termsId)) return ILicenseMarket.UnsupportedToken.selector;
        if (p.quantity == 0) return ILicenseMarket.InvalidQuantity.selector;
        bool single = _terms[p.termsId].kind == LicenseKind.SinglePayment;
        return single && p.quantity != 1 ? ILicenseMarket.InvalidQuantity.selector : bytes4(0);
    }

    /// @dev What is wrong with it by the licensee's record.
    function _recordFault(ILicenseMarket.Purchase memory p, address buyer) private view returns (bytes4) {
        ILicenseTerms.Terms memory t = _terms[p.termsId];
        Book storage b = _bookOf(p);
        if (t.kind == LicenseKind.Metered) {
            if (uint256(b.meter.purchased) + p.quantity > type(uint64).max) {
                return ILicenseMarket.InvalidQuantity.selector;
            }
            bool left = b.meter.consumed < b.meter.purchased;
            bool changes = left && b.meter.termsId != p.termsId && buyer != p.licensee;
            return changes ? ILicenseMarket.OtherTermsRunning.selector : bytes4(0);
        }
        (bool runs, ILicenseMarket.Interval memory last) = _running(b);
        if (runs && last.expiry == FOREVER) return ILicenseMarket.AlreadyLicensed.selector;
        if (runs && last.termsId != p.termsId && buyer != p.licensee) return ILicenseMarket.OtherTermsRunning.selector;
        if (t.kind == LicenseKind.SinglePayment) return 0;
        uint256 expiry = (runs ? last.expiry : block.timestamp) + uint256(t.duration) * p.quantity;
        return expiry < FOREVER ? bytes4(0) : ILicenseMarket.InvalidQuantity.selector;
    }

    /// @dev Buyers have enough; a token that charges leaves the work short.
    function _paymentFault(uint256 token, uint256 price) private view returns (bytes4) {
        if (token != USDT || price == 0) return 0;
        uint256 fee = (price * usdt.basisPointsRate()) / 10_000;
        if (fee > usdt.maximumFee()) fee = usdt.maximumFee();
        return fee == 0 ? bytes4(0) : ILicenseMarket.IncompletePayment.selector;
    }

    function _book(ILicenseMarket.Purchase memory p, uint256 token, uint256 price) private {
        _revenue[token] += price;
        ILicenseTerms.Terms memory t = _terms[p.termsId];
        Book storage b = _bookOf(p);
        if (t.kind == LicenseKind.Metered) {
            if (b.meter.consumed == b.meter.purchased) {
                if (b.meter.start != 0) {
                    b.meterIntervals.push(ILicenseMarket.Interval(b.meter.start, b.meter.lastUse + 1, b.meter.termsId));
                }
                b.meter.start = uint40(block.timestamp);
            }
            b.meter.purchased += p.quantity;
            b.meter.termsId = p.termsId;
            return;
        }
        (bool runs, ILicenseMarket.Interval memory last) = _running(b);
        uint256 expiry = FOREVER;
        if (t.kind == LicenseKind.Duration) {
            expiry = (runs ? last.expiry : block.timestamp) + uint256(t.duration) * p.quantity;
        }
        if (runs && last.termsId == p.termsId) {
            b.intervals[b.intervals.length - 1].expiry = uint40(expiry);
            return;
        }
        // The time that was left is in the new one.
        if (runs) b.intervals[b.intervals.length - 1].expiry = uint40(block.timestamp);
        if (runs && last.start == block.timestamp) b.intervals.pop();
        b.intervals.push(ILicenseMarket.Interval(uint40(block.timestamp), uint40(expiry), p.termsId));
    }

    function _bookUse(Key memory k, uint64 total) private {
        ILicenseMarket.Meter storage meter = _books[k.work][k.use][k.licensee].meter;
        (meter.consumed, meter.lastUse) = (total, uint40(block.timestamp));
    }

    function _running(Book storage b) private view returns (bool runs, ILicenseMarket.Interval memory last) {
        if (b.intervals.length == 0) return (false, last);
        last = b.intervals[b.intervals.length - 1];
        runs = last.expiry > block.timestamp;
    }

    function _bookOf(ILicenseMarket.Purchase memory p) private view returns (Book storage) {
        return _books[p.ipId][uint256(p.use)][_indexOf(p.licensee)];
    }

    function _priceOf(ILicenseMarket.Purchase memory p) private view returns (uint256 token, uint256 price) {
        ILicenseTerms.Terms memory t = _terms[p.termsId];
        if (t.paymentToken == address(pie)) token = 1;
        if (t.paymentToken == address(usdt)) token = USDT;
        price = uint256(t.price) * p.quantity;
    }

    function _isListed(uint32 termsId) private view returns (bool) {
        return _usdtListed || _terms[termsId].paymentToken != address(usdt);
    }

    function _wealth(address account) private view returns (uint256[TOKENS] memory list) {
        list = [account.balance, pie.balanceOf(account), usdt.balanceOf(account)];
    }

    function _measure(address buyer, uint256[TOKENS] memory before) private {
        uint256[TOKENS] memory now_ = _wealth(buyer);
        for (uint256 i = 0; i < TOKENS; ++i) _spent[i] += before[i] - now_[i];
    }

    function _touch(ILicenseMarket.Purchase memory p) private {
        if (p.licensee == address(0) || p.ipId > WORKS) return;
        _touched.push(Key(uint8(p.ipId), uint8(p.use), uint8(_indexOf(p.licensee))));
    }

    // Calls

    function _send(address caller, uint256 value, bytes memory data, bytes4 fault) private returns (bool success) {
        (bytes4 outcome, ) = _attempt(caller, address(market), value, data);
        success = outcome == 0;
        if (outcome != fault && (fault != ANY || success))
            assertEq(outcome, fault, "ended otherwise than the books say");
        if (success) successes[_action]++;
        else refusals[outcome]++;
    }

    function _keyOf(uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode("actor", i)));
    }

    function _sign(
        uint256 signer,
        string memory name,
        address verifier,
        bytes32 structHash
    ) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                verifier
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keyOf(signer), digest);
        return abi.encodePacked(r, s, v);
    }

    function _signUse(
        uint256 signer,
        Key memory k,
        uint64 total,
        uint256 deadline
    ) private view returns (bytes memory) {
        address licensee = actors[k.licensee];
        bytes32 structHash = keccak256(abi.encode(CONSUMPTION_TYPEHASH, licensee, k.work, k.use, total, deadline));
        return _sign(signer, "Tessera Licenses", address(market), structHash);
    }

    function _authorize(uint256 buyer, uint256 price, bytes32 nonce) private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(RECEIVE_TYPEHASH, actors[buyer], address(market), price, 0, type(uint256).max, nonce)
        );
        return _sign(buyer, "pieUSD", address(pie), structHash);
    }

    function _nonceOf(ILicenseMarket.Purchase memory p, address buyer, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(PURCHASE_TYPEHASH, buyer, p.ipId, p.use, p.termsId, p.quantity, p.licensee, salt));
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

    function _indexOf(address account) private view returns (uint256) {
        for (uint256 i = 0; i < ACTORS; ++i) if (actors[i] == account) return i;
        return ACTORS;
    }

    /// @dev Mostly what is offered, for oneself; one in eight has something wrong.
    function _drawPurchase(uint256 buyer) private returns (ILicenseMarket.Purchase memory p) {
        p.ipId = 1 + _draw(WORKS);
        uint256 use = _draw(USES);
        p.use = Use(use);
        p.termsId = _offers[p.ipId][use];
        if (p.termsId == 0) p.termsId = uint32(1 + use * 8);
        bool single = _terms[p.termsId].kind == LicenseKind.SinglePayment;
        p.quantity = uint64(single ? 1 : 1 + _draw(_chance(4) ? 50 : 3));
        p.licensee = _chance(3) ? _drawActor() : actors[buyer];
        uint256 wrong = _draw(56);
        if (wrong == 0) p.licensee = address(0);
        if (wrong == 1) p.ipId = WORKS + 1;
        if (wrong == 2) p.termsId = uint32(1 + ((use + 1) % USES) * 8 + _draw(8));
        if (wrong == 3) p.quantity = 0;
        if (wrong == 4) p.quantity = 1 << 35; // too long
        if (wrong == 5) p.quantity = 2;
    }

    /// @dev Where units were bought, if the search meets some.
    function _drawMeter() private returns (Key memory k) {
        for (uint256 i = 0; i < 12; ++i) {
            k = Key(uint8(1 + _draw(WORKS)), uint8(_draw(USES)), uint8(_draw(ACTORS)));
            if (_books[k.work][k.use][k.licensee].meter.purchased != 0) break;
        }
        _touched.push(k);
    }

    function _drawTotal(Key memory k) private returns (uint64 total, bytes4 fault) {
        ILicenseMarket.Meter memory meter = _books[k.work][k.use][k.licensee].meter;
        uint256 kind = _draw(6);
        total = meter.consumed + uint64(_draw(meter.purchased - meter.consumed + 1));
        if (kind == 0) total = meter.purchased;
        if (kind == 1) total = meter.purchased + 1;
        if (kind == 2) total = meter.consumed;
        if (total > meter.purchased) fault = ILicenseMarket.InsufficientUnits.selector;
        else if (total <= meter.consumed) fault = ILicenseMarket.StaleConsumption.selector;
    }

    /// @notice In the order of `Action`.
    function selectors() external pure returns (bytes4[] memory list) {
        list = new bytes4[](uint256(type(Action).max) + 1);
        list[uint256(Action.SetOffer)] = this.setOffer.selector;
        list[uint256(Action.Buy)] = this.buy.selector;
        list[uint256(Action.BuyWithAuthorization)] = this.buyWithAuthorization.selector;
        list[uint256(Action.BuyBatch)] = this.buyBatch.selector;
        list[uint256(Action.Consume)] = this.consume.selector;
        list[uint256(Action.ConsumeWithSignature)] = this.consumeWithSignature.selector;
        list[uint256(Action.SwitchWork)] = this.switchWork.selector;
        list[uint256(Action.SwitchToken)] = this.switchToken.selector;
        list[uint256(Action.SetUsdtFee)] = this.setUsdtFee.selector;
        list[uint256(Action.Usurp)] = this.usurp.selector;
        list[uint256(Action.Warp)] = this.warp.selector;
    }

    /// @notice In the order of `Action`.
    function names() external pure returns (string[11] memory) {
        return
            [
                "setOffer",
                "buy",
                "buyWithAuthorization",
                "buyBatch",
                "consume",
                "consumeWithSignature",
                "switchWork",
                "switchToken",
                "setUsdtFee",
                "usurp",
                "warp"
            ];
    }
}
