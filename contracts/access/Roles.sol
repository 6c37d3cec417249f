// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Roles
/// @notice Role ids of the suite's AccessManager. Generated from deploy/roles.ts by `npm run generate`: change it there.
library Roles {
    /// @notice Grants and revokes roles, maps functions to roles. Whatever the table does not name is the admin's. Execution delay: 7 days.
    uint64 internal constant ADMIN = 0;

    /// @notice Cancels a scheduled operation of any delayed role but the admin's, and a corporate action that is to come. Execution delay: none.
    uint64 internal constant GUARDIAN = 10;

    /// @notice Pauses what can be paused. Execution delay: none.
    uint64 internal constant PAUSER = 11;

    /// @notice Resumes what was paused. Execution delay: 1 day.
    uint64 internal constant UNPAUSER = 12;

    /// @notice Upgrades the registry, the royalty graph and the licence market. Execution delay: 7 days.
    uint64 internal constant IP_UPGRADER = 200;

    /// @notice Sets the protocol's fee on works to come, its treasury, and the tokens in which licences are paid. Execution delay: 2 days.
    uint64 internal constant IP_CONFIG = 201;

    /// @notice Marks a work as disputed: its money waits, and it sells and derives nothing. Execution delay: none.
    uint64 internal constant IP_FREEZER = 202;

    /// @notice Ends a dispute without consequence. Execution delay: 1 day.
    uint64 internal constant IP_UNFREEZER = 203;

    /// @notice Ends a dispute in favour of a payee, who withdraws in the place of owner and contributors. Execution delay: 1 day.
    uint64 internal constant IP_REDIRECT = 204;

    /// @notice Upgrades the catalogue through its two beacons, and the contract of corporate actions. Execution delay: 7 days.
    uint64 internal constant EQUITY_UPGRADER = 300;

    /// @notice Sets feeds, caps, limits, policies, fees, documents, the sanctions list, and what the queue takes. Execution delay: 2 days.
    uint64 internal constant EQUITY_CONFIG = 301;

    /// @notice Moves and burns holdings of blocked and frozen accounts. Execution delay: 1 day.
    uint64 internal constant EQUITY_ENFORCER = 302;

    /// @notice Freezes and thaws holdings, in part or whole. Execution delay: none.
    uint64 internal constant EQUITY_FREEZER = 303;

    /// @notice Blocks accounts and lifts blocks. Execution delay: none.
    uint64 internal constant EQUITY_SANCTIONS = 304;

    /// @notice Onboards investors: verification, country, expiry, classes. Execution delay: none.
    uint64 internal constant EQUITY_KYC = 305;

    /// @notice Marks parts of the system in the registry and gives a stock its first bounds; the factory holds it without delay. Execution delay: 2 days.
    uint64 internal constant EQUITY_REGISTRAR = 306;

    /// @notice Lists a stock. Execution delay: none.
    uint64 internal constant EQUITY_DEPLOYER = 307;

    /// @notice Mints for a request. Execution delay: none.
    uint64 internal constant EQUITY_MINTER = 308;

    /// @notice Settles redemptions, and burns what it holds itself; the queue holds it too. Execution delay: none.
    uint64 internal constant EQUITY_REDEEMER = 309;

    /// @notice Schedules and cancels corporate actions, takes snapshots, funds cash dividends. Execution delay: none.
    uint64 internal constant EQUITY_CORP_ACTION = 310;

    /// @notice Brings prices. Execution delay: none.
    uint64 internal constant EQUITY_ORACLE_UPDATER = 311;

    /// @notice Confirms or rejects a price that the updater may not bring alone. Execution delay: none.
    uint64 internal constant EQUITY_ORACLE_CONFIRMER = 312;

    /// @notice Freezes an account of pieUSD. Execution delay: none.
    uint64 internal constant PAYMENTS_FREEZER = 400;

    /// @notice Lifts a freeze. Execution delay: 1 day.
    uint64 internal constant PAYMENTS_UNFREEZER = 401;

    /// @notice Sends away tokens that came by mistake, and backing beyond the supply. Execution delay: 2 days.
    uint64 internal constant PAYMENTS_RESCUER = 402;

    /// @notice Opens redemption at a shared loss after backing was lost, and closes it once backing is whole. Execution delay: 2 days.
    uint64 internal constant PAYMENTS_PRORATA = 403;
}
