/* global React, ReactDOM, GraphiQL */

/** Of this tab only: gone when it is closed, and no other site can read it. */
const TOKEN = 'carillon-token';
// Relative to the page, so that it also works below a path of a proxy.
const endpoint = new URL('graphql', document.baseURI);
endpoint.search = '';
endpoint.hash = '';
const element = (id) => document.getElementById(id);
const introspection = document.body.dataset.introspection === 'on';

/** What a new tab begins with: one look around, and one at what happens. */
const WELCOME = `query Overview {
  viewer { role actor { name } }
  tasks(first: 10) { totalCount nodes { key kind state nextFireAt } }
  schedules(first: 10) { totalCount nodes { name state nextFireAt trigger { summary } } }
  runs(first: 10) { totalCount nodes { state origin scheduledFor latenessMs durationMs task { key } } }
}

# Runs as they change, over a web socket.
subscription Watch {
  runChanged { at previousState state taskKey run { latenessMs durationMs } }
}
`;

/** @returns what is wrong with the token, or null */
async function faultOf(token) {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    const { errors } = await response.json();
    return errors?.[0]?.message ?? (response.ok ? null : `The server answered ${response.status}.`);
  } catch (error) {
    return `The server could not be asked: ${error.message}`;
  }
}

function ask(fault = '') {
  element('fault').textContent = fault;
  element('door').hidden = false;
  element('token').focus();
}

function show(token) {
  const socket = new URL(endpoint);
  socket.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';
  const authorization = `Bearer ${token}`;
  const fetcher = GraphiQL.createFetcher({
    url: endpoint.href,
    headers: { authorization },
    subscriptionUrl: socket.href,
    wsConnectionParams: { authorization },
    // @defer and @stream are not served.
    enableIncrementalDelivery: false,
  });
  element('door').hidden = true;
  element('bar').hidden = false;
  element('notice').hidden = introspection;
  element('graphiql').hidden = false;
  // A schema of null keeps GraphiQL from asking for one.
  const props = { fetcher, defaultQuery: WELCOME, ...(!introspection && { schema: null }) };
  ReactDOM.createRoot(element('graphiql')).render(React.createElement(GraphiQL, props));
}

async function enter(token) {
  const fault = await faultOf(token);
  if (fault !== null) return ask(fault);
  sessionStorage.setItem(TOKEN, token);
  return show(token);
}

element('door').addEventListener('submit', (event) => {
  event.preventDefault();
  void enter(element('token').value.trim());
});
element('leave').addEventListener('click', () => {
  sessionStorage.removeItem(TOKEN);
  location.reload();
});

const kept = sessionStorage.getItem(TOKEN);
if (kept === null) ask();
else void enter(kept);
