// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";

/// @title MockERC721Receiver
/// @notice A contract that is asked whether it takes an ERC-721 token, answers in the way it is told, and logs the
/// question.
contract MockERC721Receiver {
    enum Answer {
        Magic,
        /// Another function's selector.
        WrongMagic,
        /// The magic value with dirt behind it, which strict ABI decoding refuses.
        Dirty,
        /// The magic value's four bytes, not a word.
        Short,
        /// No data at all, as a contract with an empty fallback answers.
        Nothing,
        RevertWithReason,
        RevertWithError,
        RevertWithoutReason,
        Panic,
        /// All the gas there is.
        BurnGas,
        /// Calls a target, swallows the outcome, and accepts.
        Reenter
    }

    Answer public answer;
    address private _target;
    bytes private _payload;
    bool public reentrySucceeded;
    bytes public reentryResult;

    /// @notice A token arrived.
    event Received(address operator, address from, uint256 tokenId, bytes data);

    /// @notice The receiver's own error.
    error TokenRefused(uint256 tokenId);

    function setAnswer(Answer answer_) external {
        answer = answer_;
    }

    function setReentry(address target, bytes calldata payload) external {
        answer = Answer.Reenter;
        _target = target;
        _payload = payload;
    }

    function onERC721Received(address operator, address from, uint256 tokenId, bytes calldata data) external {
        Answer a = answer;
        emit Received(operator, from, tokenId, data);
        if (a == Answer.RevertWithReason) revert("MockERC721Receiver: refused");
        if (a == Answer.RevertWithError) revert TokenRefused(tokenId);
        if (a == Answer.RevertWithoutReason) revert();
        if (a == Answer.Panic) assert(false);
        if (a == Answer.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (a == Answer.Reenter) (reentrySucceeded, reentryResult) = _target.call(_payload);

        bytes32 magic = IERC721Receiver.onERC721Received.selector;
        if (a == Answer.WrongMagic) magic = this.setAnswer.selector;
        if (a == Answer.Dirty) magic |= bytes32(uint256(1));
        uint256 size =
            a == Answer.Nothing
                ? 0
                : a == Answer.Short
                    ? 4
                    : 32;
        assembly {
            mstore(0x00, magic)
            return(0x00, size)
        }
    }
}
