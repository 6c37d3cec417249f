// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IRoyaltyGraph} from "./interfaces/IRoyaltyGraph.sol";
import {IRoyaltyInbox} from "./interfaces/IRoyaltyInbox.sol";

/// @title RoyaltyInbox
/// @notice See {IRoyaltyInbox}. A clone a work (ERC-1167 with immutable arguments), deployed by the graph's `sweep`; its
/// address is known and can be paid before. Immutable, without owner and without roles.
contract RoyaltyInbox is IRoyaltyInbox {
    using SafeERC20 for IERC20;

    address private constant NATIVE = address(0);

    /// @notice Anybody may pay.
    receive() external payable {}

    /// @inheritdoc IRoyaltyInbox
    function sweep(address token) external returns (uint256 amount) {
        (address graph, uint256 id) = work();
        if (token == NATIVE) {
            amount = address(this).balance;
            if (amount == 0) revert NothingToSweep(token);
            IRoyaltyGraph(graph).pay{value: amount}(id);
        } else {
            amount = IERC20(token).balanceOf(address(this));
            if (amount == 0) revert NothingToSweep(token);
            IERC20(token).forceApprove(graph, amount);
            // What arrives, where the token charges.
            amount = IRoyaltyGraph(graph).payToken(id, token, amount);
        }
    }

    /// @inheritdoc IRoyaltyInbox
    function work() public view returns (address graph, uint256 id) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (address, uint256));
    }
}
