// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ManagedUUPS} from "../access/ManagedUUPS.sol";
import {BatchGas} from "../access/libraries/BatchGas.sol";
import {IERC3009} from "../payments/interfaces/IERC3009.sol";
import {LicenseRecords} from "./base/LicenseRecords.sol";
import {IIPRegistry} from "./interfaces/IIPRegistry.sol";
import {ILicenseMarket} from "./interfaces/ILicenseMarket.sol";
import {ILicenseTerms, LicenseKind, Use} from "./interfaces/ILicenseTerms.sol";
import {IRoyaltyGraph} from "./interfaces/IRoyaltyGraph.sol";
import {IRoyaltyPayer} from "./interfaces/IRoyaltyPayer.sol";
import {Work, WorkLibrary} from "./types/Work.sol";

/// @title LicenseMarket
/// @notice See {ILicenseMarket}, which holds the prose. Upgradeable (UUPS, ERC-7201).
/// @dev This file is offers, purchases and their payment; the records are the base. The record is written before the
/// money moves, and the lock covers both.
///
/// Identity: what a purchase takes from its buyer is what the work's direct revenue grows by. The market's balance of any
/// token is the same after a call as before it.
contract LicenseMarket is LicenseRecords, IRoyaltyPayer, ReentrancyGuardTransient, ManagedUUPS {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:tessera.storage.LicenseMarket
    struct MarketStorage {
        mapping(uint256 ipId => mapping(Use use => Offer)) offers;
        mapping(address token => bool) paymentTokens;
    }

    /// @dev What a sale needs of its terms, copied when they are offered: terms are immutable, so the copy never ages, and
    /// a purchase reads two slots here in the place of three over two contracts.
    struct Offer {
        uint32 termsId;
        LicenseKind kind;
        uint40 duration;
        address paymentToken;
        uint128 price;
    }

    /// @dev How the graph's demand is met: by the buyer's allowance, or by its signature.
    struct Payment {
        address buyer;
        /// Explicit: an empty signature must never pass for an allowance.
        bool isSigned;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
        bytes signature;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.LicenseMarket")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant MARKET_STORAGE = 0x9a8e3e9256e432c7f92bf3b86e52e3c86c61ad90dfedd57c12205ba331743000;

    bytes32 private constant PURCHASE_TYPEHASH = keccak256(
        "Purchase(address buyer,uint256 ipId,uint8 use,uint32 termsId,uint64 quantity,address licensee,bytes32 salt)"
    );

    address private constant NATIVE = address(0);

    /// @notice Longest batch.
    uint256 internal constant MAX_BATCH = 50;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IIPRegistry private immutable _registry;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IRoyaltyGraph private immutable _graph;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    ILicenseTerms private immutable _terms;

    /// @notice The implementation, for one registry and its graph.
    /// @param registry_ The registry of works.
    /// @param graph_ The royalty graph, which gets every price.
    /// @param terms_ Licence terms.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IIPRegistry registry_, IRoyaltyGraph graph_, ILicenseTerms terms_) {
        (_registry, _graph, _terms) = (registry_, graph_, terms_);
    }

    /// @notice Once, with the proxy's deployment.
    /// @param authority_ The suite's AccessManager.
    /// @param tokens Payment tokens beside the native coin.
    /// @custom:oz-upgrades-unsafe-allow missing-initializer-call incorrect-initializer-order
    function initialize(address authority_, address[] calldata tokens) external initializer {
        __ManagedUUPS_init(authority_);
        for (uint256 i = 0; i < tokens.length; ++i) _setPaymentToken(tokens[i], true);
    }

    /// @inheritdoc ILicenseMarket
    function setOffer(uint256 ipId, Use use, uint32 termsId) external {
        if (_registry.controllerOf(ipId) != msg.sender) revert NotOwner(ipId, msg.sender);
        if (termsId == 0) {
            delete _market().offers[ipId][use];
        } else {
            // Or whoever is to lose a dispute could give everything away for the moment after it.
            Work work = _registry.packedWork(ipId);
            if (work.has(WorkLibrary.DISPUTED)) revert WorkNotActive(ipId, work.status());
            ILicenseTerms.Terms memory terms = _terms.termsOf(termsId);
            if (terms.kind == LicenseKind.None || terms.use != use) revert InvalidOffer(termsId, use);
            _checkToken(terms.paymentToken);
            _market().offers[ipId][use] = Offer(termsId, terms.kind, terms.duration, terms.paymentToken, terms.price);
        }
        emit OfferUpdated(ipId, use, termsId);
    }

    /// @inheritdoc ILicenseMarket
    function buy(Purchase calldata purchase) external payable nonReentrant {
        uint256 spent = _buy(purchase, msg.sender, msg.value, "");
        if (spent != msg.value) revert WrongValue(msg.value, spent);
    }

    /// @inheritdoc ILicenseMarket
    function buyWithAuthorization(
        Purchase calldata purchase,
        address buyer,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external nonReentrant {
        (address token, uint256 price) = priceOf(purchase, buyer);
        // Nothing to sign for: without a payment, nothing would prove that the buyer wants this.
        if (token == NATIVE || price == 0) revert NotPayableBySignature(token, price);
        bytes32 nonce = authorizationNonce(purchase, buyer, salt);
        _buy(purchase, buyer, 0, abi.encode(Payment(buyer, true, validAfter, validBefore, nonce, signature)));
    }

    /// @inheritdoc ILicenseMarket
    function buyBatch(
        Purchase[] calldata purchases,
        bool tolerant
    ) external payable nonReentrant returns (bool[] memory bought) {
        if (purchases.length > MAX_BATCH) revert BatchTooLarge(purchases.length, MAX_BATCH);
        bought = new bool[](purchases.length);
        uint256 spent = 0;
        for (uint256 i = 0; i < purchases.length; ++i) {
            if (!tolerant) {
                spent += _buy(purchases[i], msg.sender, msg.value - spent, "");
                bought[i] = true;
                continue;
            }
            uint256 gasBefore = gasleft();
            try this.buyItem(msg.sender, purchases[i], msg.value - spent) returns (uint256 nativeSpent) {
                spent += nativeSpent;
                bought[i] = true;
            } catch (bytes memory reason) {
                if (BatchGas.ranOut(gasBefore)) revert InsufficientGas(i);
                emit PurchaseSkipped(i, reason);
            }
        }
        if (spent == msg.value) return bought;
        if (!tolerant) revert WrongValue(msg.value, spent);
        Address.sendValue(payable(msg.sender), msg.value - spent);
    }

    /// @inheritdoc ILicenseMarket
    function buyItem(address buyer, Purchase calldata purchase, uint256 budget) external returns (uint256 nativeSpent) {
        if (msg.sender != address(this)) revert OnlySelf(msg.sender);
        return _buy(purchase, buyer, budget, "");
    }

    /// @inheritdoc IRoyaltyPayer
    function onRoyaltyDue(address token, uint256 amount, bytes calldata data) external {
        if (msg.sender != address(_graph) || !_reentrancyGuardEntered()) revert UnexpectedCallback(msg.sender);
        Payment memory payment = abi.decode(data, (Payment));
        if (!payment.isSigned) {
            IERC20(token).safeTransferFrom(payment.buyer, msg.sender, amount);
            return;
        }
        // A token whose fallback accepts every call, as wrapped ether's does, would answer this one too, and move nothing.
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC3009(token).receiveWithAuthorization(
            payment.buyer,
            address(this),
            amount,
            payment.validAfter,
            payment.validBefore,
            payment.nonce,
            payment.signature
        );
        uint256 balance = IERC20(token).balanceOf(address(this));
        if (balance < before + amount) revert IncompletePayment(Math.saturatingSub(balance, before), amount);
        IERC20(token).safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ILicenseMarket
    function setPaymentToken(address token, bool supported) external restricted {
        _setPaymentToken(token, supported);
    }

    /// @inheritdoc ILicenseMarket
    function offerOf(uint256 ipId, Use use) external view returns (uint32) {
        return _market().offers[ipId][use].termsId;
    }

    /// @inheritdoc ILicenseMarket
    function quote(Purchase[] calldata purchases) external view returns (Quote[] memory quotes) {
        if (purchases.length > MAX_BATCH) revert BatchTooLarge(purchases.length, MAX_BATCH);
        quotes = new Quote[](purchases.length);
        for (uint256 i = 0; i < purchases.length; ++i) {
            try this.priceOf(purchases[i], msg.sender) returns (address token, uint256 price) {
                (quotes[i].token, quotes[i].price) = (token, price);
            } catch (bytes memory reason) {
                quotes[i].fault = bytes4(reason);
            }
        }
    }

    /// @inheritdoc ILicenseMarket
    function priceOf(Purchase calldata purchase, address buyer) public view returns (address token, uint256 price) {
        Offer memory offer = _check(purchase);
        if (offer.kind == LicenseKind.Metered) _checkUnits(purchase, buyer);
        else _checkInterval(purchase, offer.kind, offer.duration, buyer);
        return (offer.paymentToken, _price(offer, purchase));
    }

    /// @inheritdoc ILicenseMarket
    function authorizationNonce(Purchase calldata purchase, address buyer, bytes32 salt) public pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    PURCHASE_TYPEHASH,
                    buyer,
                    purchase.ipId,
                    purchase.use,
                    purchase.termsId,
                    purchase.quantity,
                    purchase.licensee,
                    salt
                )
            );
    }

    /// @inheritdoc ILicenseMarket
    function isPaymentToken(address token) public view returns (bool) {
        return token == NATIVE || _market().paymentTokens[token];
    }

    /// @notice The one path of every purchase: checks, the record, its event, then the money.
    /// @param budget Native coin of this call that the purchase may use.
    /// @param signed The encoded {Payment} by signature; empty: by the buyer's allowance.
    function _buy(
        Purchase calldata purchase,
        address buyer,
        uint256 budget,
        bytes memory signed
    ) private returns (uint256 nativeSpent) {
        Offer memory offer = _check(purchase);
        uint256 price = _price(offer, purchase);
        bool native = offer.paymentToken == NATIVE;
        if (native && price > budget) revert WrongValue(budget, price);
        if (offer.kind == LicenseKind.Metered) {
            _recordUnits(purchase, buyer, price);
        } else {
            _recordInterval(purchase, offer.kind, offer.duration, buyer, price);
        }
        if (price == 0) return 0;
        if (native) {
            _graph.pay{value: price}(purchase.ipId);
            return price;
        }
        if (signed.length == 0) signed = abi.encode(Payment(buyer, false, 0, 0, 0, ""));
        uint256 received = _graph.collect(purchase.ipId, offer.paymentToken, price, signed);
        if (received != price) revert IncompletePayment(received, price);
    }

    function _setPaymentToken(address token, bool supported) private {
        if (token.code.length == 0) revert UnsupportedToken(token);
        _market().paymentTokens[token] = supported;
        emit PaymentTokenUpdated(token, supported);
    }

    /// @dev Everything about a purchase that does not depend on the licensee's record; answers the offer.
    function _check(Purchase calldata purchase) private view returns (Offer memory offer) {
        (uint256 ipId, Use use, uint256 quantity) = (purchase.ipId, purchase.use, purchase.quantity);
        if (purchase.licensee == address(0)) revert InvalidLicensee(purchase.licensee);
        offer = _market().offers[ipId][use];
        if (offer.termsId == 0) revert NoOffer(ipId, use);
        if (offer.termsId != purchase.termsId) revert UnexpectedTerms(ipId, purchase.termsId, offer.termsId);
        Work work = _registry.packedWork(ipId);
        if (!work.isActive()) revert WorkNotActive(ipId, work.status());
        _checkToken(offer.paymentToken);
        if (quantity == 0 || (quantity != 1 && offer.kind == LicenseKind.SinglePayment)) {
            revert InvalidQuantity(quantity);
        }
    }

    function _checkToken(address token) private view {
        if (!isPaymentToken(token)) revert UnsupportedToken(token);
    }

    function _price(Offer memory offer, Purchase calldata purchase) private pure returns (uint256) {
        unchecked {
            return uint256(offer.price) * purchase.quantity; // 128 bits times 64
        }
    }

    /// @dev Name and version are code, so that EIP-712's own storage is never read and its initialiser is left out.
    function _EIP712Name() internal pure override returns (string memory) {
        return "Tessera Licenses";
    }

    function _EIP712Version() internal pure override returns (string memory) {
        return "1";
    }

    function _market() private pure returns (MarketStorage storage $) {
        assembly {
            $.slot := MARKET_STORAGE
        }
    }
}
