/**
 * Serves bare repositories over http, by git's own `git http-backend`: a process of its own, because a test's process may
 * be busy while somebody asks.
 *
 *     node git-server.ts FOLDER PORT WITHIN_MS
 *
 * `/open/NAME.git` is for everybody; `/closed/NAME.git` is the same repository for whoever gives the user and password that
 * stand in FOLDER/credentials (`user:password`). Read-only: it does not take pushes. Ends by itself after WITHIN_MS.
 * stdout: a line per request, without credentials.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

const [folder = '', port = '', within = ''] = process.argv.slice(2);

/** How long one request may take. */
const deadline = 60_000;

const header = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '');

/** Whether the request brings the credentials that the folder holds. */
const isAllowed = async (request: IncomingMessage): Promise<boolean> => {
  const wanted = (await readFile(join(folder, 'credentials'), 'utf8').catch(() => '')).trim();
  const given = Buffer.from(header(request, 'authorization').replace(/^Basic /i, ''), 'base64').toString('utf8');
  return wanted !== '' && given === wanted;
};

/** One CGI call: RFC 3875, and https://git-scm.com/docs/git-http-backend. */
const backend = (request: IncomingMessage, response: ServerResponse, path: string, query: string): void => {
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: '/usr/bin:/bin',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROJECT_ROOT: folder,
      GIT_PROTOCOL: header(request, 'git-protocol'),
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: header(request, 'content-type'),
      CONTENT_LENGTH: header(request, 'content-length'),
      HTTP_CONTENT_ENCODING: header(request, 'content-encoding'),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline);
  child.once('close', () => {
    clearTimeout(timer);
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
  child.once('error', () => response.writeHead(502).end());
  child.stdin.on('error', () => {});
  request.pipe(child.stdin);

  let head = Buffer.alloc(0);
  child.stdout.on('data', (part: Buffer) => {
    if (response.headersSent) return void response.write(part);
    head = Buffer.concat([head, part]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    let status = 200;
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', ...value] = line.split(': ');
      if (name.toLowerCase() === 'status') status = Number.parseInt(value.join(': '), 10);
      else response.setHeader(name, value.join(': '));
    }
    response.writeHead(status);
    response.write(head.subarray(end + 4));
  });
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
  response.once('close', () => {
    process.stdout.write(`${request.method} ${pathname} ${response.statusCode} ${header(request, 'user-agent')}\n`);
  });
  const [, door, path] = /^\/(open|closed)(\/.+)$/.exec(pathname) ?? [];
  const serve = async (): Promise<void> => {
    if (path === undefined) return void response.writeHead(404).end();
    if (door === 'closed' && !(await isAllowed(request))) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    }
    backend(request, response, path, searchParams.toString());
  };
  void serve();
});
server.listen(Number(port), '127.0.0.1');
setTimeout(() => process.exit(0), Number(within));
