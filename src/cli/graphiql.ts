import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { VENDOR_DIR } from '../http/graphiqlRoute.ts';

/**
 * Part of npm run generate: copies the files that the page /graphiql loads out of their packages, so that the server needs
 * none of the packages that GraphiQL brings with it.
 */
const require = createRequire(import.meta.url);
const packageDir = (name: string) => path.dirname(require.resolve(`${name}/package.json`));
const COPIES = {
  'react.js': [packageDir('react-umd'), 'umd', 'react.production.min.js'],
  'react-dom.js': [packageDir('react-dom-umd'), 'umd', 'react-dom.production.min.js'],
  'graphiql.js': [packageDir('graphiql'), 'graphiql.min.js'],
  'graphiql.css': [packageDir('graphiql'), 'graphiql.min.css'],
};
await mkdir(VENDOR_DIR, { recursive: true });
for (const [name, from] of Object.entries(COPIES)) await copyFile(path.join(...from), path.join(VENDOR_DIR, name));
