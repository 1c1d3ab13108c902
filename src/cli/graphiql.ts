import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { VENDOR_DIR } from '../http/graphiqlRoute.ts';

/**
 * Part of npm run generate: copies the files that the page /graphiql loads out of their packages, so that the server needs
 * none of the packages that GraphiQL brings with it.
 */
const require = createRequire(import.meta.url);
// The packages do not export these files, but where they lie.
const graphiql = path.dirname(require.resolve('graphiql/package.json'));
const react = path.dirname(require.resolve('react-umd/package.json'));
const reactDom = path.dirname(require.resolve('react-dom-umd/package.json'));
const copies: [string, string][] = [
  [path.join(react, 'umd', 'react.production.min.js'), 'react.js'],
  [path.join(reactDom, 'umd', 'react-dom.production.min.js'), 'react-dom.js'],
  [path.join(graphiql, 'graphiql.min.js'), 'graphiql.js'],
  [path.join(graphiql, 'graphiql.min.css'), 'graphiql.css'],
];
await mkdir(VENDOR_DIR, { recursive: true });
for (const [from, name] of copies) await copyFile(from, path.join(VENDOR_DIR, name));
