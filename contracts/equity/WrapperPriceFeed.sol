// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EquityPriceFeed} from "./base/EquityPriceFeed.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IEquityOracle} from "./interfaces/IEquityOracle.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";

/// @title WrapperPriceFeed
/// @notice Price of a stock's wrapper, see {EquityPriceFeed}. Its unit is a share, so these are the oracle's own prices, and
/// no corporate action moves them.
contract WrapperPriceFeed is EquityPriceFeed {
    /// @notice Reverts with `InvalidFeed` where either has no code.
    /// @param oracle_ The oracle.
    /// @param token_ The equity token, not the wrapper.
    constructor(IEquityOracle oracle_, address token_) EquityPriceFeed(oracle_, token_) {}

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return oracle.latestRoundData(token);
    }

    /// @inheritdoc IAggregatorV3
    function getRoundData(
        uint80 roundId
    ) external view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) {
        return oracle.getRoundData(token, roundId);
    }

    function _unit() internal view override returns (address) {
        return IEquityToken(token).wrapper();
    }
}
