// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {ERC721Utils} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Utils.sol";

import {IIPRegistry} from "../interfaces/IIPRegistry.sol";
import {Work} from "../types/Work.sol";

/// @title IPOwnership
/// @notice IPRegistry's ERC-721: who owns each work, and who may move it.
/// @dev Own layout where OpenZeppelin has an ordinary one, because the cost of a registration is the product: the owner
/// shares its word with what the rest of the suite asks about a work, the balance shares its word with the nonce of
/// signed registrations. Nothing is ever burned.
///
/// Identity: the balances sum to the number of works. `_mint` adds one to both, `_transfer` moves one.
abstract contract IPOwnership is IIPRegistry, IERC721Errors {
    struct Account {
        uint128 balance;
        uint128 nonce;
    }

    /// @custom:storage-location erc7201:tessera.storage.IPOwnership
    struct OwnershipStorage {
        mapping(uint256 id => Work) works;
        mapping(address owner => Account) accounts;
        mapping(uint256 id => address) approvals;
        mapping(address owner => mapping(address operator => bool)) operators;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.IPOwnership")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant OWNERSHIP_STORAGE = 0x4c6269f6a4db77f63f6fe6bcd2e4a7513371af5f1ac349fe4bdc3a6d1f9a9300;

    /// @inheritdoc IERC721
    function approve(address to, uint256 tokenId) external {
        address owner = _requireWork(tokenId).owner();
        if (msg.sender != owner && !isApprovedForAll(owner, msg.sender)) revert ERC721InvalidApprover(msg.sender);
        _ownership().approvals[tokenId] = to;
        emit Approval(owner, to, tokenId);
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address operator, bool approved) external {
        if (operator == address(0)) revert ERC721InvalidOperator(operator);
        _ownership().operators[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    /// @inheritdoc IERC721
    function transferFrom(address from, address to, uint256 tokenId) public {
        _transfer(from, to, tokenId);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 tokenId) external {
        safeTransferFrom(from, to, tokenId, "");
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 tokenId, bytes memory data) public {
        _transfer(from, to, tokenId);
        ERC721Utils.checkOnERC721Received(msg.sender, from, to, tokenId, data);
    }

    /// @inheritdoc IERC721Metadata
    function name() external pure returns (string memory) {
        return "Tessera IP";
    }

    /// @inheritdoc IERC721Metadata
    function symbol() external pure returns (string memory) {
        return "TIP";
    }

    /// @inheritdoc IERC721
    function balanceOf(address owner) external view returns (uint256) {
        if (owner == address(0)) revert ERC721InvalidOwner(owner);
        return _ownership().accounts[owner].balance;
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 tokenId) external view returns (address) {
        return _requireWork(tokenId).owner();
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 tokenId) external view returns (address) {
        _requireWork(tokenId);
        return _ownership().approvals[tokenId];
    }

    /// @inheritdoc IERC721
    function isApprovedForAll(address owner, address operator) public view returns (bool) {
        return _ownership().operators[owner][operator];
    }

    /// @inheritdoc IIPRegistry
    function packedWork(uint256 id) public view returns (Work) {
        return _ownership().works[id];
    }

    /// @inheritdoc IIPRegistry
    function nonces(address creator) external view returns (uint256) {
        return _ownership().accounts[creator].nonce;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view virtual returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IERC721).interfaceId ||
            interfaceId == type(IERC721Metadata).interfaceId;
    }

    /// @dev The id is new. No receiver is asked: a registration must not run anybody's code.
    function _mint(uint256 id, Work work) internal {
        OwnershipStorage storage $ = _ownership();
        address owner = work.owner();
        if (owner == address(0)) revert ERC721InvalidReceiver(owner);
        $.works[id] = work;
        unchecked {
            ++$.accounts[owner].balance; // at most the number of works, which fits 40 bits
        }
        emit Transfer(address(0), owner, id);
    }

    function _setWork(uint256 id, Work work) internal {
        _ownership().works[id] = work;
    }

    /// @dev Answers the creator's nonce and takes it.
    function _useNonce(address creator) internal returns (uint256) {
        unchecked {
            return _ownership().accounts[creator].nonce++; // from 64 bits, one a registration
        }
    }

    function _raiseNonce(address creator, uint128 nonce) internal {
        Account storage account = _ownership().accounts[creator];
        if (nonce <= account.nonce) revert InvalidNonce(nonce, account.nonce);
        account.nonce = nonce;
        emit NonceInvalidated(creator, nonce);
    }

    function _requireWork(uint256 id) internal view returns (Work work) {
        work = _ownership().works[id];
        if (!work.exists()) revert ERC721NonexistentToken(id);
    }

    function _transfer(address from, address to, uint256 id) private {
        if (to == address(0)) revert ERC721InvalidReceiver(to);
        OwnershipStorage storage $ = _ownership();
        Work work = _requireWork(id);
        address owner = work.owner();
        if (msg.sender != owner && msg.sender != $.approvals[id] && !isApprovedForAll(owner, msg.sender)) {
            revert ERC721InsufficientApproval(msg.sender, id);
        }
        if (owner != from) revert ERC721IncorrectOwner(from, id, owner);
        delete $.approvals[id];
        $.works[id] = work.ownedBy(to);
        unchecked {
            --$.accounts[from].balance; // from owns this one
            ++$.accounts[to].balance; // at most the number of works
        }
        emit Transfer(from, to, id);
    }

    function _ownership() private pure returns (OwnershipStorage storage $) {
        assembly {
            $.slot := OWNERSHIP_STORAGE
        }
    }
}
