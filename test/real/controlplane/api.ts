import { request } from 'node:https';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { createInterface } from 'node:readline';

import type { Pair } from './pki.ts';

/** The API server's answer: HTTP status and parsed body (the text itself where it is no JSON). */
export type Answer<T> = { status: number; body: T };

export type Api = {
  send: <T = unknown>(method: string, path: string, body?: unknown, contentType?: string) => Promise<Answer<T>>;
  /** Follows a watch, one event per call, until it ends or `stop` aborts it. */
  watch: (path: string, each: (event: { type: string; object: never }) => void, stop: AbortSignal) => Promise<void>;
};

/** A small client for the API server with a client certificate; no answer within ten seconds is an error. */
export const apiClient = (server: string, ca: Pair, client: Pair): Api => {
  const access = { ca: ca.cert, cert: client.cert, key: client.key, agent: false } as const;

  const open = (path: string, options: RequestOptions, body?: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const sent = request(`${server}${path}`, { ...access, ...options }, resolve);
      sent.once('error', reject);
      sent.end(body);
    });

  return {
    send: async <T>(method: string, path: string, body?: unknown, contentType = 'application/json') => {
      const headers = body === undefined ? {} : { 'content-type': contentType };
      const signal = AbortSignal.timeout(10_000);
      const response = await open(
        path,
        { method, headers, signal },
        body === undefined ? undefined : JSON.stringify(body),
      );
      let text = '';
      for await (const part of response.setEncoding('utf8')) text += part as string;
      const json = response.headers['content-type']?.includes('json') ?? false;
      return { status: response.statusCode ?? 0, body: (json ? JSON.parse(text) : text) as T };
    },
    watch: async (path, each, stop) => {
      const response = await open(path, { signal: stop });
      if (response.statusCode !== 200) throw new Error(`watch ${path}: status ${response.statusCode}`);
      for await (const line of createInterface({ input: response })) each(JSON.parse(line));
    },
  };
};
