/**
 * Ignition reads the build info of every contract that it deploys. That is the whole compilation's file, tens of
 * megabytes, and one for all: without this, a deployment of thirty contracts parses it thirty times.
 */
import { HardhatArtifactResolver } from "@nomicfoundation/hardhat-ignition/helpers";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { BuildInfo, HardhatRuntimeEnvironment } from "hardhat/types";

const parsed = new Map<string, Promise<BuildInfo>>();

const parseOnce = (file: string): Promise<BuildInfo> => {
  const known = parsed.get(file) ?? readFile(file, "utf8").then((text) => JSON.parse(text) as BuildInfo);
  parsed.set(file, known);
  return known;
};

/** From now on each build info is parsed once a process. Its file's name is a hash of what it says. */
export const parseBuildInfoOnce = (hre: HardhatRuntimeEnvironment): void => {
  HardhatArtifactResolver.prototype.getBuildInfo = async (name) => {
    const { sourceName, contractName } = await hre.artifacts.readArtifact(name);
    const debugFile = path.join(hre.config.paths.artifacts, sourceName, `${contractName}.dbg.json`);
    const { buildInfo } = JSON.parse(await readFile(debugFile, "utf8")) as { buildInfo: string };
    return parseOnce(path.join(path.dirname(debugFile), buildInfo));
  };
};
