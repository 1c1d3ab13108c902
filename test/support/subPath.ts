import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Hooks } from './database.ts';

/** A proxy that serves a server of this machine below a path, as one in front of several services does. @returns the URL there, with a / at its end */
export async function serveBelow(t: Hooks, path: string, port: number): Promise<string> {
  const inner = (url: string | undefined) => (url?.startsWith(`${path}/`) ? url.slice(path.length) : null);
  const proxy = createServer((req, res) => {
    const url = inner(req.url);
    if (url === null) return void res.writeHead(404).end();
    const { method, headers } = req;
    const onward = request({ host: '127.0.0.1', port, path: url, method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  });
  proxy.on('upgrade', (req, socket, head) => {
    const upstream = connect(port, '127.0.0.1', () => {
      const lines = [`${req.method} ${inner(req.url) ?? '/nowhere'} HTTP/1.1`];
      for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const)
      one.on('error', () => undefined).on('close', () => other.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${path}/`;
}
