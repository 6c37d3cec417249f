// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What a deprecated USDT forwards to.
interface IUpgradedUSDT {
    function balanceOf(address who) external view returns (uint256);
    function totalSupply() external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
    function transferByLegacy(address from, address to, uint256 value) external;
    function transferFromByLegacy(address sender, address from, address to, uint256 value) external;
    function approveByLegacy(address from, address spender, uint256 value) external;
}

/// @title MockUSDT
/// @notice Stands for Tether's USDT on Ethereum, with the habits that break naive wrappers: `transfer`, `transferFrom`
/// and `approve` return nothing; an allowance must pass through zero; the owner may switch on a fee, blacklist, destroy
/// blacklisted funds, pause, and deprecate the contract in favour of another ledger.
/// @dev For tests and for chains without USDT. The constructor's decimals make it 6 (Ethereum) or 18 (BNB Chain).
contract MockUSDT {
    string public name = "Tether USD (mock)";
    string public symbol = "USDT";
    uint8 public immutable decimals;
    // The slots are shared as the real contract's are, because gas is measured against this mock.
    address public owner;
    bool public paused;
    address public upgradedAddress;
    bool public deprecated;
    uint256 public basisPointsRate;
    uint256 public maximumFee;
    uint256 private _totalSupply;
    mapping(address => uint256) private _balances;
    mapping(address => mapping(address => uint256)) private _allowed;
    mapping(address => bool) public isBlackListed;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Issue(uint256 amount);
    event Redeem(uint256 amount);
    event Deprecate(address newAddress);
    event Params(uint256 feeBasisPoints, uint256 maxFee);
    event DestroyedBlackFunds(address blackListedUser, uint256 balance);
    event AddedBlackList(address user);
    event RemovedBlackList(address user);
    event Pause();
    event Unpause();

    modifier onlyOwner() {
        require(msg.sender == owner);
        _;
    }

    modifier whenNotPaused() {
        require(!paused);
        _;
    }

    constructor(uint8 decimals_) {
        decimals = decimals_;
        owner = msg.sender;
    }

    function transfer(address to, uint256 value) external whenNotPaused {
        require(!isBlackListed[msg.sender]);
        if (deprecated) return IUpgradedUSDT(upgradedAddress).transferByLegacy(msg.sender, to, value);
        _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external whenNotPaused {
        require(!isBlackListed[from]);
        if (deprecated) return IUpgradedUSDT(upgradedAddress).transferFromByLegacy(msg.sender, from, to, value);
        uint256 allowed = _allowed[from][msg.sender];
        if (allowed < type(uint256).max) _allowed[from][msg.sender] = allowed - value;
        _move(from, to, value);
    }

    function approve(address spender, uint256 value) external {
        if (deprecated) return IUpgradedUSDT(upgradedAddress).approveByLegacy(msg.sender, spender, value);
        require(value == 0 || _allowed[msg.sender][spender] == 0);
        _allowed[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
    }

    function issue(uint256 amount) external onlyOwner {
        _balances[owner] += amount;
        _totalSupply += amount;
        emit Issue(amount);
    }

    function redeem(uint256 amount) external onlyOwner {
        _totalSupply -= amount;
        _balances[owner] -= amount;
        emit Redeem(amount);
    }

    function setParams(uint256 newBasisPoints, uint256 newMaxFee) external onlyOwner {
        require(newBasisPoints < 20);
        require(newMaxFee < 50);
        basisPointsRate = newBasisPoints;
        maximumFee = newMaxFee * 10 ** decimals;
        emit Params(basisPointsRate, maximumFee);
    }

    function addBlackList(address user) external onlyOwner {
        isBlackListed[user] = true;
        emit AddedBlackList(user);
    }

    function removeBlackList(address user) external onlyOwner {
        isBlackListed[user] = false;
        emit RemovedBlackList(user);
    }

    function destroyBlackFunds(address user) external onlyOwner {
        require(isBlackListed[user]);
        uint256 funds = _balances[user];
        _balances[user] = 0;
        _totalSupply -= funds;
        emit DestroyedBlackFunds(user, funds);
    }

    function pause() external onlyOwner whenNotPaused {
        paused = true;
        emit Pause();
    }

    function unpause() external onlyOwner {
        require(paused);
        paused = false;
        emit Unpause();
    }

    function deprecate(address newAddress) external onlyOwner {
        deprecated = true;
        upgradedAddress = newAddress;
        emit Deprecate(newAddress);
    }

    function totalSupply() external view returns (uint256) {
        return deprecated ? IUpgradedUSDT(upgradedAddress).totalSupply() : _totalSupply;
    }

    function balanceOf(address who) external view returns (uint256) {
        return deprecated ? IUpgradedUSDT(upgradedAddress).balanceOf(who) : _balances[who];
    }

    function allowance(address holder, address spender) external view returns (uint256) {
        return deprecated ? IUpgradedUSDT(upgradedAddress).allowance(holder, spender) : _allowed[holder][spender];
    }

    function _move(address from, address to, uint256 value) private {
        uint256 fee = (value * basisPointsRate) / 10_000;
        if (fee > maximumFee) fee = maximumFee;
        _balances[from] -= value;
        _balances[to] += value - fee;
        if (fee > 0) {
            _balances[owner] += fee;
            emit Transfer(from, owner, fee);
        }
        emit Transfer(from, to, value - fee);
    }
}
