/** Beside the page, whatever path a proxy serves it below. */
const beside = (name: string) => new URL(name, new URL('.', location.href.split('#', 1)[0]));

export const GRAPHQL_URL = beside('graphql').href;
export const GRAPHIQL_URL = beside('graphiql').href;

export function socketUrl(): string {
  const url = beside('graphql');
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
