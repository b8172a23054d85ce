//! A connection, from the moment in which it is accepted to its end: how long it lasts, how long a head may be and take,
//! and what every answer carries.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use super::crowd::{Crowd, Place};
use super::routes::Route;
use super::{Limits, Names, Stage, answer, ask};
use crate::metrics::{Counted, Metrics, Name};

/// How long is waited where the system gives no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// The most lines of a head.
const HEAD_LINES: usize = 100;

/// What every connection has.
#[derive(Clone)]
pub(super) struct Line {
    pub router: Router,
    pub names: Arc<Names>,
    pub limits: Limits,
    pub stage: watch::Receiver<Stage>,
    pub crowd: Arc<Crowd>,
    pub metrics: Arc<Metrics>,
}

/// Accepts connections until it is closed, and waits for those that are open.
pub(super) async fn accept(listener: TcpListener, line: Line) {
    let mut stage = line.stage.clone();
    let mut lines = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stage.wait_for(|stage| *stage == Stage::Closing) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => {
                let place = tokio::select! {
                    _ = stage.wait_for(|stage| *stage == Stage::Closing) => break,
                    place = line.crowd.enter(from.ip()) => place,
                };
                lines.spawn(hold(stream, (place, ask::From(from.ip())), line.clone()));
            }
            Err(error) => {
                warn!(%error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
        while lines.try_join_next().is_some() {}
    }
    drop(listener);
    while lines.join_next().await.is_some() {}
}

/// Answers what comes over a connection until its end.
async fn hold(stream: TcpStream, (place, from): (Place, ask::From), line: Line) {
    // An answer is one write, and waits for nothing.
    let _ = stream.set_nodelay(true);
    let (limits, mut stage) = (line.limits, line.stage.clone());
    let _open = Counted::new(line.metrics.of(Name::HttpConnections, &[]));
    let place = Arc::new(place);
    let asked = {
        let (place, line) = (place.clone(), line.clone());
        service_fn(move |request| answered(request, (place.clone(), from), line.clone()))
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(limits.head)
        .max_headers(HEAD_LINES)
        .serve_connection(TokioIo::new(stream), asked);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What came before it has to go is seen first.
        biased;
        // What goes wrong with a connection is its other end's matter.
        _ = &mut connection => return,
        // What came meanwhile is answered.
        () = place.go.notified() => if !place.is_busy() { return },
        () = tokio::time::sleep(limits.connection_lasts) => {}
        _ = stage.wait_for(|stage| *stage == Stage::Closing) => {}
    }
    connection.as_mut().graceful_shutdown();
    // What is being answered takes a body at most, or a model, and what is slow to be taken is given up.
    let rest = if place.is_long() { limits.answer_within } else { limits.body_within };
    let _ = tokio::time::timeout(rest, connection).await;
}

/// The body of an answer, which keeps its connection busy until it has gone out.
struct Held {
    body: Body,
    place: Arc<Place>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.place.idle();
    }
}

/// Stands for the route where there is none.
const NONE: &str = "none";

async fn answered(
    mut request: Request<Incoming>,
    (place, from): (Arc<Place>, ask::From),
    line: Line,
) -> Result<Response<Body>, Infallible> {
    let began = Instant::now();
    place.busy();
    request.extensions_mut().insert(place.clone());
    request.extensions_mut().insert(from);
    let metrics = line.metrics;
    let mut response = match line.names.check(request.uri(), request.headers()) {
        Ok(()) => TowerToHyperService::new(line.router).call(request).await?,
        Err(refusal) => answer::written(Err(refusal)),
    };
    let route = response.extensions_mut().remove::<&'static Route>();
    let route = route.map_or((NONE, NONE), |route| (route.method, route.path));
    metrics.answered(route, response.status().as_u16(), began.elapsed());
    Ok(answer::guarded(response).map(|body| Body::new(Held { body, place })))
}
