// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BatchGas
/// @notice Tells an element of a tolerant batch that failed from one that ran out of gas, so that no batch skips an element
/// because its sender was sparing, and no estimate settles on the gas at which it does.
library BatchGas {
    /// @dev A call that runs dry leaves its caller a 64th of what there was, and one that runs dry eight calls deeper, as
    /// far down as a payment goes, less than an eighth. What fails for a reason of its own leaves more than this part,
    /// where the batch was given enough.
    uint256 private constant PART = 6;

    /// @notice True where the call just made may have run out of gas.
    /// @param gasBefore `gasleft()` before the call.
    function ranOut(uint256 gasBefore) internal view returns (bool) {
        return gasleft() < gasBefore / PART;
    }
}
