//! `pdf.text`: what stands on the pages of a PDF, as text. A file is by anybody: it is read on a thread of its own, with limits for
//! what it may become, how long it may take and how deep it may go; a reader that gives up in the middle ends the step and nothing else.

mod font;
mod lines;
mod load;
mod page;
mod tokens;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use dsl::catalog::{Action, Failure, FailureKind, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::file::bytes_of;
use crate::Settings;
use crate::params::Params;
use page::{Budget, Reader};

/// The longest file, in bytes.
const LONGEST: u64 = 20 * 1024 * 1024;

/// The most pages where nothing is said.
const PAGES: usize = 100;

/// The most pages of a file that are counted.
const COUNTED: usize = 100_000;

/// The longest that a file is read.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much later a reader that does not look at the clock is left to itself.
const GRACE: Duration = Duration::from_secs(10);

/// Room for calls within calls: the library nests a hundred deep at most.
const STACK: usize = 16 * 1024 * 1024;

/// How many files are read at once; one that is left to itself keeps its place.
const PLACES: usize = 2;

/// How long a file waits for a place.
const QUEUE: Duration = Duration::from_secs(60);

pub(crate) fn text(id: &str) -> Action {
    let limit =
        Field::optional("limit", Type::Integer, "Most pages that are given; 100 where nothing is said.");
    let skip = Field::optional("skip", Type::Integer, "How many pages stand before the first that counts.");
    Action {
        id: id.into(),
        about: "Take the text out of a PDF of at most 20 MB, page by page. Pictures of text are not read, and neither is a file with a password.".into(),
        safety: Safety::Read,
        input: vec![
            Field::required("file", Type::Bytes, "The file, as an attachment, an answer, or `file.read` with `as: bytes` gives it."),
            Field { min: Some(0.0), ..skip },
            Field { min: Some(1.0), max: Some(1000.0), ..limit },
        ],
        output: Type::Object(vec![
            Field::required("pages", Type::List(Box::new(Type::String)), "The texts of the pages: a line for each line, a tab between columns."),
            Field::required("count", Type::Integer, "How many pages the file has."),
            Field::required("more", Type::Boolean, "True if there are more pages than are given."),
        ]),
        trust: Trust::Untrusted,
    }
}

/// Does it on a thread that holds nobody up.
pub(crate) async fn call(settings: &Settings, params: Params) -> Result<Value, Failure> {
    static ROOM: std::sync::LazyLock<Arc<Semaphore>> =
        std::sync::LazyLock::new(|| Arc::new(Semaphore::new(PLACES)));
    let place = match tokio::time::timeout(QUEUE, ROOM.clone().acquire_owned()).await {
        Ok(Ok(place)) => place,
        _ => return Err(Failure::passing(FailureKind::Limit, "other PDFs are being read, and none is done")),
    };
    let contents = settings.contents.clone();
    let work = tokio::task::spawn_blocking(move || {
        let bytes = bytes_of("file", &params, &contents, LONGEST)?;
        let wanted =
            Wanted { skip: params.count("skip").unwrap_or(0), most: params.count("limit").unwrap_or(PAGES) };
        apart(place, PATIENCE + GRACE, move || wanted.read(&bytes, Instant::now() + PATIENCE))
    });
    work.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Server, "the work on a PDF was cut off")))
}

/// Does work on a thread that may panic or never end, and keeps its place until it does.
fn apart(
    place: OwnedSemaphorePermit,
    patience: Duration,
    work: impl FnOnce() -> Result<Value, Failure> + Send + 'static,
) -> Result<Value, Failure> {
    let (tell, told) = sync_channel(1);
    let thread = thread::Builder::new().name("pdf".into()).stack_size(STACK).spawn(move || {
        let _place = place;
        let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(of_panic(panic)));
        // Nobody hears it where it came too late.
        let _ = tell.send(done);
    });
    if let Err(error) = thread {
        let message = format!("there is no thread to read a PDF: {error}");
        return Err(Failure::passing(FailureKind::Limit, message));
    }
    told.recv_timeout(patience).unwrap_or_else(|why| match why {
        RecvTimeoutError::Timeout => Err(too_long()),
        RecvTimeoutError::Disconnected => Err(invalid(DAMAGED)),
    })
}

