import { createRequire } from "node:module";
import path from "node:path";

const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * Foundry's forge, which comes as an optional npm package a platform; null where there is none for this one. The binary
 * is called directly, so that nothing depends on the package's own install script having run.
 */
export const forgeBinary = (): string | null => {
  const platform = process.platform === "win32" ? "win32" : process.platform;
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const extension = platform === "win32" ? ".exe" : "";
  try {
    const requireHere = createRequire(__filename);
    // The platform's package belongs to @foundry-rs/forge, which may keep it in a folder of its own.
    const forge = requireHere.resolve("@foundry-rs/forge/package.json");
    return createRequire(forge).resolve(`@foundry-rs/forge-${platform}-${architecture}/bin/forge${extension}`);
  } catch {
    return null;
  }
};

export const projectRoot = path.join(__dirname, "..", "..");
