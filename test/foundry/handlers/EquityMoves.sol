// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IEquityToken} from "../../../contracts/equity/interfaces/IEquityToken.sol";
import {EquityBooks} from "./EquityBooks.sol";

/// @title EquityMoves
/// @notice What holders do with the stock themselves: by call, by allowance, and by signature.
abstract contract EquityMoves is EquityBooks {
    struct Authorization {
        bytes32 typehash;
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
        bytes signature;
        /// Signed by `from`, as this.
        bool genuine;
    }

    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant SHARES_TYPEHASH = keccak256(
        "TransferSharesWithAuthorization(address from,address to,uint256 shares,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL_TYPEHASH = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    // Overloads cannot be told apart by `abi.encodeCall`, so they are named by their signatures.
    string private constant TRANSFER_VRS =
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)";
    string private constant TRANSFER_BYTES =
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
    string private constant RECEIVE_VRS =
        "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)";
    string private constant RECEIVE_BYTES =
        "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
    string private constant SHARES_BYTES =
        "transferSharesWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
    string private constant CANCEL_VRS = "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)";
    string private constant CANCEL_BYTES = "cancelAuthorization(address,bytes32,bytes)";
    string private constant PERMIT_VRS = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)";
    string private constant PERMIT_BYTES = "permit(address,address,uint256,uint256,bytes)";

    function _transfer() internal {
        address from = _drawHolder();
        address to = _drawReceiver();
        uint256 amount = _drawAmount(_worth(_shares[from]));
        uint256 shares = _sharesUp(amount);
        uint8 code = token.detectTransferRestriction(from, to, amount);
        bool can = token.canTransfer(from, to, amount);
        bool success = _send(
            address(token),
            from,
            abi.encodeCall(IERC20.transfer, (to, amount)),
            _mayMove(from, from, to, shares)
        );
        // I10, and the answers agree with each other: code 13 is a balance, which is no rule's matter.
        assertEq(can, code == 0 || code == 13, "I10: canTransfer and the code disagree");
        assertEq(success, code == 0, "I10: the code and the outcome disagree");
        if (success) _bookMove(from, to, shares);
    }

    function _transferFrom() internal {
        address spender = _drawHolder();
        address from = _drawAllowing(spender);
        address to = _drawReceiver();
        uint256 allowed = _allowed(from, spender);
        uint256 amount = _drawAmount(_least(allowed, _worth(_shares[from])));
        uint256 shares = _sharesUp(amount);
        bool succeeds = amount <= allowed && _mayMove(spender, from, to, shares);
        if (_send(address(token), spender, abi.encodeCall(IERC20.transferFrom, (from, to, amount)), succeeds)) {
            _bookSpending(from, spender, amount);
            _bookMove(from, to, shares);
        }
        _checkAllowance(from, spender);
    }

    function _approve() internal {
        address owner = _drawHolder();
        address spender = _chance(16) ? address(0) : _drawHolder();
        uint256 amount = _drawAllowance(owner);
        bool succeeds = spender != address(0) && _fitsAllowance(amount);
        if (_send(address(token), owner, abi.encodeCall(IERC20.approve, (spender, amount)), succeeds)) {
            _allowances[owner][spender] = Allowance(amount, _epoch);
        }
        _checkAllowance(owner, spender);
    }

    function _transferShares() internal {
        address from = _drawHolder();
        address to = _drawReceiver();
        uint256 shares = _drawShares(_shares[from]);
        bool succeeds = _mayMove(from, from, to, shares);
        if (_send(address(token), from, abi.encodeCall(IEquityToken.transferShares, (to, shares)), succeeds)) {
            _bookMove(from, to, shares);
        }
    }

    /// @dev Charged what the shares are worth, rounded up: nothing goes for nothing.
    function _transferSharesFrom() internal {
        address spender = _drawHolder();
        address from = _drawAllowing(spender);
        address to = _drawReceiver();
        uint256 allowed = _allowed(from, spender);
        uint256 shares = _drawShares(
            allowed > MAX_AMOUNT ? _shares[from] : _least(_shares[from], (allowed * WAD) / _multiplier)
        );
        uint256 charge = shares > MAX_SHARES ? 0 : (shares * _multiplier + WAD - 1) / WAD;
        bool succeeds = shares <= MAX_SHARES && charge <= allowed && _mayMove(spender, from, to, shares);
        bytes memory data = abi.encodeCall(IEquityToken.transferSharesFrom, (from, to, shares));
        if (_send(address(token), spender, data, succeeds)) {
            _bookSpending(from, spender, charge);
            _bookMove(from, to, shares);
        }
        _checkAllowance(from, spender);
    }

    function _transferWithAuthorization() internal {
        Authorization memory a = _draft(_chance(3) ? RECEIVE_TYPEHASH : TRANSFER_TYPEHASH);
        bool receives = a.typehash == RECEIVE_TYPEHASH;
        bool vrs = _chance(2);
        string memory signature =
            receives ? (vrs ? RECEIVE_VRS : RECEIVE_BYTES) : (vrs ? TRANSFER_VRS : TRANSFER_BYTES);
        address caller = receives && !_chance(8) ? a.to : _drawHolder();
        uint256 shares = _sharesUp(a.value);
        bool succeeds = _isInForce(a) && (!receives || caller == a.to) && _mayMove(a.from, a.from, a.to, shares);
        _sendAuthorization(caller, a, signature, vrs, shares, succeeds);
    }

    function _transferSharesWithAuthorization() internal {
        Authorization memory a = _draft(SHARES_TYPEHASH);
        bool succeeds = _isInForce(a) && _mayMove(a.from, a.from, a.to, a.value);
        _sendAuthorization(_drawHolder(), a, SHARES_BYTES, false, a.value, succeeds);
    }

    function _cancelAuthorization() internal {
        Authorization memory a;
        a.typehash = CANCEL_TYPEHASH;
        (a.from, a.nonce) = _drawNonce();
        _sign(a, keccak256(abi.encode(CANCEL_TYPEHASH, a.from, a.nonce)));
        bytes memory data;
        if (_chance(2)) {
            (uint8 v, bytes32 r, bytes32 s) = _split(a.signature);
            data = abi.encodeWithSignature(CANCEL_VRS, a.from, a.nonce, v, r, s);
        } else {
            data = abi.encodeWithSignature(CANCEL_BYTES, a.from, a.nonce, a.signature);
        }
        bool succeeds = a.genuine && !_spent[a.from][a.nonce];
        if (_send(address(token), _drawHolder(), data, succeeds)) _bookNonce(a.from, a.nonce);
    }

    function _permit() internal {
        address owner = _drawHolder();
        address spender = _drawHolder();
        uint256 amount = _drawAllowance(owner);
        uint256 deadline = _chance(8) ? _now() - 1 : _now() + _draw(2);
        uint256 nonce = _permitNonces[owner];
        // A permit that was used, or is not due yet, must not work.
        if (_chance(8)) nonce = nonce == 0 || _chance(2) ? nonce + 1 : nonce - 1;
        Authorization memory a;
        a.from = owner;
        _sign(a, keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, amount, nonce, deadline)));
        bool succeeds = a.genuine && nonce == _permitNonces[owner] && deadline >= _now() && _fitsAllowance(amount);
        bytes memory data = _encodePermit(owner, spender, amount, deadline, a.signature);
        if (_send(address(token), _drawHolder(), data, succeeds)) {
            _allowances[owner][spender] = Allowance(amount, _epoch);
            ++_permitNonces[owner];
        }
        assertEq(token.nonces(owner), _permitNonces[owner], "I9: a permit's nonce");
        _checkAllowance(owner, spender);
    }

    function _encodePermit(
        address owner,
        address spender,
        uint256 amount,
        uint256 deadline,
        bytes memory signature
    ) private returns (bytes memory) {
        if (_chance(2)) return abi.encodeWithSignature(PERMIT_BYTES, owner, spender, amount, deadline, signature);
        (uint8 v, bytes32 r, bytes32 s) = _split(signature);
        return abi.encodeWithSignature(PERMIT_VRS, owner, spender, amount, deadline, v, r, s);
    }

    function _sendAuthorization(
        address caller,
        Authorization memory a,
        string memory signature,
        bool vrs,
        uint256 shares,
        bool succeeds
    ) private {
        if (!_send(address(token), caller, _encode(a, signature, vrs), succeeds)) return;
        _bookNonce(a.from, a.nonce);
        _bookMove(a.from, a.to, shares);
    }

    function _encode(Authorization memory a, string memory signature, bool vrs) private pure returns (bytes memory) {
        bytes4 selector = bytes4(keccak256(bytes(signature)));
        bytes memory head = abi.encode(a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce);
        if (vrs) {
            (uint8 v, bytes32 r, bytes32 s) = _split(a.signature);
            return bytes.concat(selector, head, abi.encode(v, r, s));
        }
        // The signature stands behind seven words; 65 bytes of it take three.
        uint256 offset = 7 * 32;
        return bytes.concat(selector, head, abi.encode(offset, a.signature.length), a.signature, new bytes(31));
    }

    function _draft(bytes32 typehash) private returns (Authorization memory a) {
        a.typehash = typehash;
        (a.from, a.nonce) = _drawNonce();
        a.to = _drawReceiver();
        a.value = typehash == SHARES_TYPEHASH ? _drawShares(_shares[a.from]) : _drawAmount(_worth(_shares[a.from]));
        a.validAfter = _chance(12) ? _now() : _now() - 1 - _draw(1 hours);
        a.validBefore = _chance(12) ? _now() : _now() + 1 + _draw(1 hours);
        bytes32 signed = typehash;
        // Signed for another function: it must not be taken for this one.
        if (_chance(12)) signed = typehash == SHARES_TYPEHASH ? TRANSFER_TYPEHASH : SHARES_TYPEHASH;
        _sign(a, keccak256(abi.encode(signed, a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce)));
        a.genuine = a.genuine && signed == typehash;
    }

    function _sign(Authorization memory a, bytes32 structHash) private {
        a.genuine = !_chance(12);
        uint256 key = a.genuine ? _keys[a.from] : _keys[a.from] ^ 1;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            key,
            keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash))
        );
        a.signature = abi.encodePacked(r, s, v);
    }

    function _isInForce(Authorization memory a) private view returns (bool) {
        return a.genuine && a.validAfter < _now() && _now() < a.validBefore && !_spent[a.from][a.nonce];
    }

    /// @dev Nonces that share words, fresh ones, and spent ones.
    function _drawNonce() private returns (address authorizer, bytes32 nonce) {
        if (_spentNonces.length != 0 && _chance(8)) {
            SpentNonce storage entry = _spentNonces[_draw(_spentNonces.length)];
            return (entry.authorizer, entry.nonce);
        }
        return (_drawHolder(), _chance(2) ? bytes32(_draw(600)) : bytes32(_draw(type(uint256).max)));
    }

    function _drawAllowance(address owner) private returns (uint256) {
        uint256 kind = _draw(12);
        if (kind < 2) return type(uint256).max;
        if (kind == 2) return uint256(type(uint240).max) - _draw(2);
        return _drawAmount(_worth(_shares[owner]));
    }

    /// @dev Mostly somebody who lets the spender.
    function _drawAllowing(address spender) private returns (address owner) {
        uint256 first = _draw(HOLDERS);
        for (uint256 i = 0; i < HOLDERS; ++i) {
            owner = accounts[(first + i) % HOLDERS];
            if (_allowed(owner, spender) != 0) return owner;
        }
    }

    function _fitsAllowance(uint256 amount) private pure returns (bool) {
        return amount == type(uint256).max || amount < type(uint240).max;
    }

    function _checkAllowance(address owner, address spender) private view {
        assertEq(token.allowance(owner, spender), _allowed(owner, spender), "allowance");
    }

    function _split(bytes memory signature) private pure returns (uint8 v, bytes32 r, bytes32 s) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }
}
