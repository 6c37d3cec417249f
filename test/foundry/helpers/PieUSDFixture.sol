// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdAssertions} from "forge-std/StdAssertions.sol";

import {Roles} from "../../../contracts/access/Roles.sol";
import {HostileWallet} from "../../../contracts/mocks/wallets/HostileWallet.sol";
import {MockSmartWallet} from "../../../contracts/mocks/wallets/MockSmartWallet.sol";
import {MockUSDT} from "../../../contracts/mocks/tokens/MockUSDT.sol";
import {IPieUSD} from "../../../contracts/payments/interfaces/IPieUSD.sol";
import {PieUSD} from "../../../contracts/payments/PieUSD.sol";

/// @title PieUSDFixture
/// @notice PieUSD over MockUSDT under an AccessManager, with eight accounts that hold and sign.
/// @dev The roles have no delays here, because what these delay is tested with the
/// deployment, and a campaign would spend its depth on waiting. Type hashes and domain are spelled out again rather
/// than read from the contract: a typo in the contract must not pass its own tests.
abstract contract PieUSDFixture is CommonBase, StdAssertions {
    bytes32 internal constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant CANCEL_TYPEHASH = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
    bytes32 internal constant REDEEM_TYPEHASH = keccak256(
        "RedeemWithAuthorization(address from,address to,uint256 value,uint256 minOut,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    // Overloads cannot be told apart by `abi.encodeCall`, so both are named by their signatures.
    string internal constant TRANSFER_VRS =
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)";
    string internal constant TRANSFER_BYTES =
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
    string internal constant RECEIVE_VRS =
        "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)";
    string internal constant RECEIVE_BYTES =
        "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
    string internal constant CANCEL_VRS = "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)";
    string internal constant CANCEL_BYTES = "cancelAuthorization(address,bytes32,bytes)";
    string internal constant PERMIT_VRS = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)";
    string internal constant PERMIT_BYTES = "permit(address,address,uint256,uint256,bytes)";

    /// @dev Enough for a HostileWallet's megabyte (2.0 million), and little enough that one that burns it all leaves the
    /// test alive.
    uint256 internal constant CALL_GAS = 4_000_000;

    uint256 internal constant ACTORS = 8;
    uint256 internal constant EOAS = 6;

    AccessManager public manager;
    MockUSDT public usdt;
    PieUSD public pie;
    MockSmartWallet public smartWallet;
    HostileWallet public hostileWallet;
    address public admin;

    /// @notice Six EOAs, then the smart wallet, then the hostile wallet: everybody who can come to hold pieUSD.
    address[ACTORS] public actors;
    /// @notice The key that signs for an account: its own, or the owner's. The hostile wallet looks at no signature.
    mapping(address account => uint256 key) internal _keys;

    function _deploy(uint8 decimals, uint256 funds) internal {
        vm.warp(1_800_000_000); // not at the first second of time, where windows have no past
        admin = vm.addr(uint256(keccak256("admin")));
        manager = new AccessManager(address(this));
        usdt = new MockUSDT(decimals);
        pie = new PieUSD(address(manager), address(usdt));
        _wireRoles();
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 key = uint256(keccak256(abi.encode("actor", i)));
            if (i < EOAS) actors[i] = vm.addr(key);
            if (i == EOAS) actors[i] = address(smartWallet = new MockSmartWallet(vm.addr(key)));
            if (i == EOAS + 1) actors[i] = address(hostileWallet = new HostileWallet());
            _keys[actors[i]] = key;
            usdt.issue(funds);
            usdt.transfer(actors[i], funds);
            vm.prank(actors[i]);
            usdt.approve(address(pie), type(uint256).max);
        }
    }

    function _wireRoles() private {
        _map(pie.freeze.selector, Roles.PAYMENTS_FREEZER);
        _map(pie.unfreeze.selector, Roles.PAYMENTS_UNFREEZER);
        _map(pie.pauseDeposits.selector, Roles.PAUSER);
        _map(pie.pauseRedemptions.selector, Roles.PAUSER);
        _map(pie.unpauseDeposits.selector, Roles.UNPAUSER);
        _map(pie.unpauseRedemptions.selector, Roles.UNPAUSER);
        _map(pie.openProRata.selector, Roles.PAYMENTS_PRORATA);
        _map(pie.closeProRata.selector, Roles.PAYMENTS_PRORATA);
        _map(pie.rescue.selector, Roles.PAYMENTS_RESCUER);
    }

    function _map(bytes4 selector, uint64 role) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(address(pie), selectors, role);
        manager.grantRole(role, admin, 0);
    }

    /// @dev A call that may fail, by `caller`; `outcome` is 0, or the selector of the error (0xffffffff where USDT gave none).
    function _attempt(address caller, bytes memory data) internal returns (bytes4 outcome, bytes memory result) {
        vm.prank(caller);
        bool success;
        (success, result) = address(pie).call{gas: CALL_GAS}(data);
        if (!success) outcome = result.length < 4 ? bytes4(0xffffffff) : bytes4(result);
    }

    function _usdtFee(uint256 amount) internal view returns (uint256 fee) {
        fee = (amount * usdt.basisPointsRate()) / 10_000;
        if (fee > usdt.maximumFee()) fee = usdt.maximumFee();
    }

    function _typedDigest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("pieUSD"),
                keccak256("1"),
                block.chainid,
                address(pie)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _transferDigest(bytes32 typehash, IPieUSD.TransferAuthorization memory a) internal view returns (bytes32) {
        return
            _typedDigest(keccak256(abi.encode(typehash, a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce)));
    }

    function _redeemDigest(IPieUSD.TransferAuthorization memory a, uint256 minOut) internal view returns (bytes32) {
        return
            _typedDigest(
                keccak256(
                    abi.encode(REDEEM_TYPEHASH, a.from, a.to, a.value, minOut, a.validAfter, a.validBefore, a.nonce)
                )
            );
    }

    function _cancelDigest(address authorizer, bytes32 nonce) internal view returns (bytes32) {
        return _typedDigest(keccak256(abi.encode(CANCEL_TYPEHASH, authorizer, nonce)));
    }

    function _permitDigest(
        address owner,
        address spender,
        uint256 value,
        uint256 nonce,
        uint256 deadline
    ) internal view returns (bytes32) {
        return _typedDigest(keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, nonce, deadline)));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _split(bytes memory signature) internal pure returns (uint8 v, bytes32 r, bytes32 s) {
        require(signature.length == 65, "not 65 bytes");
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    /// @dev Spoils a signature in the way `kind` says. Kinds 0 to 3 keep its 65 bytes, so they fit both overloads.
    function _spoil(uint256 key, bytes32 digest, uint256 kind) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        if (kind == 0) return _sign(key ^ 1, digest); // somebody else's
        if (kind == 1) return _sign(key, ~digest); // of something else
        if (kind == 2) return abi.encodePacked(r, SECP256K1_ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27)); // high s
        if (kind == 3) return abi.encodePacked(r, s, v - 27); // v as 0 or 1
        if (kind == 4) return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255))); // ERC-2098
        if (kind == 5) return abi.encodePacked(r, s, v, uint8(0)); // a byte too long
        return "";
    }

    function _encodeVrs(
        string memory signature,
        IPieUSD.TransferAuthorization memory a
    ) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = _split(a.signature);
        return abi.encodeWithSignature(signature, a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s);
    }

    function _encodeBytes(
        string memory signature,
        IPieUSD.TransferAuthorization memory a
    ) internal pure returns (bytes memory) {
        return
            abi.encodeWithSignature(
                signature,
                a.from,
                a.to,
                a.value,
                a.validAfter,
                a.validBefore,
                a.nonce,
                a.signature
            );
    }
}
