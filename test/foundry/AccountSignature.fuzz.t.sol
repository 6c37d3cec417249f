// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {AccountSignature} from "../../contracts/access/libraries/AccountSignature.sol";
import {AccountSignatureHarness} from "../../contracts/mocks/access/AccountSignatureHarness.sol";
import {HostileWallet} from "../../contracts/mocks/wallets/HostileWallet.sol";
import {MockDelegate7702} from "../../contracts/mocks/wallets/MockDelegate7702.sol";
import {MockSmartWallet} from "../../contracts/mocks/wallets/MockSmartWallet.sol";

/// @notice Answers any call with the bytes that it was given, or reverts with them.
contract EchoWallet {
    bytes private _answer;
    bool private _reverts;

    constructor(bytes memory answer, bool reverts) {
        (_answer, _reverts) = (answer, reverts);
    }

    fallback() external {
        bytes memory answer = _answer;
        bool reverts = _reverts;
        assembly ("memory-safe") {
            if reverts {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }
}

/// @notice Accepts, after nearly all the gas that a batch grants.
contract ThoroughWallet {
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        uint256 start = gasleft();
        while (start - gasleft() < 97_000) {}
        return this.isValidSignature.selector;
    }
}

/// @title AccountSignature's assembly beside its twin in Solidity
contract AccountSignatureFuzzTest is Test {
    bytes32 private constant MAGIC = bytes32(bytes4(0x1626ba7e));
    uint256 private constant KEY = 0xA11CE;

    AccountSignatureHarness private harness;
    HostileWallet private hostile;
    MockSmartWallet private wallet;

    function setUp() public {
        harness = new AccountSignatureHarness();
        hostile = new HostileWallet();
        wallet = new MockSmartWallet(vm.addr(KEY));
    }

    /// @dev Every answer of the hostile wallet, with gas to spare: the twin can then copy the megabyte as well.
    function testFuzz_hostileAnswersAgree(uint256 answer_, bytes32 digest, uint8 v, bytes32 r, bytes32 s) public {
        HostileWallet.Answer answer = _setAnswer(answer_);
        bytes memory signature = abi.encodePacked(r, s, v);
        bool twin = harness.twin{gas: 50_000_000}(address(hostile), digest, signature);
        assertEq(harness.isValid{gas: 50_000_000}(address(hostile), digest, signature), twin, "bytes");
        assertEq(harness.isValid{gas: 50_000_000}(address(hostile), digest, v, r, s), twin, "v, r, s");
        bool accepts =
            answer == HostileWallet.Answer.Magic ||
                answer == HostileWallet.Answer.Slow ||
                answer == HostileWallet.Answer.Bomb;
        assertEq(twin, accepts, "what the wallet means");
        // The cap is the one legitimate difference.
        bool dear = answer == HostileWallet.Answer.Slow || answer == HostileWallet.Answer.Bomb;
        assertEq(harness.isValidCapped(address(hostile), digest, signature), twin && !dear, "capped");
    }

    /// @dev Where the megabyte must be copied, the twin runs dry at a gas at which the assembly still answers: the
    /// wallet's own memory costs 2.0 million, a copy as much again.
    function testFuzz_bombCostsTheCallerNothing(bytes32 digest, bytes memory signature, uint256 gasGiven) public {
        vm.assume(signature.length < 1_000);
        gasGiven = bound(gasGiven, 2_300_000, 3_800_000);
        hostile.setAnswer(HostileWallet.Answer.Bomb);
        assertTrue(harness.isValid{gas: gasGiven}(address(hostile), digest, signature), "assembly");
        (bool success, ) = address(harness).call{gas: gasGiven}(
            abi.encodeCall(harness.twin, (address(hostile), digest, signature))
        );
        assertFalse(success, "twin");
    }

    /// @dev Any returned bytes at all, of any length, returned or reverted with; half of them begin like the magic value.
    function testFuzz_anyAnswerAgrees(bytes32 digest, bytes memory tail, uint256 length, uint256 shape) public {
        bytes memory answer = shape % 2 == 0 ? bytes.concat(MAGIC, tail) : tail;
        if (shape % 3 == 0) {
            // Cut around the one length that matters.
            length = bound(length, 28, 36);
            if (length < answer.length) {
                assembly ("memory-safe") {
                    mstore(answer, length)
                }
            }
        }
        address echo = address(new EchoWallet(answer, shape % 5 == 0));
        bool twin = harness.twin(echo, digest, "");
        assertEq(harness.isValid(echo, digest, ""), twin, "bytes");
        assertEq(harness.isValid(echo, digest, 27, bytes32(0), bytes32(0)), twin, "v, r, s");
        if (answer.length < 1_000) assertEq(harness.isValidCapped(echo, digest, ""), twin, "capped");
        assertEq(twin, shape % 5 != 0 && answer.length >= 32 && bytes32(answer) == MAGIC, "strictly the magic word");
    }

    /// @dev One bit of the word besides the magic value refuses it.
    function testFuzz_dirtyWordIsRefused(bytes32 digest, uint8 bit) public {
        bytes memory answer = abi.encode(MAGIC ^ bytes32(uint256(1) << bit));
        address echo = address(new EchoWallet(answer, false));
        assertFalse(harness.isValid(echo, digest, ""), "assembly");
        assertFalse(harness.twin(echo, digest, ""), "twin");
    }

    function testFuzz_smartWalletAgrees(bytes32 digest, uint256 key, bytes memory garbage) public view {
        key = bound(key, 1, 1e30);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key % 2 == 0 ? KEY : key, digest);
        bytes memory signature = abi.encodePacked(r, s, v);
        bool owners = key % 2 == 0 || key == KEY;
        assertEq(harness.twin(address(wallet), digest, signature), owners, "twin");
        assertEq(harness.isValid(address(wallet), digest, signature), owners, "bytes");
        assertEq(harness.isValid(address(wallet), digest, v, r, s), owners, "v, r, s");
        assertEq(harness.isValidCapped(address(wallet), digest, signature), owners, "capped");
        assertFalse(harness.twin(address(wallet), digest, garbage), "twin, garbage");
        assertFalse(harness.isValid(address(wallet), digest, garbage), "garbage");
    }

    /// @dev Without code there is no ERC-1271 answer: the twin is false, and the library is as good as the key.
    function testFuzz_eoaNeedsItsKey(uint256 key, bytes32 digest, bytes memory garbage) public view {
        key = bound(key, 1, 1e30);
        address account = vm.addr(key);
        vm.assume(account.code.length == 0);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes memory signature = abi.encodePacked(r, s, v);
        assertFalse(harness.twin(account, digest, signature), "twin");
        assertTrue(harness.isValid(account, digest, signature), "bytes");
        assertTrue(harness.isValid(account, digest, v, r, s), "v, r, s");
        assertTrue(harness.isValidCapped(account, digest, signature), "capped");
        assertFalse(harness.isValid(account, ~digest, signature), "another digest");
        assertFalse(harness.isValid(account, digest, garbage), "garbage");
        assertFalse(harness.isValidCapped(account, digest, garbage), "garbage, capped");
    }

    /// @dev An EOA with ERC-7702 code signs either way. Its own key is where the twin, which asks the code alone, differs.
    function testFuzz_delegatedEoaSignsEitherWay(uint256 key, uint256 session, bytes32 digest) public {
        key = bound(key, 1, 1e30);
        session = bound(session, 1e30 + 1, 1e31);
        address account = vm.addr(key);
        vm.assume(account.code.length == 0);
        vm.etch(account, address(new MockDelegate7702(vm.addr(session))).code);
        bytes memory own = _sign(key, digest);
        bytes memory delegated = _sign(session, digest);
        assertTrue(harness.isValid(account, digest, own), "own key");
        assertFalse(harness.twin(account, digest, own), "twin, own key");
        assertTrue(harness.isValid(account, digest, delegated), "session key");
        assertTrue(harness.twin(account, digest, delegated), "twin, session key");
        assertTrue(harness.isValidCapped(account, digest, delegated), "session key, capped");
        assertFalse(harness.isValid(account, digest, _sign(session + 1e31, digest)), "neither");
    }

    /// @dev Nobody's key is zero's: a failed recovery must not pass for the zero address.
    function testFuzz_zeroAddressSignsNothing(bytes32 digest, uint8 v, bytes32 r, bytes32 s) public view {
        assertFalse(harness.isValid(address(0), digest, v, r, s), "v, r, s");
        assertFalse(harness.isValid(address(0), digest, abi.encodePacked(r, s, v)), "bytes");
        assertFalse(harness.isValidCapped(address(0), digest, abi.encodePacked(r, s, v)), "capped");
    }

    /// @dev However little gas the caller leaves, a wallet that accepts within the cap is never reported as one that
    /// refuses: the call reverts instead. The wallet here needs all but 3 % of the cap.
    function testFuzz_cappedNeverMistakesLittleGasForRefusal(bytes32 digest, uint256 gasGiven) public {
        gasGiven = bound(gasGiven, 5_000, 150_000);
        address thorough = address(new ThoroughWallet());
        (bool success, bytes memory answer) = address(harness).call{gas: gasGiven}(
            abi.encodeCall(harness.isValidCapped, (thorough, digest, ""))
        );
        if (success) assertTrue(abi.decode(answer, (bool)), "refused for want of gas");
        else if (answer.length > 0) {
            assertEq(bytes4(answer), AccountSignature.InsufficientSignatureGas.selector, "error");
        }
        if (gasGiven > 125_000) assertTrue(success, "enough");
    }

    function _setAnswer(uint256 seed) private returns (HostileWallet.Answer answer) {
        answer = HostileWallet.Answer(seed % (uint256(type(HostileWallet.Answer).max) + 1));
        hostile.setAnswer(answer);
    }

    function _sign(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
