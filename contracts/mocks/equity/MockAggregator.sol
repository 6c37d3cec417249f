// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "../../equity/interfaces/IAggregatorV3.sol";

/// @title MockAggregator
/// @notice A Chainlink feed that answers what it is told to: of reserves, of prices, or of a sequencer's uptime (answer 0:
/// up, 1: down; `startedAt` says since when). Nothing that is set is checked, so that every quirk of a feed can be had:
/// stale, zero, negative or out-of-range answers, times that are zero or to come, decimals that change, silence.
contract MockAggregator is IAggregatorV3 {
    enum Mode {
        Answer,
        Revert,
        /// No data, as an account without a function of that name.
        Nothing,
        /// A word of data, too short to be a round.
        Short,
        /// All the gas there is.
        BurnGas,
        /// Words that fit none of the narrower types.
        Garbage
    }

    struct Round {
        int256 answer;
        // One slot.
        uint88 startedAt;
        uint88 updatedAt;
        uint80 answeredInRound;
    }

    string public description = "Mock feed";
    uint256 public version = 4;
    // One slot, as a real feed's answer costs a few slots too.
    Mode public mode;
    uint80 public latestRound;
    uint8 private _decimals;

    mapping(uint80 roundId => Round) private _rounds;

    /// Chainlink's own error for a round that there is not.
    error NoDataPresent();
    error Hostile();

    /// @dev Its first round is of now.
    constructor(uint8 decimals_, int256 answer) {
        _decimals = decimals_;
        _setRound(1, answer, block.timestamp, block.timestamp, 1);
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function setDecimals(uint8 decimals_) external {
        _decimals = decimals_;
    }

    function setDescription(string calldata description_) external {
        description = description_;
    }

    function setVersion(uint256 version_) external {
        version = version_;
    }

    /// @dev The next round, of now.
    function push(int256 answer) external {
        uint80 roundId = latestRound + 1;
        _setRound(roundId, answer, block.timestamp, block.timestamp, roundId);
    }

    /// @dev Changes the answer of the last round, and nothing else of it.
    function setAnswer(int256 answer) external {
        _rounds[latestRound].answer = answer;
    }

    /// @dev Changes when the last round was updated.
    function setUpdatedAt(uint256 updatedAt) external {
        _rounds[latestRound].updatedAt = uint88(updatedAt);
    }

    /// @dev Changes when the last round started; for a sequencer, since when its state holds.
    function setStartedAt(uint256 startedAt) external {
        _rounds[latestRound].startedAt = uint88(startedAt);
    }

    /// @dev Makes this round the last, whatever it is.
    function setRound(
        uint80 roundId,
        int256 answer,
        uint256 startedAt,
        uint256 updatedAt,
        uint80 answeredInRound
    ) external {
        _setRound(roundId, answer, startedAt, updatedAt, answeredInRound);
    }

    /// @dev Makes this id the last one; of a round that nobody set, everything is zero.
    function setLatestRound(uint80 roundId) external {
        latestRound = roundId;
    }

    function decimals() external view returns (uint8) {
        _misbehave();
        return _decimals;
    }

    /// @dev Reverts as Chainlink's do for a round that was not updated.
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        _misbehave();
        if (roundId == 0 || roundId > latestRound || _rounds[roundId].updatedAt == 0) revert NoDataPresent();
        return _answer(roundId);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        _misbehave();
        return _answer(latestRound);
    }

    function _setRound(
        uint80 roundId,
        int256 answer,
        uint256 startedAt,
        uint256 updatedAt,
        uint80 answeredInRound
    ) private {
        latestRound = roundId;
        _rounds[roundId] = Round(answer, uint88(startedAt), uint88(updatedAt), answeredInRound);
    }

    function _answer(uint80 roundId) private view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _rounds[roundId];
        return (roundId, round.answer, round.startedAt, round.updatedAt, round.answeredInRound);
    }

    function _misbehave() private view {
        Mode m = mode;
        if (m == Mode.Answer) return;
        if (m == Mode.Revert) revert Hostile();
        if (m == Mode.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (m == Mode.Garbage) {
            assembly {
                for {
                    let i := 0
                } lt(i, 0xa0) {
                    i := add(i, 0x20)
                } {
                    mstore(i, not(0))
                }
                return(0x00, 0xa0)
            }
        }
        bool short = m == Mode.Short;
        assembly {
            return(0x00, mul(short, 0x20))
        }
    }
}
