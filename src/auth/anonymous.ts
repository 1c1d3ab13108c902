import type { Viewer } from './viewer.ts';

/** Who sent no token, where that is enough to look. @param network  each has its own cost points: nobody uses up those of others */
export function anonymousViewer(network: string): Viewer {
  return { actor: { kind: 'ANONYMOUS', id: 'anonymous', name: null }, role: 'VIEWER', principal: `ANONYMOUS:${network}` };
}
