// oidc-provider of npm on a port of this machine: strict, with PKCE asked for, and refresh tokens that rotate. It knows codes
// for other devices. `/counts` tells what it gave out.
import Provider from 'oidc-provider';

const { PORT: port, REDIRECT: redirect } = process.env;
const issuer = `http://127.0.0.1:${port}`;
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
  ],
  pkce: { required: () => true },
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
  }),
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
