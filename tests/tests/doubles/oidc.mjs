// oidc-provider of npm on a port of this machine: strict, with PKCE asked for, and refresh tokens that rotate.
import Provider from 'oidc-provider';

const { PORT: port, REDIRECT: redirect } = process.env;
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'keyway',
      client_secret: 'cnry-app-secret-0123456789',
      redirect_uris: [redirect],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
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
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
  },
  cookies: { keys: ['only for this test'] },
});
provider.listen(Number(port), '127.0.0.1');
process.stdin.on('close', () => process.exit(0));
process.stdin.resume();
