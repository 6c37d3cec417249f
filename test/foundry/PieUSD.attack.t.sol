// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IPieUSD} from "../../contracts/payments/interfaces/IPieUSD.sol";
import {PieUSDFixture} from "./helpers/PieUSDFixture.sol";

/// @title PieUSD under calldata that no encoder writes
/// @dev Whoever sends an authorization chooses its encoding: offsets, lengths, dirt and overlaps are the attacker's.
contract PieUSDAttackTest is Test, PieUSDFixture {
    uint256 private constant FUNDS = 1e12;
    uint256 private constant HELD = 1e6;
    uint256 private constant VALUE = 1e3;

    function setUp() public {
        _deploy(6, FUNDS);
        for (uint256 i = 0; i < ACTORS; ++i) {
            vm.prank(actors[i]);
            pie.deposit(HELD, HELD);
        }
    }

    /// @dev Words of a good batch are replaced by others. Either it reverts, or each payer lost what it signed to whom
    /// it signed, once, or nothing.
    function testFuzz_noBatchCalldataMovesMoreThanWasSigned(uint256 seed, uint256 changes) public {
        IPieUSD.TransferAuthorization[] memory batch = new IPieUSD.TransferAuthorization[](3);
        // 0 pays 3, 1 pays 4, the smart wallet pays 5: no account is on both sides.
        for (uint256 i = 0; i < 3; ++i) batch[i] = _signed(i == 2 ? EOAS : i, i + 3);
        bytes memory data = abi.encodeCall(pie.batchTransferWithAuthorization, (batch));
        changes = bound(changes, 1, 3);
        for (uint256 i = 0; i < changes; ++i) _mutate(data, uint256(keccak256(abi.encode(seed, i))));

        _attempt(address(this), data);

        uint256 sum;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 lost = HELD - pie.balanceOf(batch[i].from);
            uint256 gained = pie.balanceOf(batch[i].to) - HELD;
            assertTrue(lost == 0 || lost == VALUE, "more than signed");
            assertEq(gained, lost, "to somebody else");
            assertEq(pie.authorizationState(batch[i].from, batch[i].nonce), lost == VALUE, "nonce");
            sum += pie.balanceOf(batch[i].from) + pie.balanceOf(batch[i].to);
        }
        assertEq(sum, 6 * HELD, "sum");
        assertEq(pie.totalSupply(), ACTORS * HELD, "supply");
    }

    /// @dev The same for the functions that take one authorization.
    function testFuzz_noSingleCalldataMovesMoreThanWasSigned(uint256 seed, uint256 changes, bool wallet) public {
        IPieUSD.TransferAuthorization memory a = _signed(wallet ? EOAS : 0, 3);
        bool vrs = seed % 2 == 0;
        bytes memory data = vrs ? _encodeVrs(TRANSFER_VRS, a) : _encodeBytes(TRANSFER_BYTES, a);
        changes = bound(changes, 1, 3);
        for (uint256 i = 0; i < changes; ++i) _mutate(data, uint256(keccak256(abi.encode(seed, i))));

        (bytes4 outcome, ) = _attempt(address(this), data);

        uint256 lost = HELD - pie.balanceOf(a.from);
        assertEq(lost, outcome == 0 ? VALUE : 0, "lost");
        assertEq(pie.balanceOf(a.to), HELD + lost, "gained");
        assertEq(pie.authorizationState(a.from, a.nonce), lost == VALUE, "nonce");
        assertEq(pie.totalSupply(), ACTORS * HELD, "supply");
    }

    /// @dev A redemption pays its `to` what was signed, or nothing at all happens.
    function testFuzz_noRedeemCalldataMovesMoreThanWasSigned(uint256 seed, uint256 changes) public {
        IPieUSD.TransferAuthorization memory a = _signed(0, 3);
        bytes memory signature = _sign(_keys[a.from], _redeemDigest(a, VALUE));
        bytes memory data = abi.encodeCall(
            pie.redeemWithAuthorization,
            (a.from, a.to, a.value, VALUE, a.validAfter, a.validBefore, a.nonce, signature)
        );
        changes = bound(changes, 1, 3);
        for (uint256 i = 0; i < changes; ++i) _mutate(data, uint256(keccak256(abi.encode(seed, i))));
        uint256 had = usdt.balanceOf(a.to);

        (bytes4 outcome, ) = _attempt(address(this), data);

        uint256 burned = outcome == 0 ? VALUE : 0;
        assertEq(pie.balanceOf(a.from), HELD - burned, "burned");
        assertEq(usdt.balanceOf(a.to), had + burned, "received");
        assertEq(pie.totalSupply(), ACTORS * HELD - burned, "supply");
        assertEq(pie.backing(), ACTORS * HELD - burned, "backing");
        assertEq(pie.authorizationState(a.from, a.nonce), burned != 0, "nonce");
    }

    /// @dev A permit sets the allowance that was signed, or nothing at all happens.
    function testFuzz_noPermitCalldataAllowsMoreThanWasSigned(uint256 seed, uint256 changes, bool vrs) public {
        (address owner, address spender) = (actors[0], actors[3]);
        bytes memory signature = _sign(_keys[owner], _permitDigest(owner, spender, VALUE, 0, type(uint256).max));
        (uint8 v, bytes32 r, bytes32 s) = _split(signature);
        bytes memory data =
            vrs
                ? abi.encodeWithSignature(PERMIT_VRS, owner, spender, VALUE, type(uint256).max, v, r, s)
                : abi.encodeWithSignature(PERMIT_BYTES, owner, spender, VALUE, type(uint256).max, signature);
        changes = bound(changes, 1, 3);
        for (uint256 i = 0; i < changes; ++i) _mutate(data, uint256(keccak256(abi.encode(seed, i))));

        (bytes4 outcome, ) = _attempt(address(this), data);

        assertEq(pie.allowance(owner, spender), outcome == 0 ? VALUE : 0, "allowance");
        assertEq(pie.nonces(owner), outcome == 0 ? 1 : 0, "nonce");
    }

    function _signed(uint256 from, uint256 to) private view returns (IPieUSD.TransferAuthorization memory a) {
        a.from = actors[from];
        a.to = actors[to];
        a.value = VALUE;
        a.validBefore = type(uint256).max;
        a.nonce = keccak256(abi.encode(from, to));
        a.signature = _sign(_keys[a.from], _transferDigest(TRANSFER_TYPEHASH, a));
    }

    /// @dev Replaces one word of the arguments: by a small offset, a negative one, a huge one, another word of the same
    /// calldata, its own with one bit flipped, or noise.
    function _mutate(bytes memory data, uint256 seed) private pure {
        uint256 words = (data.length - 4) / 32;
        uint256 place = 0x24 + 32 * (seed % words);
        uint256 other = 0x24 + 32 * ((seed >> 16) % words);
        uint256 kind = (seed >> 32) % 6;
        uint256 noise = uint256(keccak256(abi.encode(seed)));
        assembly ("memory-safe") {
            let word := mload(add(data, place))
            switch kind
            case 0 {
                word := mul(mod(noise, 64), 32)
            }
            case 1 {
                word := sub(0, mod(noise, 2048))
            }
            case 2 {
                word := add(not(0), sub(0, shr(mod(noise, 200), noise)))
            }
            case 3 {
                word := mload(add(data, other))
            }
            case 4 {
                word := xor(word, shl(mod(noise, 256), 1))
            }
            default {
                word := noise
            }
            mstore(add(data, place), word)
        }
    }
}
