// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title HostileWallet
/// @notice A contract account whose ERC-1271 check misbehaves in the way it is told.
contract HostileWallet {
    enum Answer {
        Magic,
        Refusal,
        Revert,
        /// Four bytes, not a word.
        Short,
        /// The magic value with dirt behind it, which strict ABI decoding refuses.
        Dirty,
        /// A megabyte.
        Bomb,
        /// All the gas there is.
        BurnGas,
        /// The magic value after 120,000 gas: fine on its own, too dear for a batch.
        Slow,
        /// The magic value after an attempt to write, which a static call refuses.
        Write
    }

    Answer public answer;
    uint256 private _written;

    function setAnswer(Answer answer_) external {
        answer = answer_;
    }

    function isValidSignature(bytes32, bytes calldata) external {
        bytes32 magic = IERC1271.isValidSignature.selector;
        Answer a = answer;
        if (a == Answer.Revert) revert();
        if (a == Answer.Write) _written = 1;
        if (a == Answer.Slow) {
            uint256 start = gasleft();
            while (start - gasleft() < 120_000) {}
        }
        if (a == Answer.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (a == Answer.Dirty) magic |= bytes32(uint256(1));
        if (a == Answer.Refusal) magic = bytes32(0);
        uint256 size =
            a == Answer.Short
                ? 4
                : a == Answer.Bomb
                    ? 1_000_000
                    : 32;
        assembly {
            mstore(0x00, magic)
            return(0x00, size)
        }
    }
}
