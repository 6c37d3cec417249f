// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoyaltyGraph} from "../interfaces/IRoyaltyGraph.sol";
import {Edge} from "../types/Edge.sol";
import {Work, WorkLibrary} from "../types/Work.sol";
import {RoyaltyEdges} from "./RoyaltyEdges.sol";

/// @title RoyaltyLedger
/// @notice RoyaltyGraph's books: what each work earned, what each edge and fee claimed, what each share withdrew.
/// @dev Every entitlement is a floor of a cumulative sum, never of a payment, and never 'the rest': so none ever falls,
/// none depends on the order of claims, and no rounding is lost or made up; payments of nine units over an edge of a tenth
/// pay the parent nine tenths of a unit each. What the floors leave is the graph's: at most one unit an edge, fee,
/// contributor and owner, over a work's whole life.
///
/// Identity, per work and token: the edges', fees' and owner's entitlements sum to at most direct + inflow, because the
/// rates sum to at most D. Claims move `inflow` by exactly what they add to `claimed`.
abstract contract RoyaltyLedger is RoyaltyEdges {
    uint256 private constant COUNTERS = 18;
    uint256 private constant PROTOCOL_COUNTER = 16;
    uint256 private constant APP_COUNTER = 17;

    struct Fees {
        uint128 collected;
        uint128 withdrawn;
    }

    /// @custom:storage-location erc7201:tessera.storage.RoyaltyLedger
    struct LedgerStorage {
        /// Bits 0–127 direct, 128–255 inflow; each below 2^127, so that their sum fits a counter. One word: a payment
        /// writes one slot, and so does a claim on the parent's side.
        mapping(address token => mapping(uint256 id => uint256)) revenue;
        /// Counters of 128 bits, two a word, the even one below: edges 0 to 15, the protocol's fee, the app's.
        mapping(address token => mapping(uint256 id => uint256[COUNTERS / 2])) claimed;
        /// The owner's, then each contributor's.
        mapping(address token => mapping(uint256 id => mapping(uint256 share => uint256))) withdrawn;
        /// Fee accounts stand in a space of their own, which no id of a work reaches. App 0 is the protocol.
        mapping(address token => mapping(uint256 appId => Fees)) fees;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.RoyaltyLedger")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant LEDGER_STORAGE = 0x9e85f86a29201da2f4894bafb812eb83b76ceb4a3cdf782a525d07ed75d4af00;

    uint256 private constant SUM_BITS = 128;
    uint256 private constant SUM_MASK = type(uint128).max;
    uint256 private constant MAX_SUM = type(uint128).max >> 1;

    /// @notice Most claims or works of one call.
    uint256 internal constant MAX_BATCH = 256;

    /// @inheritdoc IRoyaltyGraph
    function claim(uint256 child, uint256 edge, address token) external returns (uint256 amount) {
        (amount, ) = _claim(child, edge, token);
    }

    /// @inheritdoc IRoyaltyGraph
    function claimBatch(Claim[] calldata claims, address token) external returns (uint256 amount) {
        _checkBatch(claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            (uint256 claimed, ) = _claim(claims[i].child, claims[i].edge, token);
            // A hostile token's sums may be anything below 2^127 each, and there are at most 256.
            amount += claimed;
        }
    }

    /// @inheritdoc IRoyaltyGraph
    function claimPath(uint256 child, uint256[] calldata edges, address token) external returns (uint256 amount) {
        _checkBatch(edges.length);
        for (uint256 i = 0; i < edges.length; ++i) {
            (amount, child) = _claim(child, edges[i], token);
            if (child == 0) return 0;
        }
    }

    /// @inheritdoc IRoyaltyGraph
    function claimFees(uint256[] calldata ids, address token) external returns (uint256 protocol, uint256 app) {
        _checkBatch(ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            Work work = _workOf(ids[i]);
            protocol += _claimFee(ids[i], token, 0, PROTOCOL_COUNTER, work.protocolFee());
            if (work.appId() != 0) app += _claimFee(ids[i], token, work.appId(), APP_COUNTER, work.appFee());
        }
    }

    /// @inheritdoc IRoyaltyGraph
    function revenueOf(uint256 id, address token) external view returns (uint256 direct, uint256 inflow) {
        return _unpack(_ledger().revenue[token][id]);
    }

    /// @inheritdoc IRoyaltyGraph
    function claimedOf(uint256 child, uint256 edge, address token) external view returns (uint256) {
        return edge < PROTOCOL_COUNTER ? _counter(_ledger().claimed[token][child][edge / 2], edge) : 0;
    }

    /// @inheritdoc IRoyaltyGraph
    function claimable(uint256 child, uint256 edge, address token) external view returns (uint256) {
        return _claimable(child, edge, token);
    }

    /// @inheritdoc IRoyaltyGraph
    function claimableFees(uint256 id, address token) external view returns (uint256 protocol, uint256 app) {
        Work work = _workOf(id);
        protocol = _claimableFee(id, token, 0, PROTOCOL_COUNTER, work.protocolFee());
        if (work.appId() != 0) app = _claimableFee(id, token, work.appId(), APP_COUNTER, work.appFee());
    }

    /// @inheritdoc IRoyaltyGraph
    function withdrawnOf(uint256 id, uint256 share, address token) external view returns (uint256) {
        return _ledger().withdrawn[token][id][share];
    }

    /// @inheritdoc IRoyaltyGraph
    function withdrawable(uint256 id, uint256 share, address token) external view returns (uint256) {
        return _entitledShare(id, _workOf(id), share, token) - _ledger().withdrawn[token][id][share];
    }

    /// @inheritdoc IRoyaltyGraph
    function feesOf(uint256 appId, address token) external view returns (uint256 collected, uint256 withdrawn) {
        Fees storage fees = _ledger().fees[token][appId];
        return (fees.collected, fees.withdrawn);
    }

    /// @dev The registry's word of a work; zero where there is none.
    function _workOf(uint256 id) internal view virtual returns (Work);

    /// @dev `direct` grows by what arrived. The registry is asked whether the work exists only while nothing of this token
    /// was ever credited to it: steady payments cost the same whatever the graph, and one write.
    function _credit(uint256 id, address token, uint256 amount) internal {
        if (amount == 0) revert ZeroAmount();
        mapping(uint256 id => uint256) storage revenue = _ledger().revenue[token];
        uint256 word = revenue[id];
        if (word == 0 && !_workOf(id).exists()) revert UnknownWork(id);
        if (amount > MAX_SUM - (word & SUM_MASK)) revert LedgerOverflow(id, token, amount);
        unchecked {
            revenue[id] = word + amount; // direct + amount <= MAX_SUM, so that nothing is carried into inflow
        }
        emit Paid(id, token, msg.sender, amount);
    }

    /// @dev Takes what a share may withdraw: `withdrawn` becomes the entitlement.
    function _takeShare(uint256 id, Work work, uint256 share, address token) internal returns (uint256 amount) {
        mapping(uint256 share => uint256) storage withdrawn = _ledger().withdrawn[token][id];
        uint256 entitled = _entitledShare(id, work, share, token);
        amount = entitled - withdrawn[share];
        if (amount != 0) withdrawn[share] = entitled;
    }

    /// @dev Takes what an app, or the protocol, may withdraw.
    function _takeFees(uint256 appId, address token) internal returns (uint256 amount) {
        Fees storage fees = _ledger().fees[token][appId];
        (uint128 collected, uint128 withdrawn) = (fees.collected, fees.withdrawn);
        amount = collected - withdrawn;
        if (amount != 0) fees.withdrawn = collected;
    }

    function _claim(uint256 child, uint256 index, address token) private returns (uint256 amount, uint256 parent) {
        Edge edge = _edgeOf(child, index);
        parent = edge.parentId();
        if (parent == 0) return (0, 0);
        LedgerStorage storage $ = _ledger();
        mapping(uint256 id => uint256) storage revenue = $.revenue[token];
        uint256[COUNTERS / 2] storage counters = $.claimed[token][child];
        uint256 word = counters[index / 2];
        uint256 ofParent = revenue[parent];
        amount = _due(_base(edge, revenue[child]), edge.rate(), _counter(word, index), ofParent >> SUM_BITS);
        if (amount == 0) return (0, parent);
        unchecked {
            // The counter becomes at most the entitlement, below 2^128, and inflow at most MAX_SUM: see _due.
            counters[index / 2] = word + (amount << _shift(index));
            revenue[parent] = ofParent + (amount << SUM_BITS);
        }
        emit Claimed(child, parent, token, index, amount);
    }

    function _claimable(uint256 child, uint256 index, address token) private view returns (uint256 amount) {
        Edge edge = _edgeOf(child, index);
        if (edge.parentId() == 0) return 0;
        LedgerStorage storage $ = _ledger();
        mapping(uint256 id => uint256) storage revenue = $.revenue[token];
        uint256 claimed = _counter($.claimed[token][child][index / 2], index);
        return _due(_base(edge, revenue[child]), edge.rate(), claimed, revenue[edge.parentId()] >> SUM_BITS);
    }

    function _claimFee(
        uint256 id,
        address token,
        uint256 appId,
        uint256 index,
        uint256 rate
    ) private returns (uint256 amount) {
        amount = _claimableFee(id, token, appId, index, rate);
        if (amount == 0) return 0;
        LedgerStorage storage $ = _ledger();
        unchecked {
            $.claimed[token][id][index / 2] += amount << _shift(index); // as in _claim
            $.fees[token][appId].collected += uint128(amount); // at most MAX_SUM: see _due
        }
        emit FeeClaimed(id, appId, token, amount);
    }

    /// @dev A fee is on direct revenue alone.
    function _claimableFee(
        uint256 id,
        address token,
        uint256 appId,
        uint256 index,
        uint256 rate
    ) private view returns (uint256 amount) {
        LedgerStorage storage $ = _ledger();
        uint256 claimed = _counter($.claimed[token][id][index / 2], index);
        return _due($.revenue[token][id] & SUM_MASK, rate, claimed, $.fees[token][appId].collected);
    }

    /// @dev What a share is entitled to over the work's whole life. W is the owner's side, of which contributors have
    /// their parts; each part is a floor of its own.
    function _entitledShare(uint256 id, Work work, uint256 share, address token) private view returns (uint256) {
        (uint256 direct, uint256 inflow) = _unpack(_ledger().revenue[token][id]);
        (uint256 ofDirect, uint256 ofInflow) = _ratesOf(id);
        uint256 ofOwner = DENOMINATOR - ofDirect - work.protocolFee() - work.appFee();
        uint256 whole = (direct * ofOwner) / DENOMINATOR + (inflow * (DENOMINATOR - ofInflow)) / DENOMINATOR;
        if (share != 0) {
            (, uint256 part) = _contributorOf(id, share - 1);
            return (whole * part) / DENOMINATOR;
        }
        if (!work.has(WorkLibrary.HAS_CONTRIBUTORS)) return whole;
        return (whole * (DENOMINATOR - _sharesOf(id))) / DENOMINATOR;
    }

    /// @dev What a rate of a cumulative sum entitles to and was not claimed. Floors of a growing sum: never below what was
    /// claimed. Never more than the receiving sum has room for: only a token that lies about its supply comes near, and
    /// then the rest waits, and no batch reverts.
    function _due(uint256 sum, uint256 rate, uint256 claimed, uint256 received) private pure returns (uint256 amount) {
        unchecked {
            amount = (sum * rate) / DENOMINATOR - claimed; // sum is below 2^128, rate below 2^20
            uint256 room = MAX_SUM - received;
            if (amount > room) amount = room;
        }
    }

    /// @dev What an edge's rate is of: direct revenue, and for a relative edge inflow too.
    function _base(Edge edge, uint256 word) private pure returns (uint256 base) {
        base = word & SUM_MASK;
        unchecked {
            if (!edge.isAbsolute()) base += word >> SUM_BITS; // each is below 2^127
        }
    }

    function _counter(uint256 word, uint256 index) private pure returns (uint256) {
        return (word >> _shift(index)) & SUM_MASK;
    }

    function _shift(uint256 index) private pure returns (uint256) {
        return (index % 2) * SUM_BITS;
    }

    function _unpack(uint256 word) private pure returns (uint256 direct, uint256 inflow) {
        return (word & SUM_MASK, word >> SUM_BITS);
    }

    function _checkBatch(uint256 length) private pure {
        if (length > MAX_BATCH) revert BatchTooLarge(length, MAX_BATCH);
    }

    function _ledger() private pure returns (LedgerStorage storage $) {
        assembly {
            $.slot := LEDGER_STORAGE
        }
    }
}
