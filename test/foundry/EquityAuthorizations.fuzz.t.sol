// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IERC3009} from "../../contracts/payments/interfaces/IERC3009.sol";
import {IEquityToken} from "../../contracts/equity/interfaces/IEquityToken.sol";
import {EquityLedgerFixture} from "./helpers/EquityLedgerFixture.sol";

/// @title What holders of stocks sign, on a chain that forks
/// @dev Hardhat's network has one chain id; here it changes under the token.
contract EquityAuthorizationsFuzzTest is Test, EquityLedgerFixture {
    uint256 private constant HELD = 1e24;
    bytes32 private constant TRANSFER_SHARES_TYPEHASH = keccak256(
        "TransferSharesWithAuthorization(address from,address to,uint256 shares,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    address private _holder;
    uint256 private _key;

    function setUp() public {
        _deployLedger();
        (_holder, _key) = makeAddrAndKey("holder");
        _give(_holder, HELD);
    }

    /// @dev After a fork, what was signed for one chain counts on that one alone, and each has nonces of its own.
    function testFuzz_signatureCountsOnItsChainAlone(
        uint64 first,
        uint64 second,
        uint128 shares,
        bytes32 nonce
    ) public {
        vm.assume(first != second);
        shares = uint128(bound(shares, 0, HELD));
        vm.chainId(first);
        bytes memory transfer = _signTransfer(shares, nonce);
        bytes memory permit = _signPermit(shares);

        vm.chainId(second);
        vm.expectRevert(IERC3009.InvalidSignature.selector);
        token.transferSharesWithAuthorization(_holder, bob, shares, 0, type(uint256).max, nonce, transfer);
        vm.expectPartialRevert(IEquityToken.ERC2612InvalidSigner.selector);
        token.permit(_holder, bob, shares, type(uint256).max, permit);
        assertFalse(token.authorizationState(_holder, nonce), "nonce spent");
        assertEq(token.nonces(_holder), 0, "permit counted");

        vm.chainId(first);
        token.transferSharesWithAuthorization(_holder, bob, shares, 0, type(uint256).max, nonce, transfer);
        token.permit(_holder, bob, shares, type(uint256).max, permit);
        assertEq(token.sharesOf(bob), shares, "shares");
        assertEq(token.allowance(_holder, bob), shares, "allowance");
    }

    /// @dev The domain that is told is the one that is signed over, on any chain.
    function testFuzz_domainFollowsTheChain(uint64 chain) public {
        vm.chainId(chain);
        (, string memory name, string memory version, uint256 chainId, address verifying, , ) = token.eip712Domain();
        assertEq(chainId, chain, "chain");
        assertEq(verifying, address(token), "contract");
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                chainId,
                verifying
            )
        );
        assertEq(token.DOMAIN_SEPARATOR(), separator, "separator");
    }

    function _signTransfer(uint256 shares, bytes32 nonce) private view returns (bytes memory) {
        return
            _sign(keccak256(abi.encode(TRANSFER_SHARES_TYPEHASH, _holder, bob, shares, 0, type(uint256).max, nonce)));
    }

    function _signPermit(uint256 value) private view returns (bytes memory) {
        return _sign(keccak256(abi.encode(PERMIT_TYPEHASH, _holder, bob, value, 0, type(uint256).max)));
    }

    function _sign(bytes32 structHash) private view returns (bytes memory) {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key, digest);
        return abi.encodePacked(r, s, v);
    }
}
