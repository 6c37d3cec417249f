// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";

import {HostileWallet} from "../../contracts/mocks/wallets/HostileWallet.sol";
import {IERC3009} from "../../contracts/payments/interfaces/IERC3009.sol";
import {IPieUSD} from "../../contracts/payments/interfaces/IPieUSD.sol";
import {PieUSDFixture} from "./helpers/PieUSDFixture.sol";

/// @title PieUSD, one call or one short sequence at a time
contract PieUSDFuzzTest is Test, PieUSDFixture {
    uint256 private constant FUNDS = 1e30;
    uint256 private constant MAX_ELEMENTS = 8;
    uint256 private constant HOME_CHAIN = 31_337;

    /// @dev What a batch, or the same elements sent singly, leaves behind.
    struct Result {
        uint256 settled;
        bytes4[MAX_ELEMENTS] reasons;
        bytes32 state;
    }

    function setUp() public {
        _deploy(6, FUNDS);
    }

    function testFuzz_transferMovesValueAndNothingElse(uint256 from, uint256 to, uint256 held, uint256 value) public {
        (from, to) = (from % ACTORS, to % ACTORS);
        held = bound(held, 0, FUNDS);
        for (uint256 i = 0; i < ACTORS; ++i) _fund(actors[i], i == from ? held : 1e6);
        value = bound(value, 0, held);
        uint256[ACTORS] memory expected = _balances();
        expected[from] -= value;
        expected[to] += value; // from == to: as before
        uint256 supply = pie.totalSupply();

        vm.prank(actors[from]);
        assertTrue(pie.transfer(actors[to], value));

        assertEq(keccak256(abi.encode(_balances())), keccak256(abi.encode(expected)), "balances");
        assertEq(pie.totalSupply(), supply, "supply");
    }

    function testFuzz_transferAboveTheBalanceMovesNothing(
        uint256 from,
        uint256 to,
        uint256 held,
        uint256 value
    ) public {
        (from, to) = (from % ACTORS, to % ACTORS);
        held = bound(held, 0, FUNDS);
        _fund(actors[from], held);
        value = bound(value, held + 1, type(uint256).max);
        bytes32 state = _state();
        (bytes4 outcome, ) = _attempt(actors[from], abi.encodeCall(pie.transfer, (actors[to], value)));
        assertEq(outcome, IERC20Errors.ERC20InsufficientBalance.selector, "outcome");
        assertEq(_state(), state, "state");
    }

    function testFuzz_depositMintsWhatArrives(
        uint256 amount,
        uint256 basisPoints,
        uint256 maximumFee,
        bool eighteen,
        uint256 minOut
    ) public {
        _deploy(eighteen ? 18 : 6, FUNDS);
        usdt.setParams(bound(basisPoints, 0, 19), bound(maximumFee, 0, 49));
        amount = bound(amount, 1, FUNDS - 1e6);
        uint256 minted = amount - _usdtFee(amount);
        minOut = bound(minOut, 0, minted);

        vm.prank(actors[0]);
        assertEq(pie.depositFor(actors[1], amount, minOut), minted, "minted");

        assertEq(pie.balanceOf(actors[1]), minted, "balance");
        assertEq(pie.totalSupply(), minted, "supply");
        assertEq(usdt.balanceOf(address(pie)), minted, "backing");
        (bytes4 outcome, ) = _attempt(actors[0], abi.encodeCall(pie.deposit, (1e6, 1e6 - _usdtFee(1e6) + 1)));
        assertEq(outcome, IPieUSD.SlippageExceeded.selector, "slippage");
    }

    function testFuzz_redeemPaysParLessTheFee(
        uint256 held,
        uint256 value,
        uint256 basisPoints,
        uint256 maximumFee,
        uint256 donation
    ) public {
        held = bound(held, 1, FUNDS);
        value = bound(value, 1, held);
        _fund(actors[0], held);
        // A surplus is nobody's share.
        donation = bound(donation, 0, FUNDS);
        usdt.issue(donation);
        usdt.transfer(address(pie), donation);
        usdt.setParams(bound(basisPoints, 0, 19), bound(maximumFee, 0, 49));
        uint256 before = usdt.balanceOf(actors[1]);
        uint256 received = value - _usdtFee(value);
        (bytes4 outcome, ) = _attempt(actors[0], abi.encodeCall(pie.redeem, (value, actors[1], received + 1)));
        assertEq(outcome, IPieUSD.SlippageExceeded.selector, "slippage");

        vm.prank(actors[0]);
        assertEq(pie.redeem(value, actors[1], received), received, "answer");

        assertEq(usdt.balanceOf(actors[1]) - before, received, "received");
        assertEq(usdt.balanceOf(address(pie)), held - value + donation, "backing");
        assertEq(pie.totalSupply(), held - value, "supply");
    }

    /// @dev After a loss, holders leave in any order and in parts. Each redemption pays the floor of its share, so the
    /// pool never pays more than it has; a fraction of a base unit stays at each, so whoever comes later gets the
    /// share of the first moment, and at most a base unit more for each redemption before. The last one takes all the rest.
    function testFuzz_proRataDrain(
        uint256[ACTORS] memory held,
        uint256 remaining,
        uint256 order,
        uint256 parts
    ) public {
        for (uint256 i = 0; i < ACTORS; ++i) _fund(actors[i], held[i] = bound(held[i], 1, FUNDS));
        uint256 supply = pie.totalSupply();
        remaining = bound(remaining, 0, supply - 1);
        _lose(supply - remaining);
        vm.prank(admin);
        pie.openProRata();

        uint256 paid = 0;
        uint256 redemptions = 0;
        for (uint256 n = ACTORS; n > 0; --n) {
            // The next of a random permutation.
            uint256 pick = order % n;
            order = uint256(keccak256(abi.encode(order)));
            address holder = actors[pick];
            (actors[pick], actors[n - 1]) = (actors[n - 1], actors[pick]);
            uint256 first = bound(parts = uint256(keccak256(abi.encode(parts))), 0, pie.balanceOf(holder));
            if (first > 0) paid += _redeemShare(holder, first, remaining, supply, redemptions++);
            uint256 rest = pie.balanceOf(holder);
            if (rest > 0) paid += _redeemShare(holder, rest, remaining, supply, redemptions++);
        }

        assertEq(paid, remaining, "a full drain pays all there is");
        assertEq(pie.totalSupply(), 0, "supply");
        vm.prank(admin);
        pie.closeProRata(); // 0 of backing covers 0 of supply
    }

    /// @dev The same, stopped before the last one leaves: what is left beyond the exact shares is less than a base unit a
    /// redemption.
    function testFuzz_proRataDustIsBelowAUnitARedemption(
        uint256[ACTORS] memory held,
        uint256 remaining,
        uint256 leavers
    ) public {
        for (uint256 i = 0; i < ACTORS; ++i) _fund(actors[i], held[i] = bound(held[i], 1, 1e24));
        uint256 supply = pie.totalSupply();
        remaining = bound(remaining, 0, supply - 1);
        leavers = bound(leavers, 1, ACTORS - 1);
        _lose(supply - remaining);
        vm.prank(admin);
        pie.openProRata();
        for (uint256 i = 0; i < leavers; ++i) _redeemShare(actors[i], held[i], remaining, supply, i);
        // backing / supply >= remaining / supply at the start; the difference, in base units, times the first supply.
        uint256 backing = usdt.balanceOf(address(pie));
        assertGe(backing * supply, remaining * pie.totalSupply(), "who stayed lost");
        assertLe(backing * supply - remaining * pie.totalSupply(), leavers * supply, "dust");
    }

    function testFuzz_rescueTakesTheSurplusAtMost(uint256 held, uint256 donation, uint256 loss, uint256 amount) public {
        _fund(actors[0], held = bound(held, 1, FUNDS));
        donation = bound(donation, 0, FUNDS);
        usdt.issue(donation);
        usdt.transfer(address(pie), donation);
        loss = bound(loss, 0, held + donation);
        if (loss > 0) _lose(loss);
        uint256 surplus = donation > loss ? donation - loss : 0;
        amount = bound(amount, 0, FUNDS * 2);
        bytes memory data = abi.encodeCall(pie.rescue, (address(usdt), address(0xBEEF), amount));
        (bytes4 outcome, ) = _attempt(admin, data);
        assertEq(outcome, amount > surplus ? IPieUSD.RescueExceedsSurplus.selector : bytes4(0), "outcome");
        assertEq(usdt.balanceOf(address(0xBEEF)), amount > surplus ? 0 : amount, "rescued");
    }

    /// @dev The two overloads of a function are one function: on the same signature, genuine or spoiled, of any kind of
    /// account, they end the same way and leave the same state.
    function testFuzz_overloadsAgree(
        uint256 from,
        uint256 to,
        uint256 value,
        uint256 spoil,
        uint256 answer,
        uint256 function_
    ) public {
        hostileWallet.setAnswer(HostileWallet.Answer(answer % (uint256(type(HostileWallet.Answer).max) + 1)));
        IPieUSD.TransferAuthorization memory a = _authorization(actors[from % ACTORS], actors[to % ACTORS]);
        _fund(a.from, 1e6);
        a.value = bound(value, 0, 1.1e6);
        uint256 key = _keys[a.from];
        spoil %= 8; // 4 to 7: genuine
        function_ %= 4;
        bytes32 digest;
        if (function_ == 0) digest = _transferDigest(TRANSFER_TYPEHASH, a);
        if (function_ == 1) digest = _transferDigest(RECEIVE_TYPEHASH, a);
        if (function_ == 2) digest = _cancelDigest(a.from, a.nonce);
        if (function_ == 3) digest = _permitDigest(a.from, a.to, a.value, 0, a.validBefore);
        a.signature = spoil < 4 ? _spoil(key, digest, spoil) : _sign(key, digest);
        bool genuine = spoil >= 4;
        _checkOverloads(a, function_, genuine);
    }

    /// @dev Nothing that was not signed passes, whichever function it is tried on. The hostile wallet is left out: it
    /// passes what it likes.
    function testFuzz_garbageNeverPasses(
        uint256 from,
        uint256 value,
        bytes32 nonce,
        bytes memory garbage,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) public {
        IPieUSD.TransferAuthorization memory a = _authorization(actors[from % (ACTORS - 1)], actors[1]);
        _fund(a.from, 1e6);
        (a.value, a.nonce, a.signature) = (bound(value, 0, 1e6), nonce, garbage);
        bytes32 state = _state();

        _checkRefused(a, garbage);
        if (v < 40) v = 27 + (v & 1); // else nearly every try would fail for its v alone
        _checkRefused(a, abi.encodePacked(r, s, v));
        a.signature = abi.encodePacked(r, s, v);
        bytes4 refusal = IERC3009.InvalidSignature.selector;
        _checkOutcome(a.to, _encodeVrs(TRANSFER_VRS, a), refusal);
        _checkOutcome(a.to, _encodeVrs(RECEIVE_VRS, a), refusal);
        _checkOutcome(a.to, abi.encodeWithSignature(CANCEL_VRS, a.from, a.nonce, v, r, s), refusal);
        _checkOutcome(
            a.to,
            abi.encodeWithSignature(PERMIT_VRS, a.from, a.to, a.value, a.validBefore, v, r, s),
            IPieUSD.ERC2612InvalidSigner.selector
        );

        assertEq(_state(), state, "state");
        assertFalse(pie.authorizationState(a.from, a.nonce), "nonce");
    }

    /// @dev A signature is for one chain: after a fork, the other chain's is worth nothing.
    function testFuzz_otherChainsSignatureIsInvalid(uint64 chain) public {
        assertEq(block.chainid, HOME_CHAIN, "forge's chain");
        vm.assume(chain != 0 && chain != HOME_CHAIN);
        IPieUSD.TransferAuthorization memory a = _authorization(actors[0], actors[1]);
        _fund(a.from, 1e6);
        a.signature = _sign(_keys[a.from], _transferDigest(TRANSFER_TYPEHASH, a));
        vm.chainId(chain);
        _checkOutcome(address(this), _encodeBytes(TRANSFER_BYTES, a), IERC3009.InvalidSignature.selector);
        // Not `block.chainid` kept in a variable: the compiler may read it again here, after the chain has changed.
        vm.chainId(HOME_CHAIN);
        _checkOutcome(address(this), _encodeBytes(TRANSFER_BYTES, a), 0);
    }

    /// @dev Value, receiver, window, nonce: a signature is for all of it, so changing any makes it worth nothing.
    function testFuzz_signatureBindsEveryField(uint256 field, uint256 change) public {
        IPieUSD.TransferAuthorization memory a = _authorization(actors[0], actors[1]);
        _fund(a.from, 1e6);
        a.signature = _sign(_keys[a.from], _transferDigest(TRANSFER_TYPEHASH, a));
        field %= 6;
        if (field == 0) a.from = actors[2 + (change % 5)];
        if (field == 1) a.to = actors[2 + (change % 5)];
        if (field == 2) a.value ^= bound(change, 1, type(uint256).max);
        if (field == 3) a.validAfter = bound(change, 0, block.timestamp - 2);
        if (field == 4) a.validBefore = bound(change, block.timestamp + 2, type(uint256).max);
        if (field == 5) a.nonce ^= bytes32(bound(change, 1, type(uint256).max));
        _checkOutcome(address(this), _encodeBytes(TRANSFER_BYTES, a), IERC3009.InvalidSignature.selector);
    }

    /// @dev A batch does what its elements do one after the other, those that revert left out: the same balances, the
    /// same nonces, and for each skipped element the error that the single call reverts with. Apart from the two
    /// answers of the hostile wallet that only a batch finds too dear.
    function testFuzz_batchEqualsSingles(uint256 seed, uint256 length, uint256 answer) public {
        HostileWallet.Answer mood = HostileWallet.Answer(answer % (uint256(type(HostileWallet.Answer).max) + 1));
        if (mood == HostileWallet.Answer.Slow || mood == HostileWallet.Answer.Bomb) mood = HostileWallet.Answer.Magic;
        hostileWallet.setAnswer(mood);
        for (uint256 i = 0; i < ACTORS; ++i) _fund(actors[i], 1e6);
        if (seed % 3 == 0) {
            vm.prank(admin);
            pie.freeze(actors[seed % ACTORS]);
        }
        IPieUSD.TransferAuthorization[] memory batch = _randomBatch(seed, length % (MAX_ELEMENTS + 1));

        uint256 snapshot = vm.snapshotState();
        Result memory together = _sendBatch(batch);
        vm.revertToState(snapshot);
        Result memory singly = _sendSingly(batch);

        assertEq(together.settled, singly.settled, "settled");
        for (uint256 i = 0; i < batch.length; ++i) assertEq(together.reasons[i], singly.reasons[i], "reason");
        assertEq(together.state, singly.state, "state");
    }

    /// @dev The two answers that legitimately differ: good on their own, skipped in a batch, nonce unspent.
    function testFuzz_batchSkipsWalletsThatAreTooDear(bool bomb, uint256 value) public {
        hostileWallet.setAnswer(bomb ? HostileWallet.Answer.Bomb : HostileWallet.Answer.Slow);
        IPieUSD.TransferAuthorization[] memory batch = new IPieUSD.TransferAuthorization[](1);
        batch[0] = _authorization(address(hostileWallet), actors[0]);
        _fund(batch[0].from, 1e6);
        batch[0].value = bound(value, 0, 1e6);
        Result memory together = _sendBatch(batch);
        assertEq(together.settled, 0, "settled");
        assertEq(together.reasons[0], IERC3009.InvalidSignature.selector, "reason");
        assertFalse(pie.authorizationState(batch[0].from, batch[0].nonce), "nonce");
        assertEq(_sendSingly(batch).settled, 1, "singly");
    }

    function _checkOverloads(IPieUSD.TransferAuthorization memory a, uint256 function_, bool genuine) private {
        (uint8 v, bytes32 r, bytes32 s) = _split(a.signature);
        bytes memory asVrs;
        bytes memory asBytes;
        if (function_ == 0) (asVrs, asBytes) = (_encodeVrs(TRANSFER_VRS, a), _encodeBytes(TRANSFER_BYTES, a));
        if (function_ == 1) (asVrs, asBytes) = (_encodeVrs(RECEIVE_VRS, a), _encodeBytes(RECEIVE_BYTES, a));
        if (function_ == 2) {
            asVrs = abi.encodeWithSignature(CANCEL_VRS, a.from, a.nonce, v, r, s);
            asBytes = abi.encodeWithSignature(CANCEL_BYTES, a.from, a.nonce, a.signature);
        }
        if (function_ == 3) {
            asVrs = abi.encodeWithSignature(PERMIT_VRS, a.from, a.to, a.value, a.validBefore, v, r, s);
            asBytes = abi.encodeWithSignature(PERMIT_BYTES, a.from, a.to, a.value, a.validBefore, a.signature);
        }
        bytes32 untouched = _state();
        uint256 snapshot = vm.snapshotState();
        (bytes4 first, ) = _attempt(a.to, asVrs);
        bytes32 state = _fullState(a);
        vm.revertToState(snapshot);
        (bytes4 second, ) = _attempt(a.to, asBytes);
        assertEq(first, second, "outcomes");
        assertEq(_fullState(a), state, "states");
        if (second != 0) assertEq(_state(), untouched, "a refused call left something");
        // And the signature is worth what it should be: agreeing on the wrong answer is no use.
        if (a.from == address(hostileWallet) || (genuine && a.value > 1e6 && function_ < 2)) return;
        assertEq(second == 0, genuine, "genuine or not");
        // Spent by one overload, it is spent for the other.
        if (second != 0) return;
        (first, ) = _attempt(a.to, asVrs);
        bytes4 spent =
            function_ == 3 ? IPieUSD.ERC2612InvalidSigner.selector : IERC3009.AuthorizationUsedOrCanceled.selector;
        assertEq(first, spent, "replay through the other overload");
    }

    function _checkRefused(IPieUSD.TransferAuthorization memory a, bytes memory signature) private {
        a.signature = signature;
        bytes4 refusal = IERC3009.InvalidSignature.selector;
        _checkOutcome(a.to, _encodeBytes(TRANSFER_BYTES, a), refusal);
        _checkOutcome(a.to, _encodeBytes(RECEIVE_BYTES, a), refusal);
        _checkOutcome(a.to, abi.encodeWithSignature(CANCEL_BYTES, a.from, a.nonce, signature), refusal);
        _checkOutcome(
            a.to,
            abi.encodeCall(
                pie.redeemWithAuthorization,
                (a.from, a.to, a.value, 0, a.validAfter, a.validBefore, a.nonce, signature)
            ),
            refusal
        );
        _checkOutcome(
            a.to,
            abi.encodeWithSignature(PERMIT_BYTES, a.from, a.to, a.value, a.validBefore, signature),
            IPieUSD.ERC2612InvalidSigner.selector
        );
        IPieUSD.TransferAuthorization[] memory batch = new IPieUSD.TransferAuthorization[](1);
        batch[0] = a;
        assertEq(pie.batchTransferWithAuthorization(batch), 0, "batch");
    }

    function _checkOutcome(address caller, bytes memory data, bytes4 expected) private {
        (bytes4 outcome, ) = _attempt(caller, data);
        assertEq(outcome, expected, "outcome");
    }

    /// @dev `sofar` redemptions went before; `remaining` / `supply` is the share at the first.
    function _redeemShare(
        address holder,
        uint256 value,
        uint256 remaining,
        uint256 supply,
        uint256 sofar
    ) private returns (uint256 received) {
        uint256 share = (value * usdt.balanceOf(address(pie))) / pie.totalSupply();
        uint256 before = usdt.balanceOf(holder);
        vm.prank(holder);
        assertEq(pie.redeem(value, holder, 0), share, "floor of the share");
        received = usdt.balanceOf(holder) - before;
        assertEq(received, share, "received");
        assertGe(received, (value * remaining) / supply, "less than the first share");
        assertLe(received, (value * remaining) / supply + sofar, "more than dust above the first share");
    }

    function _sendBatch(IPieUSD.TransferAuthorization[] memory batch) private returns (Result memory result) {
        vm.recordLogs();
        result.settled = pie.batchTransferWithAuthorization(batch);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 element = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 kind = logs[i].topics[0];
            if (kind == IPieUSD.AuthorizationSkipped.selector) {
                result.reasons[element++] = abi.decode(logs[i].data, (bytes4));
            } else if (kind == IERC3009.AuthorizationUsed.selector) {
                ++element;
            }
        }
        assertEq(element, batch.length, "one report an element");
        result.state = _batchState(batch);
    }

    function _sendSingly(IPieUSD.TransferAuthorization[] memory batch) private returns (Result memory result) {
        for (uint256 i = 0; i < batch.length; ++i) {
            (result.reasons[i], ) = _attempt(address(this), _encodeBytes(TRANSFER_BYTES, batch[i]));
            if (result.reasons[i] == 0) result.settled |= 1 << i;
        }
        result.state = _batchState(batch);
    }

    /// @dev Each element differs from a good one in at most a few ways, so that every check decides sometimes.
    function _randomBatch(
        uint256 seed,
        uint256 length
    ) private view returns (IPieUSD.TransferAuthorization[] memory batch) {
        batch = new IPieUSD.TransferAuthorization[](length);
        for (uint256 i = 0; i < length; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            if (i > 0 && random % 6 == 0) {
                batch[i] = batch[(random >> 8) % i];
                continue;
            }
            IPieUSD.TransferAuthorization memory a = _authorization(
                actors[(random >> 16) % ACTORS],
                actors[(random >> 24) % ACTORS]
            );
            a.value = (random >> 128) % 6e5; // the second or third of one payer may find too little left
            uint256 fault = (random >> 32) % 16;
            if (fault == 0) a.validAfter = block.timestamp;
            if (fault == 1) a.validBefore = block.timestamp;
            if (fault == 2) a.to = address(0);
            if (fault == 3) a.to = address(pie);
            if (fault == 4) a.value = 1e6 + 1;
            // Few nonces, so that two payments of one payer clash now and then.
            a.nonce = bytes32((random >> 40) % 3);
            bytes32 digest = _transferDigest(TRANSFER_TYPEHASH, a);
            a.signature =
                fault == 5 || fault == 6
                    ? _spoil(_keys[a.from], digest, (random >> 48) % 7)
                    : _sign(_keys[a.from], digest);
            batch[i] = a;
        }
    }

    function _authorization(address from, address to) private view returns (IPieUSD.TransferAuthorization memory) {
        return
            IPieUSD.TransferAuthorization({
                from: from,
                to: to,
                value: 1e5,
                validAfter: block.timestamp - 1,
                validBefore: block.timestamp + 1,
                nonce: keccak256("nonce"),
                signature: ""
            });
    }

    function _fund(address account, uint256 amount) private {
        if (amount == 0) return;
        vm.prank(account);
        pie.deposit(amount, amount);
    }

    /// @dev USDT's owner destroys all of the backing, and puts back all but `loss`.
    function _lose(uint256 loss) private {
        uint256 held = usdt.balanceOf(address(pie));
        usdt.addBlackList(address(pie));
        usdt.destroyBlackFunds(address(pie));
        usdt.removeBlackList(address(pie));
        usdt.issue(held - loss);
        usdt.transfer(address(pie), held - loss);
    }

    function _balances() private view returns (uint256[ACTORS] memory list) {
        for (uint256 i = 0; i < ACTORS; ++i) list[i] = pie.balanceOf(actors[i]);
    }

    function _state() private view returns (bytes32) {
        return keccak256(abi.encode(_balances(), pie.totalSupply(), usdt.balanceOf(address(pie))));
    }

    function _fullState(IPieUSD.TransferAuthorization memory a) private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    _state(),
                    pie.authorizationState(a.from, a.nonce),
                    pie.nonces(a.from),
                    pie.allowance(a.from, a.to)
                )
            );
    }

    function _batchState(IPieUSD.TransferAuthorization[] memory batch) private view returns (bytes32 state) {
        state = _state();
        for (uint256 i = 0; i < batch.length; ++i) {
            state = keccak256(abi.encode(state, pie.authorizationState(batch[i].from, batch[i].nonce)));
        }
    }
}
