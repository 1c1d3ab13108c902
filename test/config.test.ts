import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigError, readConfig } from '../src/config.ts';
import type { Config } from '../src/config.ts';

const read = (env: Record<string, string | undefined>): Config => readConfig(env, '/srv/app');
function refusal(env: Record<string, string | undefined>): string {
  try {
    read(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail(`accepted: ${JSON.stringify(env)}`);
}

const DEFAULTS: Config = {
  port: 4000,
  host: '127.0.0.1',
  databaseUrl: null,
  dataDir: '/srv/app/.carillon',
  adminToken: null,
  jwt: null,
  anonymousViewer: false,
  trustProxy: 0,
  httpAllowPrivate: false,
  secretKey: null,
  oldSecretKeys: [],
  tasksDir: '/srv/app/tasks',
  keep: { runsMs: 30 * 86_400_000, eventsMs: 7 * 86_400_000, ledgerMs: 365 * 86_400_000 },
  rateLimit: 60_000,
  logLevel: 'info',
  production: false,
};

describe('what is not set has its default', () => {
  const NAMES = [
    'PORT',
    'HOST',
    'DATABASE_URL',
    'CARILLON_DATA',
    'CARILLON_ADMIN_TOKEN',
    'CARILLON_JWT_ISSUER',
    'CARILLON_JWT_AUDIENCE',
    'CARILLON_JWT_JWKS',
    'CARILLON_JWT_ROLES',
    'CARILLON_JWT_CLOCK_TOLERANCE',
    'CARILLON_ANONYMOUS_VIEWER',
    'CARILLON_TRUST_PROXY',
    'CARILLON_HTTP_ALLOW_PRIVATE',
    'CARILLON_SECRET_KEY',
    'CARILLON_SECRET_KEY_OLD',
    'CARILLON_TASKS',
    'CARILLON_RATE_LIMIT',
    'LOG_LEVEL',
    'NODE_ENV',
  ];
  const cases = [
    { rule: 'nothing is set', env: {} },
    { rule: 'an empty text is not set', env: Object.fromEntries(NAMES.map((name) => [name, ''])) },
    { rule: 'blanks are not set', env: Object.fromEntries(NAMES.map((name) => [name, ' \t'])) },
    { rule: 'what belongs to others is not read', env: { PATH: '/bin', PGHOST: 'db', CARILLON_UNKNOWN: 'x' } },
  ];
  for (const { rule, env } of cases) {
    test(rule, () => {
      assert.deepEqual(read(env), DEFAULTS);
    });
  }
});

const TOKEN = 'correct-horse-battery';
const KEY = Buffer.alloc(32, 0xff);
const settings: { name: string; accepted: [text: string, as: Partial<Config>][]; refused: string[] }[] = [
  {
    name: 'PORT',
    accepted: [
      ['8080', { port: 8080 }],
      ['0', { port: 0 }],
      ['65535', { port: 65_535 }],
      [' 80 ', { port: 80 }],
    ],
    refused: ['65536', '-1', '80.5', '1e3', '0x50', 'http', '80 81', '000080', '٨٠'],
  },
  {
    name: 'HOST',
    accepted: [
      ['0.0.0.0', { host: '0.0.0.0' }],
      ['localhost', { host: 'localhost' }],
      ['my-host.example.com', { host: 'my-host.example.com' }],
      ['::', { host: '::' }],
      ['::1', { host: '::1' }],
    ],
    refused: ['localhost:4000', '127.0.0.1:80', 'http://localhost', '[::1]', 'a b', 'host/path'],
  },
  {
    name: 'DATABASE_URL',
    accepted: [
      'postgres://me:secret@db:5432/carillon',
      'postgresql://db/carillon?sslmode=require',
      'postgresql:///carillon?host=/tmp',
    ].map((url) => [url, { databaseUrl: url }]),
    refused: ['postgres://db', 'postgres://db/', 'mysql://db/carillon', 'db/carillon', 'postgres:carillon', 'http://db/carillon'],
  },
  {
    name: 'CARILLON_DATA',
    accepted: [
      ['data', { dataDir: '/srv/app/data' }],
      ['/var/lib/carillon/', { dataDir: '/var/lib/carillon' }],
      ['../up', { dataDir: '/srv/up' }],
    ],
    refused: ['a\0b'],
  },
  {
    name: 'CARILLON_TASKS',
    accepted: [
      ['jobs', { tasksDir: '/srv/app/jobs' }],
      ['/opt/jobs', { tasksDir: '/opt/jobs' }],
    ],
    refused: ['a\0b'],
  },
  {
    name: 'CARILLON_ADMIN_TOKEN',
    accepted: [TOKEN, 'x'.repeat(16), 'x'.repeat(500), 'AZaz09-._~+/='.repeat(2)].map((token) => [token, { adminToken: token }]),
    refused: ['x'.repeat(15), 'x'.repeat(501), 'sixteen letters!', 'with blanks in the middle', 'ümläute-are-no-tokens'],
  },
  {
    name: 'CARILLON_HTTP_ALLOW_PRIVATE',
    accepted: [
      ['true', { httpAllowPrivate: true }],
      ['false', { httpAllowPrivate: false }],
      ['10.0.0.0/8', { httpAllowPrivate: ['10.0.0.0/8'] }],
      [' 10.1.2.3, FD00::/8,localhost ', { httpAllowPrivate: ['10.1.2.3', 'fd00::/8', 'localhost'] }],
      ['api.internal,*.svc.cluster.local', { httpAllowPrivate: ['api.internal', '*.svc.cluster.local'] }],
    ],
    refused: [
      '1',
      '0',
      'yes',
      'TRUE',
      'truely',
      'true,10.0.0.0/8',
      'api',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      '10.0.0',
      'api.internal:80',
      'http://api.internal',
      'a..b',
      '*',
      '*.*.b',
      'a*.b',
      '0x7f.0x1',
      '[::1]',
      'fe80::1%eth0',
      ',',
      '10.0.0.1,',
    ],
  },
  {
    name: 'CARILLON_SECRET_KEY',
    accepted: [[KEY.toString('base64'), { secretKey: KEY }]],
    refused: ['x'.repeat(44), KEY.toString('hex'), KEY.toString('base64url'), KEY.subarray(1).toString('base64'), 'secret'],
  },
  {
    name: 'CARILLON_SECRET_KEY_OLD',
    accepted: [
      [KEY.toString('base64'), { oldSecretKeys: [KEY] }],
      [`${KEY.toString('base64')} , ${KEY.toString('base64')}`, { oldSecretKeys: [KEY, KEY] }],
    ],
    refused: ['secret', `${KEY.toString('base64')},`],
  },
  {
    name: 'CARILLON_ANONYMOUS_VIEWER',
    accepted: [
      ['true', { anonymousViewer: true }],
      ['false', { anonymousViewer: false }],
    ],
    refused: ['1', 'yes', 'VIEWER'],
  },
  {
    name: 'CARILLON_TRUST_PROXY',
    accepted: [
      ['0', { trustProxy: 0 }],
      ['10', { trustProxy: 10 }],
    ],
    refused: ['true', '-1', '11', '1.5', 'loopback'],
  },
  {
    name: 'CARILLON_RATE_LIMIT',
    accepted: [
      ['off', { rateLimit: 'off' }],
      ['1', { rateLimit: 1 }],
      ['10000000', { rateLimit: 10_000_000 }],
    ],
    refused: ['0', '-1', '10000001', 'on', 'OFF', '1.5', '1e3', 'none'],
  },
  {
    name: 'LOG_LEVEL',
    accepted: (['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const).map((level) => [
      level,
      { logLevel: level },
    ]),
    refused: ['verbose', 'INFO', '30', 'toString'],
  },
  {
    name: 'NODE_ENV',
    accepted: [
      ['production', { production: true }],
      ['development', { production: false }],
      ['test', { production: false }],
    ],
    refused: ['prod', 'Production', 'staging'],
  },
];
const SECRETS = ['DATABASE_URL', 'CARILLON_ADMIN_TOKEN', 'CARILLON_SECRET_KEY', 'CARILLON_SECRET_KEY_OLD'];
for (const { name, accepted, refused } of settings) {
  describe(name, () => {
    for (const [text, as] of accepted) {
      test(`${text.slice(0, 40)} is read`, () => {
        assert.deepEqual(read({ [name]: text }), { ...DEFAULTS, ...as });
      });
    }
    for (const text of refused) {
      test(`${JSON.stringify(text.slice(0, 40))} is refused, and what is allowed is said`, () => {
        const [head, problem = '', ...others] = refusal({ [name]: text }).split('\n');
        assert.equal(head, 'The configuration cannot be used:');
        const shown = SECRETS.includes(name) ? name : `${name}="${text}"`;
        assert.ok(problem.startsWith(`  - ${shown} is not allowed: `), problem);
        assert.deepEqual(others, []);
      });
    }
  });
}

test('every bad variable is named at once, each with its value, and no good one', () => {
  const lines = refusal({
    PORT: 'http',
    HOST: 'a b',
    CARILLON_HTTP_ALLOW_PRIVATE: 'maybe',
    CARILLON_RATE_LIMIT: '-5',
    LOG_LEVEL: 'loud',
    NODE_ENV: 'prod',
    CARILLON_DATA: '/good',
    DATABASE_URL: 'nonsense',
    CARILLON_ADMIN_TOKEN: 'short',
  }).split('\n');
  assert.deepEqual(
    lines.slice(1).map((line) => line.replace(/ is not allowed: .*/, '').trim()),
    [
      '- PORT="http"',
      '- HOST="a b"',
      '- DATABASE_URL',
      '- CARILLON_ADMIN_TOKEN',
      '- CARILLON_HTTP_ALLOW_PRIVATE="maybe"',
      '- CARILLON_RATE_LIMIT="-5"',
      '- LOG_LEVEL="loud"',
      '- NODE_ENV="prod"',
    ],
  );
});

test('a secret is not repeated, whatever is wrong with it', () => {
  const secrets: [name: string, value: string, secret: string][] = [
    ['DATABASE_URL', 'mysql://me:hunter2@db/carillon', 'hunter2'],
    ['DATABASE_URL', 'postgres://me:hunter2@db', 'hunter2'],
    ['DATABASE_URL', 'hunter2', 'hunter2'],
    ['CARILLON_ADMIN_TOKEN', 'hunter2', 'hunter2'],
    ['CARILLON_SECRET_KEY', 'hunter2', 'hunter2'],
    ['CARILLON_SECRET_KEY_OLD', 'hunter2', 'hunter2'],
    ['CARILLON_ADMIN_TOKEN', 'hunter2 hunter2 hunter2', 'hunter2'],
  ];
  for (const [name, value, secret] of secrets) {
    const message = refusal({ [name]: value });
    assert.ok(message.includes(name) && !message.includes(secret), message);
  }
});

test('a long value is shown by its beginning', () => {
  const message = refusal({ PORT: '9'.repeat(100_000) });
  assert.ok(message.includes(`PORT="${'9'.repeat(100)}"`) && message.length < 500);
});

const JWT_ENV = {
  CARILLON_JWT_ISSUER: 'https://id.example/realm',
  CARILLON_JWT_AUDIENCE: 'carillon',
  CARILLON_JWT_JWKS: 'https://id.example/keys',
};
const JWT = {
  issuer: 'https://id.example/realm',
  audience: 'carillon',
  jwks: { url: 'https://id.example/keys' },
  roleClaim: 'role',
  roles: new Map(['VIEWER', 'OPERATOR', 'EDITOR', 'ADMIN'].map((role) => [role, role])),
  clockToleranceMs: 30_000,
};

describe('JWTs', () => {
  const accepted: { rule: string; env: Record<string, string>; as: object }[] = [
    { rule: 'issuer, audience and keys are enough', env: {}, as: {} },
    {
      rule: 'keys of this machine',
      env: { CARILLON_JWT_JWKS: 'http://127.0.0.1:8080/k' },
      as: { jwks: { url: 'http://127.0.0.1:8080/k' } },
    },
    { rule: 'keys in a file', env: { CARILLON_JWT_JWKS: 'keys.json' }, as: { jwks: { file: '/srv/app/keys.json' } } },
    { rule: 'a claim', env: { CARILLON_JWT_ROLE_CLAIM: 'realm_access.roles' }, as: { roleClaim: 'realm_access.roles' } },
    { rule: 'no tolerance', env: { CARILLON_JWT_CLOCK_TOLERANCE: 'PT0S' }, as: { clockToleranceMs: 0 } },
    {
      rule: 'roles; a value may hold =',
      env: { CARILLON_JWT_ROLES: ' ops = OPERATOR, cn=admins=ADMIN ' },
      as: {
        roles: new Map([
          ['ops', 'OPERATOR'],
          ['cn=admins', 'ADMIN'],
        ]),
      },
    },
  ];
  for (const { rule, env, as } of accepted) {
    test(`${rule}: read`, () => {
      assert.deepEqual(read({ ...JWT_ENV, ...env }).jwt, { ...JWT, ...as });
    });
  }

  const refused: [name: string, text: string][] = [
    ['CARILLON_JWT_JWKS', 'http://id.example/keys'],
    ['CARILLON_JWT_JWKS', 'http://127.0.0.1.example/keys'],
    ['CARILLON_JWT_JWKS', 'ftp://id.example/keys'],
    ['CARILLON_JWT_ROLES', 'ops'],
    ['CARILLON_JWT_ROLES', 'ops=operator'],
    ['CARILLON_JWT_ROLES', '=ADMIN'],
    ['CARILLON_JWT_ROLES', 'ops=OPERATOR,ops=ADMIN'],
    ['CARILLON_JWT_CLOCK_TOLERANCE', 'PT301S'],
    ['CARILLON_JWT_CLOCK_TOLERANCE', '30'],
  ];
  for (const [name, text] of refused) {
    test(`${name}="${text}" is refused`, () => {
      assert.match(refusal({ ...JWT_ENV, [name]: text }), new RegExp(`\n  - ${name}=".*" is not allowed: `));
    });
  }

  test('what is missing is named, also when only what is not needed is set', () => {
    for (const name of Object.keys(JWT_ENV)) {
      assert.match(refusal({ ...JWT_ENV, [name]: '' }), new RegExp(`  - ${name} is not set: CARILLON_JWT_\\w+ needs it$`));
    }
    assert.equal(refusal({ CARILLON_JWT_ROLES: 'ops=ADMIN' }).split('\n').length, 4);
  });
});

test('beside a database of your own an old key of secrets needs the one that follows it', () => {
  const old = { CARILLON_SECRET_KEY_OLD: KEY.toString('base64'), DATABASE_URL: 'postgres://db/carillon' };
  assert.match(refusal(old), /CARILLON_SECRET_KEY_OLD is not allowed without CARILLON_SECRET_KEY/);
  assert.deepEqual(read({ ...old, CARILLON_SECRET_KEY: KEY.toString('base64') }).oldSecretKeys, [KEY]);
});
