// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Restriction
/// @notice ERC-1404's codes of this suite: why a move of a tokenized stock is refused.
library Restriction {
    uint8 internal constant NONE = 0;
    uint8 internal constant PAUSED = 1;
    uint8 internal constant HALTED = 2;
    uint8 internal constant SENDER_BLOCKED = 3;
    uint8 internal constant RECEIVER_BLOCKED = 4;
    uint8 internal constant SPENDER_BLOCKED = 5;
    uint8 internal constant SENDER_KYC = 6;
    uint8 internal constant RECEIVER_KYC = 7;
    uint8 internal constant SENDER_EXPIRED = 8;
    uint8 internal constant RECEIVER_EXPIRED = 9;
    uint8 internal constant SENDER_COUNTRY = 10;
    uint8 internal constant RECEIVER_COUNTRY = 11;
    uint8 internal constant FROZEN = 12;
    uint8 internal constant BALANCE = 13;
    uint8 internal constant CLASS = 14;
    uint8 internal constant RECEIVER_WRAPPER = 15;
}
