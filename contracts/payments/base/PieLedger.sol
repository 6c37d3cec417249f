// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {AccountSignature} from "../../access/libraries/AccountSignature.sol";
import {IPieUSD} from "../interfaces/IPieUSD.sol";

/// @title PieLedger
/// @notice PieUSD's balances and allowances: ERC-20, ERC-2612 and the freeze.
/// @dev Own layout where OpenZeppelin has an ordinary one, because the cost of a payment is the product: a balance
/// shares its word with the freeze, the supply shares its word with the modes, and no transfer reads a pause.
///
/// Identity: the balances sum to the supply. `_mint` and `_burn` alone change either, by the same value.
abstract contract PieLedger is IPieUSD, IERC20Errors, EIP712 {
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    /// @dev Bit 255 of an account's word. The balance is in bits 0 to 247: it is at most the supply.
    uint256 private constant FROZEN = 1 << 255;
    uint256 private constant MAX_SUPPLY = type(uint248).max;
    uint256 private constant MODES_SHIFT = 248;

    mapping(address account => uint256 word) private _accounts;
    mapping(address owner => mapping(address spender => uint256 value)) private _allowances;
    mapping(address owner => uint256 nonce) private _permitNonces;

    /// @dev supply (bits 0..247) | modes (bits 248..255): a deposit and a redemption need both, and read one word.
    uint256 private _supplyWord;

    /// @inheritdoc IERC20
    function transfer(address to, uint256 value) external returns (bool) {
        _transfer(msg.sender, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        if (from == address(0)) revert ERC20InvalidSender(from);
        uint256 allowed = _allowances[from][msg.sender];
        // An allowance of the greatest value does not wear off.
        if (allowed != type(uint256).max) {
            if (allowed < value) revert ERC20InsufficientAllowance(msg.sender, allowed, value);
            unchecked {
                _allowances[from][msg.sender] = allowed - value; // value <= allowed
            }
        }
        _transfer(from, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 value) external returns (bool) {
        _approve(msg.sender, spender, value);
        return true;
    }

    /// @inheritdoc IERC20Permit
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 digest = _usePermit(owner, spender, value, deadline);
        if (!AccountSignature.isValid(owner, digest, v, r, s)) {
            (address signer, , ) = ECDSA.tryRecover(digest, v, r, s);
            revert ERC2612InvalidSigner(signer, owner);
        }
        _approve(owner, spender, value);
    }

    /// @inheritdoc IPieUSD
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 digest = _usePermit(owner, spender, value, deadline);
        if (!AccountSignature.isValid(owner, digest, signature)) {
            (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
            revert ERC2612InvalidSigner(signer, owner);
        }
        _approve(owner, spender, value);
    }

    /// @inheritdoc IERC20Metadata
    function name() external pure returns (string memory) {
        return "pieUSD";
    }

    /// @inheritdoc IERC20Metadata
    function symbol() external pure returns (string memory) {
        return "pieUSD";
    }

    /// @inheritdoc IPieUSD
    function version() external pure returns (string memory) {
        return "1";
    }

    /// @inheritdoc IERC20
    function totalSupply() public view returns (uint256 supply) {
        (supply, ) = _supplyAndModes();
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) external view returns (uint256) {
        return _accounts[account] & ~FROZEN;
    }

    /// @inheritdoc IERC20
    function allowance(address owner, address spender) external view returns (uint256) {
        return _allowances[owner][spender];
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) external view returns (uint256) {
        return _permitNonces[owner];
    }

    /// @inheritdoc IERC20Permit
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IPieUSD
    function isFrozen(address account) public view returns (bool) {
        return _accounts[account] & FROZEN != 0;
    }

    /// @dev Sum of balances before = after. The order of the checks is that of `_transferFault`.
    function _transfer(address from, address to, uint256 value) internal {
        _checkReceiver(to);
        uint256 fromWord = _accounts[from];
        if (fromWord & FROZEN != 0) revert AccountFrozen(from);
        _checkNotFrozen(to);
        if (fromWord < value) revert ERC20InsufficientBalance(from, fromWord, value);
        unchecked {
            _accounts[from] = fromWord - value; // value <= balance
            _accounts[to] += value; // a balance is at most the supply; read again for from == to
        }
        emit Transfer(from, to, value);
    }

    /// @dev The selector of the error with which `_transfer` would revert, or 0.
    function _transferFault(address from, address to, uint256 value) internal view returns (bytes4) {
        if (to == address(0) || to == address(this)) return ERC20InvalidReceiver.selector;
        uint256 fromWord = _accounts[from];
        if ((fromWord | _accounts[to]) & FROZEN != 0) return AccountFrozen.selector;
        if (fromWord < value) return ERC20InsufficientBalance.selector;
        return 0;
    }

    /// @dev Sum of balances and supply both grow by `value`. The caller has checked `to`.
    function _mint(address to, uint256 value) internal {
        uint256 word = _supplyWord;
        uint256 room = MAX_SUPPLY - (word & MAX_SUPPLY);
        if (value > room) revert SupplyOverflow(value, room);
        unchecked {
            _supplyWord = word + value; // value <= room, so nothing is carried into the modes
            _accounts[to] += value; // a balance is at most the supply
        }
        emit Transfer(address(0), to, value);
    }

    /// @dev Sum of balances and supply both shrink by `value`. The caller has read supply and modes in this call, with
    /// nothing in between that could change them; a second read is spared.
    function _burn(address from, uint256 value, uint256 supply, uint256 modes) internal {
        uint256 word = _accounts[from];
        if (word & FROZEN != 0) revert AccountFrozen(from);
        if (word < value) revert ERC20InsufficientBalance(from, word, value);
        unchecked {
            _accounts[from] = word - value; // value <= balance
            _supplyWord = (modes << MODES_SHIFT) | (supply - value); // a balance is at most the supply
        }
        emit Transfer(from, address(0), value);
    }

    function _supplyAndModes() internal view returns (uint256 supply, uint256 modes) {
        uint256 word = _supplyWord;
        return (word & MAX_SUPPLY, word >> MODES_SHIFT);
    }

    function _setMode(uint256 mode, bool on) internal {
        uint256 bit = mode << MODES_SHIFT;
        _supplyWord = on ? _supplyWord | bit : _supplyWord & ~bit;
    }

    function _setFrozen(address account, bool frozen) internal {
        if (frozen) {
            _accounts[account] |= FROZEN;
            emit Frozen(account);
        } else {
            _accounts[account] &= ~FROZEN;
            emit Unfrozen(account);
        }
    }

    function _checkReceiver(address to) internal view {
        if (to == address(0) || to == address(this)) revert ERC20InvalidReceiver(to);
    }

    function _checkNotFrozen(address account) internal view {
        if (isFrozen(account)) revert AccountFrozen(account);
    }

    function _approve(address owner, address spender, uint256 value) private {
        if (spender == address(0)) revert ERC20InvalidSpender(spender);
        _allowances[owner][spender] = value;
        emit Approval(owner, spender, value);
    }

    /// @dev Takes the nonce before the signature is checked; a signature that fails reverts it.
    function _usePermit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline
    ) private returns (bytes32 digest) {
        if (block.timestamp > deadline) revert ERC2612ExpiredSignature(deadline);
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, owner, spender, value, _permitNonces[owner]++, deadline)
        );
        return _hashTypedDataV4(structHash);
    }
}
