// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIPRegistry} from "../interfaces/IIPRegistry.sol";

/// @title IPPriority
/// @notice IPRegistry's index of who registered a content first, and the commitments that prove an earlier time.
/// @dev Whoever reads a registration in the mempool can register the same content before it, and is first. A creator who
/// committed, in any earlier second, keeps the priority of that second all the same. Times are block timestamps rather
/// than block numbers, which some rollups take from another chain; of two works of the same second the lower id is first.
abstract contract IPPriority is IIPRegistry {
    /// @custom:storage-location erc7201:tessera.storage.IPPriority
    struct PriorityStorage {
        /// Bits 0–39 id, 40–79 since: works are counted in 40 bits, and so are seconds, for 34,000 years.
        mapping(bytes32 contentHash => uint256) first;
        mapping(bytes32 commitment => uint256 timestamp) committedAt;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.IPPriority")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant PRIORITY_STORAGE = 0x5b3af742f6504a6b827571362e8913c5e253d3594a48b9cf37b5598137d52600;

    uint256 private constant ID_BITS = 40;
    uint256 private constant ID_MASK = type(uint40).max;

    bytes32 private constant COMMITMENT_TYPEHASH = keccak256(
        "Commitment(uint256 chainId,address registry,address creator,bytes32 contentHash,bytes32 salt)"
    );

    /// @notice How long after its commitment a registration may be revealed. Bounds how late a first place can move.
    uint256 internal constant REVEAL_WINDOW = 7 days;

    /// @inheritdoc IIPRegistry
    function commit(bytes32 commitment) external {
        PriorityStorage storage $ = _priority();
        uint256 timestamp = $.committedAt[commitment];
        if (timestamp != 0) revert AlreadyCommitted(commitment, timestamp);
        $.committedAt[commitment] = block.timestamp;
        emit Committed(commitment);
    }

    /// @inheritdoc IIPRegistry
    function firstRegistrationOf(bytes32 contentHash) external view returns (uint256 id, uint256 since) {
        uint256 first = _priority().first[contentHash];
        return (first & ID_MASK, first >> ID_BITS);
    }

    /// @inheritdoc IIPRegistry
    function committedAt(bytes32 commitment) external view returns (uint256) {
        return _priority().committedAt[commitment];
    }

    /// @inheritdoc IIPRegistry
    function commitmentOf(address creator, bytes32 contentHash, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(COMMITMENT_TYPEHASH, block.chainid, address(this), creator, contentHash, salt));
    }

    /// @dev Uses up the commitment, if a salt names one, and puts the work in first place where it is earlier.
    function _claimPriority(uint256 id, address creator, bytes32 contentHash, bytes32 salt) internal {
        uint256 since = salt == 0 ? block.timestamp : _reveal(commitmentOf(creator, contentHash, salt));
        uint256 first = _priority().first[contentHash];
        if (first != 0 && first >> ID_BITS <= since) return;
        _priority().first[contentHash] = id | (since << ID_BITS);
        if (first != 0 || salt != 0) emit FirstRegistrationUpdated(contentHash, id, since);
    }

    function _reveal(bytes32 commitment) private returns (uint256 timestamp) {
        PriorityStorage storage $ = _priority();
        timestamp = $.committedAt[commitment];
        if (timestamp == 0) revert UnknownCommitment(commitment);
        if (timestamp == block.timestamp) revert CommitmentTooYoung(commitment, timestamp);
        if (block.timestamp > timestamp + REVEAL_WINDOW) {
            revert CommitmentExpired(commitment, timestamp + REVEAL_WINDOW);
        }
        delete $.committedAt[commitment];
    }

    function _priority() private pure returns (PriorityStorage storage $) {
        assembly {
            $.slot := PRIORITY_STORAGE
        }
    }
}
