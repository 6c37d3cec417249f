// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEquityToken} from "../../equity/interfaces/IEquityToken.sol";
import {IWrappedEquity} from "../../equity/interfaces/IWrappedEquity.sol";

/// @title MockRoundingLoop
/// @notice Whoever hopes that the wrapper's rounding leaves something to him: in and out, by amounts of a few base units.
contract MockRoundingLoop {
    IEquityToken public immutable token;
    IWrappedEquity public immutable wrapper;

    constructor(IEquityToken token_, IWrappedEquity wrapper_) {
        (token, wrapper) = (token_, wrapper_);
        token_.approve(address(wrapper_), type(uint256).max);
    }

    /// @notice Rounds of one in and one out, each of up to `bound` base units, drawn from the seed.
    function loop(uint256 rounds, uint256 bound, uint256 seed) external {
        for (uint256 i = 0; i < rounds; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            uint256 amount = 1 + ((draw >> 8) % bound);
            if (draw & 1 == 0) {
                if (wrapper.previewDeposit(amount) != 0) wrapper.deposit(amount, address(this));
            } else {
                wrapper.mint(amount, address(this));
            }
            amount = 1 + ((draw >> 128) % bound);
            if (draw & 2 == 0) {
                if (amount <= wrapper.maxWithdraw(address(this)))
                    wrapper.withdraw(amount, address(this), address(this));
            } else if (amount <= wrapper.balanceOf(address(this))) {
                wrapper.redeem(amount, address(this), address(this));
            }
        }
    }
}
