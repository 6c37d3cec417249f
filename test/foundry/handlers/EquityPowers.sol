// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IComplianceRegistry} from "../../../contracts/equity/interfaces/IComplianceRegistry.sol";
import {IEquityIssuance} from "../../../contracts/equity/interfaces/IEquityIssuance.sol";
import {IEquityToken} from "../../../contracts/equity/interfaces/IEquityToken.sol";
import {IERC7943Fungible} from "../../../contracts/equity/interfaces/IERC7943.sol";
import {MockAggregator} from "../../../contracts/mocks/equity/MockAggregator.sol";
import {EquityMoves} from "./EquityMoves.sol";

/// @title EquityPowers
/// @notice What roles do with the stock: mint and burn, freeze and force, the registry, pauses, policy, snapshots, bounds;
/// and what the feed of reserves answers.
abstract contract EquityPowers is EquityMoves {
    /// @notice Mints that took the last that a bound allows.
    uint256 public fullMints;

    function _mint() internal {
        address minter = minters[_draw(2)];
        address to = _drawReceiver();
        // Mostly of now; the others as stale, or odd, as they are.
        if (_chance(3)) _disturbFeed();
        else if (!_chance(4)) _answerFor(_total + _draw(2 * GLOBAL_CAPACITY));
        bytes32 requestId =
            _usedRequests.length != 0 && _chance(16)
                ? _usedRequests[_draw(_usedRequests.length)]
                : bytes32(_draw(type(uint256).max));
        (uint256 amount, bool exact) = _drawMint(minter);
        uint256 shares = amount > MAX_AMOUNT ? MAX_SHARES : (amount * WAD) / _multiplier;
        bool succeeds =
            to != address(0) &&
                to != address(token) &&
                _pauses & PAUSED_MINTS == 0 &&
                _complies(address(0), address(0), to) &&
                !_requestUsed[requestId] &&
                _isWithinBounds(minter, shares);

        uint256 supply = token.totalSupply();
        if (!_send(address(token), minter, abi.encodeCall(IEquityToken.mint, (to, amount, requestId)), succeeds))
            return;
        if (exact) ++fullMints;
        assertLe(token.totalSupply(), supply + amount, "I12: a mint added more than its amount");
        _bookMint(minter, to, requestId, shares);
        _checkMinted(minter);
    }

    /// @dev The redeemer's own, of which some may be frozen.
    function _burn() internal {
        address account = redeemer();
        uint256 amount = _drawAmount(_worth(_shares[account]));
        uint256 shares = _sharesUp(amount);
        uint256 supply = token.totalSupply();
        bool succeeds = _mayBurn(account, shares);
        if (!_send(address(token), account, abi.encodeCall(IEquityToken.burn, (amount)), succeeds)) return;
        assertLe(token.totalSupply() + amount, supply, "I12: a burn removed less than its amount");
        _shares[account] -= shares;
        _total -= shares;
    }

    function _burnShares() internal {
        address account = redeemer();
        uint256 shares = _drawShares(_shares[account]);
        bool succeeds = _mayBurn(account, shares);
        if (!_send(address(token), account, abi.encodeCall(IEquityToken.burnShares, (shares)), succeeds)) return;
        _shares[account] -= shares;
        _total -= shares;
    }

    /// @dev A part, all and more to come, nothing again.
    function _setFrozen() internal {
        address account = _drawHolder();
        uint256 kind = _draw(8);
        uint256 amount = 0;
        if (kind == 0) amount = type(uint256).max;
        else if (kind == 1) amount = _chance(4) ? _draw(type(uint256).max) : _worth(_shares[account]) * 2 + 1;
        else if (kind < 4) amount = _draw(_worth(_shares[account]) + 1);
        uint256 shares = amount == type(uint256).max ? ALL : _sharesUp(amount);
        bool succeeds = amount == type(uint256).max || shares < MAX_SHARES;
        if (
            _send(address(token), office, abi.encodeCall(IERC7943Fungible.setFrozenTokens, (account, amount)), succeeds)
        ) {
            _frozen[account] = shares;
        }
    }

    /// @dev Some to the wrapper or the queue: the one way in without a deposit or request.
    function _forcedTransfer() internal {
        address from = _drawSeizable();
        address to = _chance(3) ? address(wrapper) : _drawReceiver();
        uint256 amount = _drawAmount(_worth(_shares[from]));
        uint256 shares = _sharesUp(amount);
        bool succeeds =
            to != address(0) && to != address(token) && _complies(to, address(0), to) && _maySeize(from, shares);
        bytes memory data = abi.encodeCall(IERC7943Fungible.forcedTransfer, (from, to, amount));
        if (!_send(address(token), office, data, succeeds)) return;
        _bookSeizure(from, shares);
        _bookMove(from, to, shares);
        if (to == address(wrapper)) _donatedToWrapper += shares;
    }

    function _forcedBurn() internal {
        address from = _drawSeizable();
        uint256 amount = _drawAmount(_worth(_shares[from]));
        uint256 shares = _sharesUp(amount);
        uint256 supply = token.totalSupply();
        bytes memory data = abi.encodeCall(IEquityToken.forcedBurn, (from, amount));
        if (!_send(address(token), office, data, _maySeize(from, shares))) return;
        assertLe(token.totalSupply() + amount, supply, "I12: a burn removed less than its amount");
        _bookSeizure(from, shares);
        _shares[from] -= shares;
        _total -= shares;
    }

    /// @dev Never two at a time for long, or little else would succeed.
    function _setRestrictions() internal {
        address account = _restricted();
        uint256 value = 0;
        bool restricts = _chance(account == address(0) ? 2 : 6);
        if (restricts || account == address(0)) account = _drawHolder();
        if (restricts) {
            value = _chance(3) ? NO_SEND << _draw(2) : BLOCKED;
            if (_chance(2)) account = _drawRequester(account);
            if (_chance(12)) account = _chance(2) ? address(queue) : address(wrapper);
        }
        uint256 mask = BLOCKED | NO_SEND | NO_RECEIVE;
        if (_chance(16)) mask |= _chance(2) ? KYC : SYSTEM;
        bool succeeds = mask < SYSTEM && mask & KYC == 0;
        if (_words[account] & SYSTEM != 0 && value & BLOCKED != 0) succeeds = false;
        bytes memory data = abi.encodeCall(IComplianceRegistry.setRestrictions, (account, mask, value));
        if (_send(address(registry), office, data, succeeds)) _words[account] = (_words[account] & ~mask) | value;
    }

    /// @dev Mostly verified, some until a day to come, of one of four countries, mostly allowed the stock's class.
    function _setInvestor() internal {
        address account = _drawHolder();
        uint256 mask = KYC | (uint256(type(uint48).max) << 8) | CLASS_BIT;
        uint256 value = _draw(4) << 8;
        if (!_chance(8)) value |= KYC;
        uint256 expiry = _chance(3) ? _now() + _draw(_chance(4) ? 2 : 60 days) : 0;
        value |= expiry << 16;
        if (!_chance(8)) value |= CLASS_BIT;
        if (_chance(16)) mask |= BLOCKED; // whoever verifies cannot unblock
        bool succeeds = mask & BLOCKED == 0 && (value & KYC == 0 || expiry == 0 || expiry > _now());
        bytes memory data = abi.encodeCall(IComplianceRegistry.setInvestor, (account, mask, value));
        if (_send(address(registry), office, data, succeeds)) _words[account] = (_words[account] & ~mask) | value;
    }

    function _setPolicy() internal {
        uint256 policy = _chance(3) ? _draw(17) : 0;
        uint256 countries = _chance(3) ? ~(uint256(1) << _draw(4)) : type(uint256).max;
        bytes memory data = abi.encodeCall(IEquityToken.setPolicy, (uint8(policy), uint8(PRODUCT_CLASS), countries));
        if (_send(address(token), office, data, policy < 16)) (_policy, _countries) = (policy, countries);
    }

    function _pause() internal {
        uint256 bits = _chance(4) ? _draw(17) : PAUSED_MINTS << _draw(3);
        bool succeeds = bits != 0 && bits < 16;
        if (_send(address(token), office, abi.encodeCall(IEquityToken.pause, (bits)), succeeds)) _pauses |= bits;
        assertEq(token.pauses(), _pauses, "pauses");
    }

    /// @dev Mostly all, or little else would succeed.
    function _unpause() internal {
        uint256 bits = _chance(4) ? _draw(17) : 15;
        bool succeeds = bits != 0 && bits < 16;
        if (_send(address(token), office, abi.encodeCall(IEquityToken.unpause, (bits)), succeeds)) _pauses &= ~bits;
        assertEq(token.pauses(), _pauses, "pauses");
    }

    function _snapshot() internal {
        _send(address(token), office, abi.encodeCall(IEquityToken.snapshot, ()), true);
        Snapshot storage entry = _snapshots.push();
        entry.total = _total;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            (entry.shares[i], entry.units[i]) = (_shares[accounts[i]], _units[accounts[i]]);
        }
    }

    /// @dev Around what there is: some below it, which stops mints alone.
    function _setCap() internal {
        uint256 cap = _chance(4) ? _total - _draw(_least(_total, 1_000) + 1) : _total + 1 + _draw(FIRST_CAP);
        _send(address(issuance), office, abi.encodeCall(IEquityIssuance.setCap, (address(token), uint112(cap))), true);
        _cap = cap;
    }

    function _setFeed() internal {
        _disturbFeed();
        _count();
    }

    // What the actions above ask

    /// @dev Cap, reserves, buckets.
    function _isWithinBounds(address minter, uint256 shares) private view returns (bool) {
        if (shares == 0 || _total + shares > _cap) return false;
        (bool counts, uint256 allowed) = _allowedSupply();
        if (!counts || ((_total + shares) * _covered()) / WAD > allowed) return false;
        return shares <= _mintable(minter);
    }

    /// @dev I5 and I13, by what the token says and what the books do.
    function _checkMinted(address minter) private view {
        (bool counts, uint256 allowed) = _allowedSupply();
        assertTrue(counts, "I5: minted without an answer that counts");
        assertLe(token.totalSupply(), allowed, "I5: supply above the reserves");
        assertLe(token.totalShares(), _cap, "I5: shares above the cap");
        uint256 ofAll = 0;
        uint256 ofMinter = 0;
        for (uint256 i = _mints.length; i != 0; --i) {
            MintRecord storage entry = _mints[i - 1];
            if (entry.time + WINDOW <= _now()) break;
            ofAll += entry.shares;
            if (entry.minter == minter) ofMinter += entry.shares;
        }
        assertLe(ofAll, 2 * GLOBAL_CAPACITY, "I13: more than twice the capacity in a window");
        assertLe(ofMinter, 2 * MINTER_CAPACITY, "I13: more than twice a minter's capacity in a window");
    }

    /// @dev A dividend to come must be covered before it comes. What makes a quarter more at most may be one.
    function _covered() private view returns (uint256) {
        return _pending > _multiplier && _pending * 4 <= _multiplier * 5 ? _pending : _multiplier;
    }

    /// @dev Amounts at the bounds and a share beyond; less than a share; and few, so that the buckets last. `exact` where it
    /// is the last that the tightest bound allows.
    function _drawMint(address minter) private returns (uint256 amount, bool exact) {
        uint256 kind = _draw(12);
        if (kind == 0) return (_draw(_multiplier / WAD + 2), false);
        if (kind == 1) return (_chance(2) ? type(uint256).max : MAX_AMOUNT, false);
        if (kind > 4) return (_draw(_worth(MINTER_CAPACITY / 16) + 1), false);
        uint256 shares = _mintable(minter);
        assertEq(issuance.mintable(address(token), minter), shares, "I13: what the buckets let");
        shares = _least(shares, _cap < _total ? 0 : _cap - _total);
        if (kind == 2) _answerFor(_total + 2 * GLOBAL_CAPACITY); // the buckets are the tightest, or the cap
        if (kind == 4) {
            // The reserves are the tightest.
            shares = _draw(shares + 1);
            _answerFor(_total + shares);
        }
        (bool counts, uint256 allowed) = _allowedSupply();
        // The greatest total whose worth, rounded down, is allowed.
        uint256 most = counts ? ((allowed + 1) * WAD - 1) / _covered() : 0;
        shares = _least(shares, most < _total ? 0 : most - _total);
        if (kind == 2) ++shares;
        // The least amount that makes so many shares.
        return ((shares * _multiplier + WAD - 1) / WAD, kind != 2);
    }

    /// @dev A fresh answer that covers so many shares, and hardly more.
    function _answerFor(uint256 shares) internal {
        uint256 stocks = (shares * _covered()) / WAD;
        stocks = (stocks * BPS + BPS - MARGIN_BPS - 1) / (BPS - MARGIN_BPS);
        stocks = (stocks * BPS + CHAIN_SHARE_BPS - 1) / CHAIN_SHARE_BPS;
        _answer = int256((stocks + 1) * 10 ** (FEED_DECIMALS - 18));
        (_answeredAt, _feedFails) = (_now(), false);
        feed.setMode(MockAggregator.Mode.Answer);
        feed.setDecimals(FEED_DECIMALS);
        feed.push(_answer);
    }

    /// @dev Silence, other decimals, answers and times that cannot be; and answers that can, of now and of before.
    function _disturbFeed() private {
        _answerFor(_total + _draw(GLOBAL_CAPACITY));
        uint256 kind = _draw(10);
        if (kind < 3) {
            _feedFails = true;
            if (kind < 2) feed.setMode(_chance(3) ? MockAggregator.Mode.Nothing : MockAggregator.Mode.Revert);
            else feed.setDecimals(FEED_DECIMALS + 1);
        } else if (kind < 6) {
            int256[4] memory answers = [int256(0), -1, int256(_draw(1e30)), type(int256).max];
            _answer = answers[_draw(4)];
            // More than is believed counts as no answer.
            _feedFails = _answer == type(int256).max;
            feed.setAnswer(_answer);
        } else if (kind < 9) {
            uint256[5] memory times = [0, _now() + 1, _now() - HEARTBEAT - 1, _now() - _draw(HEARTBEAT + 1), 0];
            if (_lastActionAt != 0) times[4] = _lastActionAt - _draw(2); // of before the last action, or its second
            _answeredAt = times[_chance(3) ? 4 : _draw(4)];
            feed.setUpdatedAt(_answeredAt);
        }
    }

    function _mayBurn(address account, uint256 shares) private view returns (bool) {
        if (_pauses & PAUSED_BURNS != 0 || shares == 0 || shares > _freeShares(account)) return false;
        return _complies(account, account, address(0));
    }

    function _maySeize(address from, uint256 shares) private view returns (bool) {
        if (_words[from] & SYSTEM != 0 || shares > _shares[from]) return false;
        return _words[from] & BLOCKED != 0 || _frozen[from] >= shares;
    }

    function _bookSeizure(address from, uint256 shares) private {
        _enforced = true;
        _frozen[from] = _leftFrozen(_frozen[from], _shares[from], shares);
    }

    /// @dev Mostly somebody blocked or frozen.
    function _drawSeizable() internal returns (address account) {
        uint256 first = _draw(HOLDERS);
        for (uint256 i = 0; i < HOLDERS; ++i) {
            account = accounts[(first + i) % HOLDERS];
            if (_words[account] & BLOCKED != 0 || _frozen[account] != 0) return account;
        }
        if (_chance(4)) return _chance(2) ? address(wrapper) : address(queue);
    }

    /// @dev Somebody with an open request, where there is one.
    function _drawRequester(address other) internal returns (address) {
        uint256 first = _draw(HOLDERS);
        for (uint256 i = 0; i < HOLDERS; ++i) {
            address account = accounts[(first + i) % HOLDERS];
            if (_openOf[account] != 0) return account;
        }
        return other;
    }

    function _restricted() private view returns (address) {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if (_words[accounts[i]] & (BLOCKED | NO_SEND | NO_RECEIVE) != 0) return accounts[i];
        }
        return address(0);
    }
}
