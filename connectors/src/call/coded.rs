//! Actions that code carries out, where no request does.

use dsl::catalog::Failure;
use dsl::value::Value;

use super::fill::Names;
use super::{Called, Job, Session, answer};
use crate::code::{Code, Coded};
use crate::params::Params;

impl Session<'_> {
    /// What code carries out: counted as a request is, with the secrets of the connection for its hosts.
    pub(super) async fn coded(
        &self,
        code: Code,
        called: &Called<'_>,
        params: &Params,
        names: &Names,
    ) -> Result<Value, Failure> {
        let _place = self.admitted(called, names, &self.line()).await?;
        let base = self.base().and_then(|base| url::Url::parse(base).ok());
        let host = base.as_ref().and_then(|base| base.host_str()).unwrap_or_default();
        let egress = self.job.egress.opened_by(self.within(host));
        let value = code.call(&self.given_to_code(egress)?, params).await?;
        Ok(match called {
            Called::Action(action) => answer::picked(&value, &action.answer.returns),
            Called::Free(_) => value,
        })
    }

    pub(super) fn given_to_code(&self, egress: egress::Client) -> Result<Coded<'_>, Failure> {
        let Job { id, key, .. } = *self.job;
        let (connection, auth) = (&self.connection, self.job.auth(&self.connection)?);
        let timeout = self.job.manifest.defaults.timeout;
        Ok(Coded { id, key, egress, connection, auth, base: self.base(), timeout })
    }
}
