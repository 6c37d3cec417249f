// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ShareHistory
/// @notice Shares of accounts as they were at snapshots, for holders' words of one layout: bits 0–111 shares | 112–223
/// frozen shares, all ones for all | 224–239 the snapshot that was the last when the word was written | 240–255 number of
/// checkpoints. A snapshot writes no account; the first change of an account after one leaves a checkpoint, and whether
/// there was one is told by the word that the change reads anyway.
/// @dev Checkpoints: bits 0–15 snapshot | 16–127 shares until it; ascending.
library ShareHistory {
    /// @notice An account's word and its checkpoints.
    struct Account {
        uint256 word;
        mapping(uint256 index => uint256) checkpoints;
    }

    uint256 internal constant MAX_SHARES = type(uint112).max;
    uint256 internal constant MAX_SNAPSHOTS = type(uint16).max;

    uint256 private constant FROZEN_SHIFT = 112;
    uint256 private constant SNAPSHOT_SHIFT = 224;
    uint256 private constant COUNT_SHIFT = 240;
    uint256 private constant UINT16 = type(uint16).max;

    /// @notice Frozen shares as they were set, which may be more than the account holds.
    function frozenIn(uint256 word) internal pure returns (uint256) {
        return (word >> FROZEN_SHIFT) & MAX_SHARES;
    }

    /// @notice The word with so many frozen shares.
    function withFrozen(uint256 word, uint256 shares) internal pure returns (uint256) {
        return (word & ~(MAX_SHARES << FROZEN_SHIFT)) | (shares << FROZEN_SHIFT);
    }

    /// @notice The word as it may be changed after snapshot `id`: with a checkpoint of the shares until now, where the
    /// account was not changed since that snapshot.
    /// @param shares The account's; in the word or beside it.
    function touched(Account storage account, uint256 word, uint256 shares, uint256 id) internal returns (uint256) {
        if ((word >> SNAPSHOT_SHIFT) & UINT16 == id) return word;
        uint256 count = word >> COUNT_SHIFT;
        account.checkpoints[count] = id | (shares << 16);
        unchecked {
            // One checkpoint a snapshot at most, so that the count fits as the ids do.
            return (word & ((1 << SNAPSHOT_SHIFT) - 1)) | (id << SNAPSHOT_SHIFT) | ((count + 1) << COUNT_SHIFT);
        }
    }

    /// @notice Shares at snapshot `id`, which the caller knows to exist.
    /// @param shares The account's now; in the word or beside it.
    function sharesAt(Account storage account, uint256 shares, uint256 id) internal view returns (uint256) {
        uint256 word = account.word;
        // Not changed since: as it is now.
        if ((word >> SNAPSHOT_SHIFT) & UINT16 < id) return shares;
        // The first checkpoint of this snapshot or a later one has the shares until then; there is one.
        (uint256 low, uint256 high) = (0, (word >> COUNT_SHIFT) - 1);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (account.checkpoints[middle] & UINT16 < id) low = middle + 1;
            else high = middle;
        }
        return account.checkpoints[low] >> 16;
    }
}
