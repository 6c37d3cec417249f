// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IERC3009
/// @notice Transfers that the holder signs and anybody sends: ERC-3009, with the `bytes` overloads of ERC-7598 for
/// signatures of contracts (ERC-1271).
/// @dev Nonces are random 32-byte words, not a sequence. Times are Unix seconds, and an authorization is valid strictly
/// between its bounds: `validAfter < block.timestamp < validBefore`. Of the two overloads of a function, the bytes that
/// are signed are the same, so an authorization is spent once whichever is called.
interface IERC3009 {
    /// @notice A transfer, or a redemption, spent the authorization.
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);

    /// @notice The authorizer spent the nonce without a transfer.
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

    /// @notice The block's time is at or before `validAfter`.
    error AuthorizationNotYetValid(uint256 validAfter);

    /// @notice The block's time is at or after `validBefore`.
    error AuthorizationExpired(uint256 validBefore);

    /// @notice The nonce of this authorizer was used or cancelled before.
    error AuthorizationUsedOrCanceled(address authorizer, bytes32 nonce);

    /// @notice The signature is not the authorizer's: other signer, bad v, high s, wrong length, or refused by ERC-1271.
    error InvalidSignature();

    /// @notice `receiveWithAuthorization` was called by somebody else than the payee.
    error CallerNotPayee(address caller, address payee);

    /// @notice True once the nonce was used or cancelled; it never becomes false again.
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);

    /// @notice Moves `value` base units from `from` to `to` by `from`'s signature. Anybody may send it.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice The same, with the signature as bytes.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Moves `value` base units from `from` to the caller, who must be `to`. A contract that acts on a payment
    /// takes this one: nobody can spend the authorization outside of its call.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice The same, with the signature as bytes.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Spends a nonce without a transfer, by the authorizer's signature. Anybody may send it. A frozen account
    /// may still cancel.
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice The same, with the signature as bytes.
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external;
}
