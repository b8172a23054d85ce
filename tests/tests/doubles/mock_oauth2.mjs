// oauth2-mock-server of npm on a port of this machine; HOW says in which way it misbehaves. With `dead`, no refresh token serves;
// other words are of what it says of who signs in.
import { OAuth2Server } from 'oauth2-mock-server';

const { PORT: port, HOW: how } = process.env;
const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
if (how === 'dead') {
  server.service.on('beforeResponse', (answer, request) => {
    if (request.body.grant_type === 'refresh_token') {
      answer.statusCode = 400;
      answer.body = { error: 'invalid_grant' };
    }
  });
}
server.service.on('beforeTokenSigning', (token) => {
  const said = token.payload;
  said.sub = 'ada-1';
  said.email = 'ada@example.com';
  said.email_verified = how !== 'unverified';
  if (how === 'elsewhere') said.email = 'ada@elsewhere.example';
  if (how === 'issuer') said.iss = 'https://evil.example';
  if (how === 'audience') said.aud = 'another-app';
  if (how === 'nonce') said.nonce = 'of another attempt';
  if (how === 'over') said.exp = Math.floor(Date.now() / 1000) - 3600;
});
server.service.on('beforeResponse', (answer) => {
  const { id_token: statement } = answer.body;
  if (!statement) return;
  const [head, claims, signature] = statement.split('.');
  const written = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));
  if (how === 'none') answer.body.id_token = `${written({ alg: 'none' })}.${claims}.`;
  if (how === 'claims') answer.body.id_token = `${head}.${written({ ...read(claims), sub: 'mallory' })}.${signature}`;
  if (how === 'silent') delete answer.body.id_token;
});
await server.start(Number(port), '127.0.0.1');
process.stdin.on('close', () => process.exit(0));
process.stdin.resume();
