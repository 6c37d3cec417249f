// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";

import {AccountSignature} from "../access/libraries/AccountSignature.sol";
import {IERC6551Account, IERC6551Executable} from "./interfaces/IERC6551.sol";

/// @title IPAccount
/// @notice A work's ERC-6551 account: whoever owns the token acts through it, holds assets with it, and signs for it by
/// ERC-1271. It belongs to the token's owner alone and is no place for royalties: those go to the {RoyaltyInbox}.
/// @dev Runs behind ERC-6551's proxy, from whose code it reads its token. No upgrade, no roles. An account that comes to
/// own its own token is lost with it: the account refuses its token's safe transfer; nothing can refuse the other kind, nor
/// two works' going into each other's accounts.
///
/// A signature for the account is its owner's over the bare hash. What is signed must name its signer, as everything of
/// this suite does: a hash that does not counts for all accounts of one owner, and for the owner.
contract IPAccount is IERC6551Account, IERC6551Executable, IERC1271, IERC721Receiver, IERC1155Receiver {
    /// @inheritdoc IERC6551Account
    uint256 public state;

    /// @dev Where ERC-6551's proxy keeps its arguments: behind 45 bytes of code and the salt.
    uint256 private constant ARGUMENTS = 45 + 32;

    /// @notice The caller is not the token's owner.
    error NotAuthorized(address caller);

    /// @notice The account makes calls (operation 0) and nothing else.
    error UnsupportedOperation(uint8 operation);

    /// @notice The account must not own the token that it belongs to.
    error OwnershipCycle();

    /// @inheritdoc IERC6551Account
    receive() external payable {}

    /// @inheritdoc IERC6551Executable
    function execute(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation
    ) external payable returns (bytes memory result) {
        if (!_isOwner(msg.sender)) revert NotAuthorized(msg.sender);
        if (operation != 0) revert UnsupportedOperation(operation);
        unchecked {
            ++state; // one a call
        }
        bool success;
        (success, result) = to.call{value: value}(data);
        Address.verifyCallResult(success, result);
    }

    /// @inheritdoc IERC6551Account
    function isValidSigner(address signer, bytes calldata) external view returns (bytes4) {
        return _isOwner(signer) ? IERC6551Account.isValidSigner.selector : bytes4(0);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        address holder = owner();
        bool valid = holder != address(0) && AccountSignature.isValid(holder, hash, signature);
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    /// @inheritdoc IERC721Receiver
    function onERC721Received(address, address, uint256 tokenId, bytes calldata) external view returns (bytes4) {
        (uint256 chainId, address tokenContract, uint256 id) = token();
        if (chainId == block.chainid && msg.sender == tokenContract && tokenId == id) revert OwnershipCycle();
        return IERC721Receiver.onERC721Received.selector;
    }

    /// @inheritdoc IERC1155Receiver
    function onERC1155Received(address, address, uint256, uint256, bytes calldata) external pure returns (bytes4) {
        return IERC1155Receiver.onERC1155Received.selector;
    }

    /// @inheritdoc IERC1155Receiver
    function onERC1155BatchReceived(
        address,
        address,
        uint256[] calldata,
        uint256[] calldata,
        bytes calldata
    ) external pure returns (bytes4) {
        return IERC1155Receiver.onERC1155BatchReceived.selector;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IERC6551Account).interfaceId ||
            interfaceId == type(IERC6551Executable).interfaceId ||
            interfaceId == type(IERC1271).interfaceId ||
            interfaceId == type(IERC721Receiver).interfaceId ||
            interfaceId == type(IERC1155Receiver).interfaceId;
    }

    /// @notice The token's owner; 0 on another chain than the token's.
    function owner() public view returns (address) {
        (uint256 chainId, address tokenContract, uint256 tokenId) = token();
        return chainId == block.chainid ? IERC721(tokenContract).ownerOf(tokenId) : address(0);
    }

    /// @inheritdoc IERC6551Account
    function token() public view returns (uint256 chainId, address tokenContract, uint256 tokenId) {
        return abi.decode(Bytes.slice(address(this).code, ARGUMENTS), (uint256, address, uint256));
    }

    function _isOwner(address account) private view returns (bool) {
        return account != address(0) && account == owner();
    }
}
