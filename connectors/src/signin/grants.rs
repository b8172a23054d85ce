//! The ways in which tokens are had: for a code, for the app itself, for a signed statement, for a refresh token.

use jiff::Timestamp;
use secret::Secret;
use url::Url;

use super::answer::{self, Asked};
use super::assertion;
use super::attempt::{Accepted, scopes};
use super::check::Check;
use super::exchange::{Ask, ask};
use super::refusal::Refusal;
use super::service::Service;
use super::tokens::Tokens;
use crate::manifest::auth::{AssertionPlace, Grant, Refreshed};

/// What a token is asked for with.
const GRANT: &str = "grant_type";

impl Service<'_> {
    /// Tokens for what a browser came back with.
    ///
    /// # Errors
    /// Where it was begun with another app or way, or the service says no.
    pub async fn exchange(&self, accepted: &Accepted, now: Timestamp) -> Result<Tokens, Refusal> {
        let same = accepted.app == self.app.id && accepted.auth == self.auth;
        if Check::App.is_made() && !same {
            return Err(Refusal::OtherApp);
        }
        let pairs = [
            ("grant_type", "authorization_code".into()),
            ("code", (&accepted.code).into()),
            ("redirect_uri", accepted.redirect.clone().into()),
        ];
        let mut wanted = Ask::new(self.token()?, pairs);
        if let Some(verifier) = &accepted.verifier {
            wanted.add("code_verifier", verifier);
        }
        self.had(wanted, Asked { scopes: &accepted.scopes, refresh: None, now }).await
    }

    /// Tokens for the app itself. A service may have another name for this grant, among `token_params`.
    ///
    /// # Errors
    /// Where the service says no.
    pub async fn client_credentials(&self, wished: &[String], now: Timestamp) -> Result<Tokens, Refusal> {
        let mut wanted = Ask::new(self.token()?, []);
        if self.oauth2.token_params.iter().all(|(name, _)| name != GRANT) {
            wanted.add(GRANT, "client_credentials");
        }
        let asked = scopes(self, wished);
        self.add_scopes(&mut wanted, &asked);
        self.had(wanted, Asked { scopes: &asked, refresh: None, now }).await
    }

    /// Tokens for a statement that a private key signs.
    ///
    /// # Errors
    /// Where the way has no statement, the key is none, or the service says no.
    pub async fn jwt_bearer(
        &self,
        key: &Secret,
        wished: &[String],
        now: Timestamp,
    ) -> Result<Tokens, Refusal> {
        let asked = scopes(self, wished);
        let (signed, place) = assertion::made(self, key, &asked, now)?;
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        let mut wanted = Ask::new(self.token()?, [("grant_type", grant.into())]);
        match place {
            AssertionPlace::Body => wanted.add("assertion", &signed),
            AssertionPlace::Header => wanted.statement = Some(signed),
        }
        self.had(wanted, Asked { scopes: &asked, refresh: None, now }).await
    }

    /// Other tokens for these, once: with the refresh token, or as these were had where there is none. `key` is the private
    /// key of a way that signs statements.
    ///
    /// # Errors
    /// Where only a person can help, or the service says no in another way, which may pass.
    pub async fn renew(
        &self,
        tokens: &Tokens,
        key: Option<&Secret>,
        now: Timestamp,
    ) -> Result<Tokens, Refusal> {
        let refresh = tokens.refresh.as_ref().filter(|_| self.oauth2.rotation.refreshed != Refreshed::Never);
        match (&self.oauth2.grant, refresh, key) {
            (_, Some(refresh), _) => Ok(self.refresh(refresh, &tokens.scopes, now).await?.after(tokens)),
            (Grant::ClientCredentials, None, _) => self.client_credentials(&tokens.scopes, now).await,
            (Grant::JwtBearer(_), None, Some(key)) => self.jwt_bearer(key, &tokens.scopes, now).await,
            (Grant::Code(_) | Grant::DeviceCode { .. } | Grant::JwtBearer(_), None, _) => {
                let why = format!("its token is over, and {} gave out none to renew it with", self.name);
                Err(Refusal::Reconnect(why))
            }
        }
    }

    async fn refresh(&self, refresh: &Secret, granted: &[String], now: Timestamp) -> Result<Tokens, Refusal> {
        let url = match &self.oauth2.refresh {
            Some(own) => self.address(own, "refresh")?,
            None => self.token()?,
        };
        let pairs = [("grant_type", "refresh_token".into()), ("refresh_token", refresh.into())];
        self.had(Ask::new(url, pairs), Asked { scopes: granted, refresh: Some(refresh), now }).await
    }

    /// Takes tokens back, as far as the service offers it. True if it was asked to.
    ///
    /// # Errors
    /// Where the service says no.
    pub async fn revoke(&self, tokens: &Tokens) -> Result<bool, Refusal> {
        let Some(revoke) = &self.oauth2.revoke else { return Ok(false) };
        let (token, hint) = match &tokens.refresh {
            Some(refresh) => (refresh, "refresh_token"),
            None => (&tokens.access, "access_token"),
        };
        let pairs = [("token", token.into()), ("token_type_hint", hint.into())];
        let heard = ask(self, Ask::new(self.address(revoke, "revoke")?, pairs)).await?;
        if (200..300).contains(&heard.status) {
            return Ok(true);
        }
        let names = self.names().with("response", heard.response.clone());
        let error = crate::call::fill::found(&self.oauth2.answer.error, &names);
        Err(answer::refused(self, &heard, &error, (false, false)))
    }

    pub(super) fn token(&self) -> Result<Url, Refusal> {
        self.address(&self.oauth2.token, "token")
    }

    pub(super) fn add_scopes(&self, wanted: &mut Ask, asked: &[String]) {
        if !asked.is_empty() {
            let scopes = &self.oauth2.scopes;
            wanted.add(scopes.parameter.clone(), asked.join(&scopes.separator));
        }
    }

    pub(super) async fn had(&self, wanted: Ask, asked: Asked<'_>) -> Result<Tokens, Refusal> {
        answer::tokens(self, ask(self, wanted).await?, asked)
    }
}
