// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC777Recipient} from "@openzeppelin/contracts/interfaces/IERC777Recipient.sol";
import {IERC777Sender} from "@openzeppelin/contracts/interfaces/IERC777Sender.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title MockHookToken
/// @notice Stands for ERC-777 behind an ERC-20's functions: a move calls the sender's hook before and the recipient's
/// hook after it, and fails where a hook fails. Accounts name their hooks here instead of in ERC-1820's registry.
/// @dev Minting calls no hook, so that funds can be given to an account whose hook is armed.
contract MockHookToken is ERC20 {
    mapping(address account => IERC777Sender) public senderHook;
    mapping(address account => IERC777Recipient) public recipientHook;

    constructor() ERC20("Hook token (mock)", "HOOK") {}

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    /// @dev The caller's own; 0: none.
    function setHooks(IERC777Sender sender, IERC777Recipient recipient) external {
        senderHook[msg.sender] = sender;
        recipientHook[msg.sender] = recipient;
    }

    function _update(address from, address to, uint256 value) internal override {
        bool minted = from == address(0);
        IERC777Sender sender = senderHook[from];
        if (!minted && address(sender) != address(0)) sender.tokensToSend(msg.sender, from, to, value, "", "");
        super._update(from, to, value);
        IERC777Recipient recipient = recipientHook[to];
        if (!minted && address(recipient) != address(0)) recipient.tokensReceived(msg.sender, from, to, value, "", "");
    }
}
