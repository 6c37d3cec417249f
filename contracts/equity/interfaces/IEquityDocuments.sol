// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IEquityDocuments
/// @notice What is written about tokenized stocks: metadata (ERC-7572), the terms under which they are issued, and named
/// documents with their digests. One for all tokens, beside them, so that a token's code is its money.
///
/// Powers, through the suite's AccessManager: all of it, after two days.
interface IEquityDocuments {
    /// @notice A document and when it was set.
    struct Document {
        string uri;
        bytes32 digest;
        uint40 updatedAt;
    }

    /// @notice A token's metadata is elsewhere now.
    event ContractURIUpdated(address indexed token, string uri);

    /// @notice A token's terms are others now.
    event TermsUpdated(address indexed token, string uri, bytes32 digest);

    /// @notice A document was set.
    event DocumentUpdated(address indexed token, bytes32 indexed name, string uri, bytes32 digest);

    /// @notice A document was removed.
    event DocumentRemoved(address indexed token, bytes32 indexed name);

    /// @notice A document has an address.
    error EmptyURI();

    /// @notice A document whose digest is 0 cannot be checked.
    error EmptyDigest();

    /// @notice A token has no more documents than this.
    error TooManyDocuments(uint256 max);

    /// @notice There is no such document.
    error UnknownDocument(address token, bytes32 name);

    /// @notice Sets where a token's metadata is. Role: CONFIG, after two days.
    function setContractURI(address token, string calldata uri) external;

    /// @notice Sets a token's terms. Role: CONFIG, after two days.
    function setTerms(address token, string calldata uri, bytes32 digest) external;

    /// @notice Sets a document, or another version of it. Role: CONFIG, after two days.
    function setDocument(address token, bytes32 name, string calldata uri, bytes32 digest) external;

    /// @notice Removes a document. Role: CONFIG, after two days.
    function removeDocument(address token, bytes32 name) external;

    /// @notice Where a token's metadata is.
    function contractURI(address token) external view returns (string memory);

    /// @notice A token's terms and their digest.
    function terms(address token) external view returns (string memory uri, bytes32 digest);

    /// @notice A document by its name.
    function documentOf(address token, bytes32 name) external view returns (Document memory);

    /// @notice Names of a token's documents.
    function documentNames(address token) external view returns (bytes32[] memory);
}