/// What is said of a file at which its reader panics.
const DAMAGED: &str = "the file is damaged in a way that cannot be read; open it and save it anew";

/// What a thread ended with: a failure that was thrown to leave the library, or a panic of the library.
fn of_panic(panic: Box<dyn std::any::Any + Send>) -> Failure {
    panic.downcast::<Failure>().map_or_else(|_| invalid(DAMAGED), |failure| *failure)
}

/// What of a file is wanted.
struct Wanted {
    skip: usize,
    most: usize,
}

impl Wanted {
    fn read(&self, bytes: &[u8], due: Instant) -> Result<Value, Failure> {
        let document = load::load(bytes, due)?;
        let mut reader = Reader::new(&document, Budget::new(due));
        let mut count = 0;
        let mut texts = vec![];
        for page in document.page_iter().take(COUNTED) {
            if count >= self.skip && texts.len() < self.most {
                texts.push(reader.page(page)?);
            }
            count += 1;
        }
        if count == 0 {
            return Err(invalid("the file has no page that can be read; open it and save it anew"));
        }
        let (letters, unknown, pictures) = (reader.letters, reader.unknown, reader.pictures);
        if letters == 0 && pictures > 0 {
            return Err(invalid(
                "the pages are pictures without text, as a scanner makes them; have a service recognise the text first",
            ));
        }
        if unknown * 2 > letters {
            return Err(invalid(
                "the fonts of the file do not say which letters they draw; treat it like a scan: have a service recognise the text",
            ));
        }
        let more = count > self.skip + texts.len();
        Ok(Value::object([
            ("pages", Value::list(texts.into_iter().map(Value::text).collect())),
            ("count", Value::Int(count as i64)),
            ("more", Value::Bool(more)),
        ]))
    }
}

fn invalid(message: &str) -> Failure {
    Failure::new(FailureKind::Invalid, message)
}

fn limit(message: &str) -> Failure {
    Failure::new(FailureKind::Limit, message)
}

fn too_long() -> Failure {
    Failure::new(FailureKind::Timeout, format!("the file takes longer than {} s to read", PATIENCE.as_secs()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn place() -> (Arc<Semaphore>, OwnedSemaphorePermit) {
        let room = Arc::new(Semaphore::new(1));
        let place = room.clone().try_acquire_owned().unwrap();
        (room, place)
    }

    #[test]
    fn a_reader_that_panics_ends_the_step_alone_and_gives_its_place_back() {
        let (room, place) = place();
        let failure = apart(place, PATIENCE, || panic!("planted")).unwrap_err();
        assert_eq!((failure.kind, &*failure.message), (FailureKind::Invalid, DAMAGED));
        let began = Instant::now();
        while room.available_permits() == 0 && began.elapsed() < Duration::from_secs(5) {
            thread::yield_now();
        }
        assert_eq!(room.available_permits(), 1);
    }

    #[test]
    fn a_reader_that_does_not_end_is_left_to_itself_with_its_place() {
        let (room, place) = place();
        let (end, ended) = sync_channel::<()>(1);
        let failure = apart(place, Duration::from_millis(50), move || {
            ended.recv().unwrap();
            Ok(Value::Null)
        })
        .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert_eq!(room.available_permits(), 0);
        end.send(()).unwrap();
    }

    #[test]
    fn calls_a_hundred_deep_have_room() {
        // A frame of the library's parser has a few kilobytes in a build for tests.
        fn deep(left: usize) -> usize {
            let room = [left as u8; 64 * 1024];
            if left == 0 { 0 } else { deep(left - 1) + usize::from(std::hint::black_box(&room)[0] > 0) }
        }
        let (_, place) = place();
        let done = apart(place, PATIENCE, || Ok(Value::Int(deep(100) as i64)));
        assert_eq!(done, Ok(Value::Int(100)));
    }
}
