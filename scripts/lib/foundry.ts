const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * Foundry's forge, which comes as an optional npm package a platform; null where there is none for this one. The
 * platforms' packages are named in package.json one by one: their umbrella package lists some that cannot be locked.
 */
export const forgeBinary = (): string | null => {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  try {
    return require.resolve(`@foundry-rs/forge-${process.platform}-${architecture}/bin/forge`);
  } catch {
    return null;
  }
};
