// oidc-provider of npm on a port of this machine: strict, with PKCE asked for, and refresh tokens that rotate. It knows codes
// for other devices, and statements that a key signs (RFC 7523), which jose judges. `/counts` tells what it gave out.
import { importSPKI, jwtVerify } from 'jose';
import Provider, { errors } from 'oidc-provider';

const { PORT: port, REDIRECT: redirect, KEY: key } = process.env;
const issuer = `http://127.0.0.1:${port}`;
const statement = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'keyway',
      client_secret: 'cnry-app-secret-0123456789',
      redirect_uris: ['https://keyway.example/connect/demo', ...(redirect ? [redirect] : [])],
      grant_types: [
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      response_types: ['code'],
      application_type: redirect ? 'native' : 'web',
      token_endpoint_auth_method: 'client_secret_basic',
    },
    { client_id: 'robot', redirect_uris: [], response_types: [], grant_types: [statement], token_endpoint_auth_method: 'none' },
  ],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // Renewed as soon as it is asked for, whatever its age.
  ttl: { AccessToken: () => 3600, ClientCredentials: () => 3600 },
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
  },
  cookies: { keys: ['only for this test'] },
});
provider.registerGrantType(
  statement,
  async (ctx) => {
    const { client, params } = ctx.oidc;
    const used = (provider.used ??= new Set());
    const verified = await jwtVerify(params.assertion, await importSPKI(key, 'ES256'), {
      issuer: 'robot@demo.example',
      audience: `${issuer}/token`,
      requiredClaims: ['exp', 'iat', 'jti'],
      maxTokenAge: '2h',
    }).catch((error) => {
      throw new errors.InvalidGrant(error.code);
    });
    if (used.has(verified.payload.jti)) throw new errors.InvalidGrant('it was used');
    used.add(verified.payload.jti);
    const { ClientCredentials } = provider;
    const token = new ClientCredentials({ client, scope: params.scope });
    ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer' };
  },
  ['assertion', 'scope'],
);

const counts = {};
provider.use(async (ctx, next) => {
  if (ctx.path === '/counts') {
    ctx.body = counts;
    return;
  }
  // Long enough for others to come meanwhile.
  if (ctx.path === '/token') await new Promise((done) => setTimeout(done, 300));
  await next();
  if (ctx.path.startsWith('/token')) {
    const name = `${ctx.path === '/token' ? ctx.oidc?.params?.grant_type : 'revocation'} ${ctx.status}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
});
provider.listen(Number(port), '127.0.0.1');
process.stdin.on('close', () => process.exit(0));
process.stdin.resume();
