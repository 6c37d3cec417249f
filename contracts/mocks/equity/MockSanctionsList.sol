// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISanctionsList} from "../../equity/interfaces/ISanctionsList.sol";

/// @title MockSanctionsList
/// @notice Chainalysis's list of sanctioned addresses, honest, dead, or lying. Anybody may write it.
contract MockSanctionsList is ISanctionsList {
    enum Mode {
        Honest,
        /// Reverts.
        Dead,
        /// Says true of everybody.
        AccuseAll,
        /// Says false of everybody.
        ClearAll,
        /// No data, as an account without code.
        Nothing,
        /// Less than a word of data.
        Short,
        /// A word that is no bool.
        Garbage,
        /// All the gas there is.
        BurnGas,
        /// A megabyte, of which the first word says true.
        ReturnBomb,
        /// A megabyte of a reason.
        RevertBomb
    }

    Mode public mode;
    mapping(address account => bool) private _listed;
    mapping(address account => bool) private _liesAbout;

    /// As on Chainalysis's own list.
    event SanctionedAddressesAdded(address[] addrs);
    event SanctionedAddressesRemoved(address[] addrs);

    error Hostile();

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function addToSanctionsList(address[] calldata accounts) external {
        _list(accounts, true);
        emit SanctionedAddressesAdded(accounts);
    }

    function removeFromSanctionsList(address[] calldata accounts) external {
        _list(accounts, false);
        emit SanctionedAddressesRemoved(accounts);
    }

    /// @dev A lie about one account, told while the mode is honest: its answer is the opposite of what is listed.
    function setLie(address account, bool lies) external {
        _liesAbout[account] = lies;
    }

    function isSanctioned(address account) external view returns (bool) {
        Mode m = mode;
        if (m == Mode.Honest) return _listed[account] != _liesAbout[account];
        if (m == Mode.Dead) revert Hostile();
        if (m == Mode.AccuseAll) return true;
        if (m == Mode.ClearAll) return false;
        if (m == Mode.BurnGas) {
            assembly {
                invalid()
            }
        }
        if (m == Mode.RevertBomb) {
            assembly {
                revert(0x00, 1000000)
            }
        }
        uint256 word = m == Mode.Garbage ? type(uint256).max : 1;
        uint256 length = 0x20;
        if (m == Mode.Nothing) length = 0;
        if (m == Mode.Short) length = 0x1f;
        if (m == Mode.ReturnBomb) length = 1000000;
        assembly {
            mstore(0x00, word)
            return(0x00, length)
        }
    }

    function _list(address[] calldata accounts, bool listed) private {
        for (uint256 i; i < accounts.length; ++i) _listed[accounts[i]] = listed;
    }
}
