// oauth2-mock-server of npm on a port of this machine; with `dead`, no refresh token serves.
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
await server.start(Number(port), '127.0.0.1');
process.stdin.on('close', () => process.exit(0));
process.stdin.resume();
