import hre from "hardhat";

import { shouldBehaveLikeERC721, type ERC721Context } from "./ERC721.behavior";

/** The suite is evidence for a token only as far as it accepts OpenZeppelin's. */
async function fixture(): Promise<ERC721Context> {
  const [deployer, owner, approved, operator, other, newOwner] = await hre.ethers.getSigners();
  if (!deployer || !owner || !approved || !operator || !other || !newOwner) throw new Error("too few accounts");
  const token = await hre.ethers.deployContract("MockERC721", ["Mock", "MOCK"]);
  const tokens = [1n, 2n, 79n].map((id) => ({ id, uri: `https://mock.example/${id}` }));
  for (const { id } of tokens) await token.mint(owner, id);
  const [first, second, third] = tokens;
  return {
    token,
    name: "Mock",
    symbol: "MOCK",
    tokens: [first!, second!, third!],
    owner,
    approved,
    operator,
    other,
    newOwner,
    unusedId: 3n,
  };
}

describe("MockERC721", () => {
  shouldBehaveLikeERC721(fixture);
});
