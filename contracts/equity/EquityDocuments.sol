// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {Managed} from "../access/Managed.sol";
import {IEquityDocuments} from "./interfaces/IEquityDocuments.sol";

/// @title EquityDocuments
/// @notice See {IEquityDocuments}, which holds the prose. Immutable.
contract EquityDocuments is IEquityDocuments, Managed {
    using EnumerableSet for EnumerableSet.Bytes32Set;

    /// @dev So that a token's list can be read whole.
    uint256 private constant MAX_DOCUMENTS = 64;

    mapping(address token => string) private _contractURIs;
    mapping(address token => Document) private _terms;
    mapping(address token => mapping(bytes32 name => Document)) private _documents;
    mapping(address token => EnumerableSet.Bytes32Set) private _names;

    /// @notice Reverts with `AccessManagedInvalidAuthority` where `authority_` has no code.
    /// @param authority_ The suite's AccessManager.
    constructor(address authority_) Managed(authority_) {}

    /// @inheritdoc IEquityDocuments
    function setContractURI(address token, string calldata uri) external restricted {
        _contractURIs[token] = uri;
        emit ContractURIUpdated(token, uri);
    }

    /// @inheritdoc IEquityDocuments
    function setTerms(address token, string calldata uri, bytes32 digest) external restricted {
        _terms[token] = _checked(uri, digest);
        emit TermsUpdated(token, uri, digest);
    }

    /// @inheritdoc IEquityDocuments
    function setDocument(address token, bytes32 name, string calldata uri, bytes32 digest) external restricted {
        Document memory document = _checked(uri, digest);
        if (_names[token].add(name) && _names[token].length() > MAX_DOCUMENTS) revert TooManyDocuments(MAX_DOCUMENTS);
        _documents[token][name] = document;
        emit DocumentUpdated(token, name, uri, digest);
    }

    /// @inheritdoc IEquityDocuments
    function removeDocument(address token, bytes32 name) external restricted {
        if (!_names[token].remove(name)) revert UnknownDocument(token, name);
        delete _documents[token][name];
        emit DocumentRemoved(token, name);
    }

    /// @inheritdoc IEquityDocuments
    function contractURI(address token) external view returns (string memory) {
        return _contractURIs[token];
    }

    /// @inheritdoc IEquityDocuments
    function terms(address token) external view returns (string memory uri, bytes32 digest) {
        Document storage document = _terms[token];
        return (document.uri, document.digest);
    }

    /// @inheritdoc IEquityDocuments
    function documentOf(address token, bytes32 name) external view returns (Document memory) {
        if (!_names[token].contains(name)) revert UnknownDocument(token, name);
        return _documents[token][name];
    }

    /// @inheritdoc IEquityDocuments
    function documentNames(address token) external view returns (bytes32[] memory) {
        return _names[token].values();
    }

    function _checked(string calldata uri, bytes32 digest) private view returns (Document memory) {
        if (bytes(uri).length == 0) revert EmptyURI();
        if (digest == 0) revert EmptyDigest();
        return Document(uri, digest, uint40(block.timestamp));
    }
}
