/** The facilitator's HTTP interface, as x402's `HTTPFacilitatorClient` calls it. */
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from "express";

import type { Facilitator } from "./facilitator";
import { MalformedRequest, readRequest } from "./payment";

export interface RateLimit {
  /** Requests of /verify and /settle together that this process answers within a window. */
  requests: number;
  windowMs: number;
}

export interface FacilitatorAppOptions {
  /** Largest body that is read. Default "64kb". */
  bodyLimit?: string;
  /**
   * Of the whole process, whoever asks: it protects the key's funds and the node, not one caller from another. Nothing is
   * kept of callers. Default: none.
   */
  rateLimit?: RateLimit;
  /** Told of failures that are not the caller's, such as a node that does not answer. Nothing is logged otherwise. */
  onError?: (error: unknown) => void;
}

const limited = ({ requests, windowMs }: RateLimit): RequestHandler => {
  let windowEnds = 0;
  let left = 0;
  return (_request, response, next) => {
    const now = Date.now();
    if (now >= windowEnds) {
      windowEnds = now + windowMs;
      left = requests;
    }
    if (left > 0) {
      left--;
      next();
      return;
    }
    response.setHeader("Retry-After", Math.ceil((windowEnds - now) / 1000));
    refuse(response, 429, "Too many payments at once: try again later.");
  };
};

const refuse = (response: Response, status: number, error: string): void => {
  response.status(status).json({ error });
};

/** The status that the body's parser put on its error: 400 for bad JSON, 413 for a large body, 415 for an odd charset. */
const parserStatus = (error: unknown): number | undefined => {
  if (typeof error !== "object" || error === null || !("type" in error) || !("status" in error)) return undefined;
  return typeof error.status === "number" && error.status >= 400 && error.status < 500 ? error.status : undefined;
};

/** An express app with GET /supported, POST /verify, POST /settle and GET /health. */
export const createFacilitatorApp = (facilitator: Facilitator, options: FacilitatorAppOptions = {}): Express => {
  const app = express();
  app.disable("x-powered-by");

  const answer =
    (action: "verify" | "settle"): RequestHandler =>
    async (request, response) => {
      const { paymentPayload, paymentRequirements } = readRequest(request.body);
      response.json(await facilitator[action](paymentPayload, paymentRequirements));
    };

  const body = express.json({ limit: options.bodyLimit ?? "64kb" });
  const guards = options.rateLimit === undefined ? [body] : [limited(options.rateLimit), body];
  app.get("/health", (_request, response) => void response.json({ status: "ok" }));
  app.get("/supported", (_request, response) => void response.json(facilitator.supported()));
  app.post("/verify", ...guards, answer("verify"));
  app.post("/settle", ...guards, answer("settle"));
  app.use((_request, response) => {
    refuse(response, 404, "Ask GET /supported, POST /verify or POST /settle.");
  });

  const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = parserStatus(error);
    if (error instanceof MalformedRequest) refuse(response, 400, error.message);
    else if (status === 413) refuse(response, 413, "The body is too large for a payment.");
    else if (status !== undefined) refuse(response, status, "The body is not JSON that can be read.");
    else {
      options.onError?.(error);
      refuse(response, 503, "The payment could not be looked at just now: try again later.");
    }
  };
  app.use(onError);
  return app;
};
