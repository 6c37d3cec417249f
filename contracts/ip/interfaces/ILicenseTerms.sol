// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What a licence is for. The odd ones are commercial; a commercial licence covers the use before it.
enum Use {
    Human,
    HumanCommercial,
    Training,
    TrainingCommercial,
    FineTuning,
    FineTuningCommercial,
    Inference,
    InferenceCommercial
}

/// @dev How a licence is paid and ends. None: the terms are for derivatives alone, no licence is sold by them.
enum LicenseKind {
    None,
    Duration,
    SinglePayment,
    Metered
}

/// @title ILicenseTerms
/// @notice Licence terms: immutable, addressed by their content, shared by all works that use them. Whoever agreed to an
/// id agreed to these very terms: nobody can change them.
interface ILicenseTerms {
    struct Terms {
        LicenseKind kind;
        Use use;
        /// Token of the price; 0: the native coin.
        address paymentToken;
        /// Base units: for the period, for good, or per metered unit, by the kind.
        uint128 price;
        /// Seconds of a period; of kind Duration alone.
        uint40 duration;
        /// Parts per million of a derivative's revenue that are owed to the work.
        uint24 royaltyRate;
        /// The rate is of direct revenue, of every descendant; else of all revenue, of direct derivatives.
        bool absolute;
        bool derivativesAllowed;
        /// Derivatives must have the same terms.
        bool reciprocal;
    }

    /// @notice Terms were recorded for the first time.
    event TermsCreated(uint256 indexed termsId, bytes32 indexed hash, Terms terms);

    /// @notice There are no terms with this id.
    error UnknownTerms(uint256 termsId);

    /// @notice A licence by duration lasts at least a second.
    error ZeroDuration();

    /// @notice Only a licence by duration has one.
    error UnexpectedDuration(uint256 duration);

    /// @notice Terms for derivatives alone sell nothing, and have neither price nor token nor use.
    error UnexpectedPrice(uint256 price, address paymentToken, Use use);

    /// @notice The rate is above the limit, in parts per million.
    error RateTooHigh(uint256 rate, uint256 max);

    /// @notice Terms that allow no derivatives have no rate, kind of rate, or reciprocity.
    error UnexpectedRoyalty(uint256 rate, bool absolute, bool reciprocal);

    /// @notice An absolute rate of zero would be inherited for nothing.
    error ZeroAbsoluteRate();

    /// @notice Terms that neither sell nor allow anything.
    error EmptyTerms();

    /// @notice The parent's terms allow no derivatives.
    error DerivativesNotAllowed(uint256 parentId, uint256 termsId);

    /// @notice The edge's kind is not that of the parent's terms.
    error WrongKind(uint256 parentId, bool absolute);

    /// @notice The edge's rate is below that of the parent's terms.
    error RateTooLow(uint256 parentId, uint256 rate, uint256 required);

    /// @notice The parent's terms ask that derivatives have the same terms.
    error ReciprocalTermsRequired(uint256 parentId, uint256 termsId, uint256 actual);

    /// @notice Records terms and answers their id; the same id for the same terms. Anybody.
    function create(Terms calldata terms) external returns (uint32 termsId);

    /// @notice The terms of an id. Reverts with `UnknownTerms`.
    function termsOf(uint256 termsId) external view returns (Terms memory);

    /// @notice Checks a derivative's edges to chosen parents against these parents' terms: that they allow it, the kind,
    /// and that the rate is at least theirs. Reverts otherwise, and where the derivative's own terms are unknown.
    /// @param edges The list of {Edge}.
    /// @param termsId The derivative's own terms; 0: none.
    /// @return exact Bit i where edge i is chosen and has the very rate of the parent's terms.
    function checkEdges(uint256[] calldata edges, uint32 termsId) external view returns (uint256 exact);

    /// @notice The id of terms; 0 where they were not recorded.
    function idOf(Terms calldata terms) external view returns (uint32);

    /// @notice The content address of terms.
    function hashOf(Terms calldata terms) external pure returns (bytes32);

    /// @notice How many there are; also the highest id.
    function count() external view returns (uint32);
}
