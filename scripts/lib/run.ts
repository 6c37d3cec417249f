import { ConfigurationError } from "../../deploy/parameters";

/** Runs a script's main function; a failure is a sentence and an exit code, and a stack only where DEBUG asks for it. */
export const run = (main: () => Promise<void>): void => {
  main().then(
    () => {
      process.exitCode ??= 0;
    },
    (error: unknown) => {
      const verbose = process.env.DEBUG !== undefined && !(error instanceof ConfigurationError);
      console.error(error instanceof Error ? `\n${verbose ? (error.stack ?? error.message) : error.message}` : error);
      process.exitCode = 1;
    },
  );
};
