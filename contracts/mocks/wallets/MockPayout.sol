// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";

import {IRoyaltyPayer} from "../../ip/interfaces/IRoyaltyPayer.sol";

/// @title MockPayout
/// @notice A contract as owner, creator, payer and receiver: it makes any call that it is told to, takes native coin,
/// ERC-721 tokens and unknown calls (an ERC-777 hook's, say) in the way it is told, and pays royalties for others, or not.
contract MockPayout is IERC721Receiver, IRoyaltyPayer {
    using SafeERC20 for IERC20;

    /// What becomes of coin, tokens and unknown calls that arrive.
    enum Mode {
        Accept,
        Refuse,
        /// All the gas there is.
        BurnGas,
        /// Makes the call of `setReentry`, swallows its outcome, and accepts.
        Reenter,
        /// Accepts with a megabyte of an answer.
        ReturnBomb,
        /// Refuses with a megabyte of a reason.
        RevertBomb
    }

    /// What becomes of a royalty that is due.
    enum Due {
        PayExactly,
        /// One unit less.
        PayLess,
        PayNothing,
        /// One unit more.
        PayMore,
        /// Makes the call of `setReentry`, swallows its outcome, and pays exactly.
        ReenterAndPay,
        /// Makes the call of `setReentry` in the place of paying. What is due during that call is paid exactly.
        ReenterInstead,
        Revert
    }

    Mode public mode;
    Due public due;

    address private _target;
    uint256 private _value;
    bytes private _payload;
    bool private _inside;
    uint256 public reentries;
    bool public reentrySucceeded;
    bytes public reentryResult;

    /// @notice Coin, a token or an unknown call arrived, and was taken.
    event Taken(address caller, uint256 value, bytes data);

    /// @notice A royalty was asked for.
    event RoyaltyAsked(address caller, address token, uint256 amount, bytes data);

    error Refused();
    error NativeCoinNotPayable();

    receive() external payable {
        _take();
    }

    fallback() external payable {
        _take();
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function setDue(Due due_) external {
        due = due_;
    }

    /// @dev What arrives during that call is accepted.
    function setReentry(address target, uint256 value, bytes calldata payload) external {
        _target = target;
        _value = value;
        _payload = payload;
    }

    /// @dev Anybody's to call, and fails as the call fails. What was sent along stays here where `value` is less.
    function execute(address target, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool success, bytes memory result) = target.call{value: value}(data);
        if (!success) {
            assembly {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        _take();
        return IERC721Receiver.onERC721Received.selector;
    }

    /// @dev Does not check who asks, as a payer must.
    function onRoyaltyDue(address token, uint256 amount, bytes calldata data) external {
        if (token == address(0)) revert NativeCoinNotPayable();
        emit RoyaltyAsked(msg.sender, token, amount, data);
        Due d = due;
        if (d == Due.Revert) revert Refused();
        if (d == Due.ReenterInstead && !_inside) return _reenter();
        if (d == Due.ReenterAndPay) _reenter();
        if (d == Due.PayNothing) return;
        if (d == Due.PayLess) --amount;
        if (d == Due.PayMore) ++amount;
        IERC20(token).safeTransfer(msg.sender, amount);
    }

    function _take() private {
        Mode m = mode;
        emit Taken(msg.sender, msg.value, msg.data);
        if (m == Mode.Accept || _inside) return;
        if (m == Mode.Refuse) revert Refused();
        if (m == Mode.Reenter) return _reenter();
        if (m == Mode.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (m == Mode.ReturnBomb) {
            bytes32 accepted = msg.sig; // what ERC-721 wants to hear
            assembly {
                mstore(0x00, accepted)
                return(0x00, 1000000)
            }
        }
        assembly {
            revert(0x00, 1000000)
        }
    }

    function _reenter() private {
        if (_inside) return;
        _inside = true;
        (reentrySucceeded, reentryResult) = _target.call{value: _value}(_payload);
        _inside = false;
        ++reentries;
    }
}
