// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EquityPriceFeed} from "./base/EquityPriceFeed.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {ICorporateActions} from "./interfaces/ICorporateActions.sol";
import {IEquityOracle} from "./interfaces/IEquityOracle.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";

/// @title TokenPriceFeed
/// @notice Price of a tokenized stock, see {EquityPriceFeed}: that of a share, divided by the multiplier and rounded down.
///
/// The last round is divided by the multiplier of this very second, so that the answer changes as balances do, without a
/// new round and without a change of `updatedAt`. A round that another one followed is divided by the multiplier that it
/// was computed with, and does not change any more.
contract TokenPriceFeed is EquityPriceFeed {
    uint256 private constant WAD = 1e18;

    /// @notice Reverts with `InvalidFeed` where either has no code.
    /// @param oracle_ The oracle.
    /// @param token_ The equity token.
    constructor(IEquityOracle oracle_, address token_) EquityPriceFeed(oracle_, token_) {}

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        // forge-lint: disable-next-line(unsafe-typecast) -- of 32 bits
        return _answer(uint80(oracle.latestRound(token)), IEquityToken(token).multiplier());
    }

    /// @inheritdoc IAggregatorV3
    function getRoundData(
        uint80 roundId
    ) external view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) {
        // The last one, as `latestRoundData` answers it.
        if (roundId == oracle.latestRound(token)) return _answer(roundId, IEquityToken(token).multiplier());
        return _answer(roundId, _multiplierOf(oracle.roundOf(token, roundId).multiplierNonce));
    }

    /// @dev At most 2^128 · 1e18 / 1e10, a positive number of 256 bits: multipliers are 1e10 at least.
    function _answer(
        uint80 roundId,
        uint256 multiplier
    ) private view returns (uint80, int256, uint256, uint256, uint80) {
        IEquityOracle.Round memory round = oracle.roundOf(token, roundId);
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 answer = int256((uint256(round.price) * WAD) / multiplier);
        return (roundId, answer, round.observedAt, round.observedAt, roundId);
    }

    /// @dev The multiplier after so many corporate actions; a token starts with one.
    function _multiplierOf(uint256 nonce) private view returns (uint256) {
        if (nonce == 0) return WAD;
        return ICorporateActions(IEquityToken(token).corporateActions()).actionOf(token, nonce - 1).multiplier;
    }

    function _unit() internal view override returns (address) {
        return token;
    }
}
