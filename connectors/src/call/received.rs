//! An answer that is a file: taken piece by piece, kept whole or not at all.

use dsl::catalog::Failure;
use egress::{Header, Incoming, Method};

use super::answer::{self, Seen};
use super::build::Outgoing;
use super::fill::{self, Names};
use super::{Called, Session, Watch, signed, unanswered};
use crate::download::{Again, Broken, Download};
use crate::manifest::request::{Reads, Request};

impl Session<'_> {
    /// An answer that is a file, taken piece by piece; one that is a refusal is read as any other.
    pub(super) async fn receive(
        &self,
        client: &egress::Client,
        outgoing: &Outgoing,
        called: &Called<'_>,
        (request, watch): (&Request, &mut Watch),
        names: &Names,
    ) -> Result<Seen, Failure> {
        let call = outgoing.name();
        let broken = |error: egress::Error| unanswered(&error, &call, called.safety());
        let opened = client.open(outgoing.request()).await;
        watch.stop();
        let incoming = opened.map_err(broken)?;
        if !(200..300).contains(&incoming.status()) {
            return answer::read(
                incoming.whole(outgoing.max_response).await.map_err(broken)?,
                Reads::Auto,
                &call,
            );
        }
        if let Some(recorder) = self.job.recorder {
            recorder.received(outgoing);
        }
        let unkept = |failure: Failure| Failure {
            message: format!("`{call}`: {}", failure.message),
            answered: true,
            ..failure
        };
        let reads = outgoing.method == Method::GET && called.safety().repeatable();
        let rest = reads.then_some(Rest { session: self, outgoing, called, names });
        let download = Download { contents: self.job.contents, most: client.max_streamed(), due: None };
        let (response, content) =
            download.take(incoming, rest.as_ref()).await.map_err(|error| match error {
                Broken::Line(error) => broken(error),
                Broken::Here(failure) => unkept(failure),
            })?;
        let name = match &request.file_name {
            Some(name) => fill::value(name, names)?.map(|name| name.to_string()),
            None => None,
        };
        Ok(answer::file(response, content, name.as_deref(), outgoing.url.path()))
    }
}

/// The rest of an answer that broke off: each part is a request that is counted and signed as the first one.
struct Rest<'a> {
    session: &'a Session<'a>,
    outgoing: &'a Outgoing,
    called: &'a Called<'a>,
    names: &'a Names,
}

impl Again for Rest<'_> {
    async fn ask(&self, headers: Vec<Header>) -> Result<Incoming, Broken> {
        let (session, job) = (self.session, self.session.job);
        // The call has its place among those under way, and waits for no other.
        let wants = session.wants(self.called, self.names)?;
        drop(job.meter.admit(&session.line(), (job.name, job.id), wants, None).await?);
        let mut outgoing = self.outgoing.clone();
        let within = session.within(outgoing.url.host_str().unwrap_or_default());
        let way = job.auth(&session.connection)?;
        let open = signed::signed(&mut outgoing, way, &session.connection, within)?;
        outgoing.headers.extend(headers);
        job.egress.opened_by(open).open(outgoing.request()).await.map_err(Broken::Line)
    }
}
