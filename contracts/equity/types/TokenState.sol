// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What every move of a tokenized stock must know, in the one word that it reads:
///
/// bits 0–87 multiplier | 88–175 pending multiplier (0: none) | 176–215 effectiveAt | 216–219 pauses | 220–227 policy |
/// 228–231 halt, in minutes | 232–239 epoch of allowances | 240–255 id of the last snapshot.
///
/// Multipliers have 18 decimals. `effectiveAt` outlives the pending multiplier: the halt and the reserve check ask it.
type TokenState is uint256;

using TokenStateLibrary for TokenState global;

/// @title TokenStateLibrary
/// @notice Reads and changes a {TokenState}.
library TokenStateLibrary {
    uint256 internal constant TRANSFERS_PAUSED = 1;
    uint256 internal constant MINTS_PAUSED = 2;
    uint256 internal constant BURNS_PAUSED = 4;
    uint256 internal constant BRIDGES_PAUSED = 8;

    uint256 private constant MULTIPLIER_MASK = type(uint88).max;
    uint256 private constant PENDING = 88;
    uint256 private constant EFFECTIVE_AT = 176;
    uint256 private constant PAUSES = 216;
    uint256 private constant POLICY = 220;
    uint256 private constant HALT = 228;
    uint256 private constant EPOCH = 232;
    uint256 private constant SNAPSHOT = 240;

    /// @dev A fee lowers the multiplier by two percent at most: what lowers it by more is a reverse split.
    uint256 private constant REVERSE_PERCENT = 98;

    /// @notice The multiplier as it was written last.
    function written(TokenState state) internal pure returns (uint256) {
        return TokenState.unwrap(state) & MULTIPLIER_MASK;
    }

    /// @notice The multiplier to come; 0: none.
    function pending(TokenState state) internal pure returns (uint256) {
        return (TokenState.unwrap(state) >> PENDING) & MULTIPLIER_MASK;
    }

    /// @notice When the pending multiplier takes effect, or the last one did.
    function effectiveAt(TokenState state) internal pure returns (uint256) {
        return uint40(TokenState.unwrap(state) >> EFFECTIVE_AT);
    }

    /// @notice The pause bits that are set.
    function pauses(TokenState state) internal pure returns (uint256) {
        return (TokenState.unwrap(state) >> PAUSES) & 15;
    }

    /// @notice Policy of the compliance check, less the product class.
    function policy(TokenState state) internal pure returns (uint256) {
        return uint8(TokenState.unwrap(state) >> POLICY);
    }

    /// @notice How long before and after a split transfers halt, in seconds.
    function haltSeconds(TokenState state) internal pure returns (uint256) {
        return ((TokenState.unwrap(state) >> HALT) & 15) * 60;
    }

    /// @notice Epoch of allowances as it was written last.
    function epoch(TokenState state) internal pure returns (uint256) {
        return uint8(TokenState.unwrap(state) >> EPOCH);
    }

    /// @notice Id of the last snapshot; 0: none.
    function snapshotId(TokenState state) internal pure returns (uint256) {
        return TokenState.unwrap(state) >> SNAPSHOT;
    }

    /// @notice True once the pending multiplier is in effect and not yet written.
    function isMatured(TokenState state) internal view returns (bool) {
        return state.pending() != 0 && block.timestamp >= state.effectiveAt();
    }

    /// @notice The multiplier in effect now.
    function multiplier(TokenState state) internal view returns (uint256) {
        return state.isMatured() ? state.pending() : state.written();
    }

    /// @notice The multiplier by which supply must be covered: the one to come, where it may be a dividend's, else the one
    /// written. The state is folded.
    function covered(TokenState state) internal pure returns (uint256) {
        (uint256 now_, uint256 next) = (state.written(), state.pending());
        // A dividend makes a quarter more at most. A split makes more of stocks too.
        return next > now_ && next * 4 <= now_ * 5 ? next : now_;
    }

    /// @notice True within the halt of a split.
    function isHalted(TokenState state) internal view returns (bool) {
        uint256 halt = state.haltSeconds();
        if (halt == 0) return false;
        uint256 middle = state.effectiveAt();
        return block.timestamp + halt >= middle && block.timestamp <= middle + halt;
    }

    /// @notice The state with a matured multiplier written, and a new epoch of allowances where it was a reverse split.
    function folded(TokenState state) internal view returns (TokenState) {
        if (!state.isMatured()) return state;
        uint256 next = state.pending();
        uint256 word = TokenState.unwrap(state);
        if (next * 100 < state.written() * REVERSE_PERCENT) word += 1 << EPOCH; // scheduling refused the 256th
        word &= ~(MULTIPLIER_MASK | (MULTIPLIER_MASK << PENDING));
        return TokenState.wrap(word | next);
    }

    /// @notice The state with this multiplier, at once.
    function withMultiplier(TokenState state, uint256 value) internal pure returns (TokenState) {
        return TokenState.wrap((TokenState.unwrap(state) & ~MULTIPLIER_MASK) | value);
    }

    /// @notice The state with a multiplier to come.
    function withPending(
        TokenState state,
        uint256 value,
        uint256 effectiveAt_,
        uint256 haltMinutes
    ) internal pure returns (TokenState) {
        uint256 mask = (MULTIPLIER_MASK << PENDING) | (uint256(type(uint40).max) << EFFECTIVE_AT) | (15 << HALT);
        uint256 word = TokenState.unwrap(state) & ~mask;
        return TokenState.wrap(word | (value << PENDING) | (effectiveAt_ << EFFECTIVE_AT) | (haltMinutes << HALT));
    }

    /// @notice The state with these pause bits.
    function withPauses(TokenState state, uint256 bits) internal pure returns (TokenState) {
        return TokenState.wrap((TokenState.unwrap(state) & ~(uint256(15) << PAUSES)) | (bits << PAUSES));
    }

    /// @notice The state with this policy.
    function withPolicy(TokenState state, uint256 value) internal pure returns (TokenState) {
        return TokenState.wrap((TokenState.unwrap(state) & ~(uint256(255) << POLICY)) | (value << POLICY));
    }

    /// @notice The state with the next snapshot's id; the caller has seen that there is one.
    function withNextSnapshot(TokenState state) internal pure returns (TokenState) {
        return TokenState.wrap(TokenState.unwrap(state) + (1 << SNAPSHOT));
    }
}
