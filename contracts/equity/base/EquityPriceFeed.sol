// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IEquityOracle} from "../interfaces/IEquityOracle.sol";

/// @title EquityPriceFeed
/// @notice Chainlink's face of a stock in {IEquityOracle}. Immutable, without roles: it stores nothing and decides nothing.
///
/// As with Chainlink's own, the answer is the last good one, however old: `updatedAt` says when it was observed, and whoever
/// acts on it must judge that, and the sequencer. Contracts of this suite ask {IEquityOracle.priceOf} in its place.
abstract contract EquityPriceFeed is IAggregatorV3 {
    /// @notice The oracle that it shows.
    IEquityOracle public immutable oracle;

    /// @notice The token by whose address the oracle knows the stock, whichever face this is.
    address public immutable token;

    /// @notice The oracle or the token has no code.
    error InvalidFeed(address oracle, address token);

    /// @notice Reverts with `InvalidFeed` where either has no code.
    /// @param oracle_ The oracle.
    /// @param token_ The equity token.
    constructor(IEquityOracle oracle_, address token_) {
        if (address(oracle_).code.length == 0 || token_.code.length == 0) revert InvalidFeed(address(oracle_), token_);
        oracle = oracle_;
        token = token_;
    }

    /// @inheritdoc IAggregatorV3
    function decimals() external view returns (uint8) {
        return oracle.decimals();
    }

    /// @inheritdoc IAggregatorV3
    function description() external view returns (string memory) {
        return string.concat(IERC20Metadata(_unit()).symbol(), " / USD");
    }

    /// @inheritdoc IAggregatorV3
    function version() external pure returns (uint256) {
        return 1;
    }

    /// @dev The token of which the answers are the price.
    function _unit() internal view virtual returns (address);
}
