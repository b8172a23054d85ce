//! A double of the batch APIs of OpenAI, Anthropic and Gemini, that also answers at once. It ends its batches when a test
//! says so, and remembers every request. Written from the vendors' documents, apart from the product, of which it knows nothing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::place::Place;

/// How long it waits for what a test is about to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every answer takes: all that is read, what of it is from the cache, all that is written, what of it is thinking.
pub const TAKES: (i64, i64, i64, i64) = (1_000, 200, 300, 100);

/// What it does with the next batch that is submitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Submits {
    /// It takes it.
    #[default]
    Takes,
    /// It takes it, and does not say so.
    Hushes,
    /// It says nothing, and takes nothing.
    Loses,
    /// It refuses it.
    Refuses,
}

/// A batch.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What it calls it.
    pub name: String,
    /// What its sender calls it.
    pub tag: String,
    /// The question.
    pub question: Value,
    /// How it stands: `open`, `done`, `cancelled` or `expired`.
    pub stands: &'static str,
}

/// The double.
#[derive(Clone)]
pub struct Batches {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    changed: Condvar,
}

#[derive(Default)]
struct Book {
    text: String,
    submits: Submits,
    batches: Vec<Batch>,
    files: BTreeMap<String, String>,
    requests: Vec<String>,
    /// The questions that were asked at once.
    asked: Vec<Value>,
}

impl Batches {
    /// Starts one whose answers are this text.
    ///
    /// # Panics
    /// Where there is no port for it.
    pub fn start(text: &str) -> Batches {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let shared = Arc::new(Shared::default());
        locked(&shared.book).text = text.to_owned();
        let double = Batches { address, shared };
        let serving = double.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                // A client that goes away has nothing to be told.
                std::thread::spawn(move || drop(serving.serve(stream)));
            }
        });
        double
    }

    /// Stores a key for it, as one of a provider that we know.
    ///
    /// # Panics
    /// Where it cannot be stored.
    pub fn key(&self, place: &Place, of: &str, key: &str) {
        let base = match of {
            "openai" => format!("http://{}/v1", self.address),
            _ => format!("http://{}", self.address),
        };
        let arguments = ["keys", "add", of, "--name", "mine", "--base-url", &base, "--no-test", "--stdin"];
        let added = place.keyway.run_with(&arguments, key);
        assert_eq!(added.code, Some(0), "{added:?}");
    }

    /// What it does with batches from now on.
    pub fn submits(&self, submits: Submits) {
        locked(&self.shared.book).submits = submits;
    }

    /// Ends all batches that are open.
    pub fn end(&self, stands: &'static str) {
        let mut book = locked(&self.shared.book);
        let open = book.batches.iter_mut().filter(|batch| batch.stands == "open");
        open.for_each(|batch| batch.stands = stands);
    }

    /// All batches, in their order.
    pub fn batches(&self) -> Vec<Batch> {
        locked(&self.shared.book).batches.clone()
    }

    /// The questions that were asked at once.
    pub fn asked(&self) -> Vec<Value> {
        locked(&self.shared.book).asked.clone()
    }

    /// All requests, as in `GET /v1/batches/b1`.
    pub fn requests(&self) -> Vec<String> {
        locked(&self.shared.book).requests.clone()
    }

    /// Waits until a number of requests contain this.
    ///
    /// # Panics
    /// Where they do not come.
    pub fn until(&self, count: usize, of: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let requests = self.requests();
            if requests.iter().filter(|request| request.contains(of)).count() >= count {
                return;
            }
            assert!(Instant::now() < end, "`{of}` does not come {count} times: {requests:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        let (method, path, body) = read(&mut reader)?;
        let (status, body) = self.answer(&method, &path, &body);
        write!(
            writer,
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn answer(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut book = locked(&self.shared.book);
        book.requests.push(format!("{method} {path}"));
        self.shared.changed.notify_all();
        let place = path.split('?').next().unwrap_or_default();
        let said: Value = serde_json::from_str(body).unwrap_or_default();
        let parts: Vec<&str> = place.trim_matches('/').split('/').collect();
        match (method, &parts[..]) {
            ("POST", ["v1", "files"]) => {
                let line = body.lines().find(|line| line.starts_with("{\"custom_id\"")).unwrap_or_default();
                let name = format!("file-{}", book.files.len() + 1);
                book.files.insert(name.clone(), line.to_owned());
                (200, json!({ "id": name, "object": "file", "purpose": "batch" }).to_string())
            }
            ("POST", ["v1", "batches"]) => {
                let file = said["input_file_id"].as_str().unwrap_or_default();
                let line = book.files.get(file).cloned().unwrap_or_default();
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                self.submit(book, &said["metadata"]["keyway"], line["body"].clone(), openai)
            }
            ("GET", ["v1", "batches"]) => {
                let data: Vec<Value> = book.batches.iter().map(openai).collect();
                (200, json!({ "object": "list", "data": data, "has_more": false }).to_string())
            }
            ("POST", ["v1", "batches", name, "cancel"]) => cancel(&mut book, name, openai),
            ("GET", ["v1", "batches", name]) => shown(&book, name, openai),
            ("GET", ["v1", "files", name, "content"]) => match book.of(name.trim_start_matches("out-")) {
                Some(batch) => (200, book.openai_line(batch)),
                None => (404, "{}".into()),
            },
            ("POST", ["v1", "chat", "completions"]) => {
                book.asked.push(said.clone());
                (200, book.openai_answer(&said).to_string())
            }
            ("POST", ["v1", "messages", "batches"]) => {
                let request = &said["requests"][0];
                self.submit(book, &request["custom_id"], request["params"].clone(), anthropic)
            }
            ("GET", ["v1", "messages", "batches"]) => {
                let data: Vec<Value> = book.batches.iter().map(anthropic).collect();
                (200, json!({ "data": data, "has_more": false }).to_string())
            }
            ("POST", ["v1", "messages", "batches", name, "cancel"]) => cancel(&mut book, name, anthropic),
            ("GET", ["v1", "messages", "batches", name, "results"]) => match book.of(name) {
                Some(batch) => (200, book.anthropic_line(batch)),
                None => (404, "{}".into()),
            },
            ("GET", ["v1", "messages", "batches", name]) => shown(&book, name, anthropic),
            ("POST", ["v1", "messages"]) => {
                book.asked.push(said.clone());
                (200, book.anthropic_answer(&said).to_string())
            }
            ("POST", ["v1beta", "models", model]) if model.ends_with(":batchGenerateContent") => {
                let request = &said["batch"]["inputConfig"]["requests"]["requests"][0]["request"];
                self.submit(book, &said["batch"]["displayName"], request.clone(), gemini)
            }
            ("GET", ["v1beta", "batches"]) => {
                let all: Vec<Value> = book.batches.iter().map(gemini).collect();
                (200, json!({ "operations": all }).to_string())
            }
            ("POST", ["v1beta", "batches", name]) if name.ends_with(":cancel") => {
                cancel(&mut book, name.trim_end_matches(":cancel"), gemini)
            }
            ("GET", ["v1beta", "batches", name]) => match book.of(name) {
                Some(batch) => (200, book.gemini_operation(batch).to_string()),
                None => (404, "{}".into()),
            },
            _ => (404, json!({ "error": { "message": "there is no such place" } }).to_string()),
        }
    }

    /// Takes a batch, or does not.
    fn submit(
        &self,
        mut book: MutexGuard<'_, Book>,
        tag: &Value,
        question: Value,
        show: fn(&Batch) -> Value,
    ) -> (u16, String) {
        let submits = book.submits;
        if submits == Submits::Refuses {
            let error =
                json!({ "error": { "type": "invalid_request_error", "message": "no batches for you" } });
            return (400, error.to_string());
        }
        if submits != Submits::Loses {
            let name = format!("batch_{}", book.batches.len() + 1);
            let tag = tag.as_str().unwrap_or_default().to_owned();
            book.batches.push(Batch { name, tag, question, stands: "open" });
        }
        if submits == Submits::Takes {
            return (200, book.batches.last().map(show).unwrap_or_default().to_string());
        }
        // It holds the answer back; who waits for it is killed meanwhile, or the test ends.
        let held = self.shared.changed.wait_timeout_while(book, PATIENCE, |book| book.submits == submits);
        drop(held);
        (500, "{}".into())
    }
}

impl Book {
    fn of(&self, name: &str) -> Option<&Batch> {
        self.batches.iter().find(|batch| batch.name == name)
    }

    fn openai_answer(&self, question: &Value) -> Value {
        let (read, cached, written, thought) = TAKES;
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": question["model"],
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": self.text }, "finish_reason": "stop" }],
            "usage": {
                "prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written,
                "prompt_tokens_details": { "cached_tokens": cached },
                "completion_tokens_details": { "reasoning_tokens": thought },
            },
        })
    }

    fn openai_line(&self, batch: &Batch) -> String {
        let response =
            json!({ "status_code": 200, "request_id": "r", "body": self.openai_answer(&batch.question) });
        let line = json!({ "id": "l1", "custom_id": batch.tag, "response": response, "error": null });
        format!("{line}\n")
    }

    fn anthropic_answer(&self, question: &Value) -> Value {
        let (read, cached, written, _) = TAKES;
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": question["model"],
            "content": [{ "type": "text", "text": self.text }], "stop_reason": "end_turn",
            "usage": {
                "input_tokens": read - cached, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0,
                "output_tokens": written,
            },
        })
    }

    /// A batch as Gemini shows it, with what came of it where it is over.
    fn gemini_operation(&self, batch: &Batch) -> Value {
        let (read, cached, written, thought) = TAKES;
        let mut shown = gemini(batch);
        if batch.stands == "done" {
            let answer = json!({
                "candidates": [{ "content": { "role": "model", "parts": [{ "text": self.text }] }, "finishReason": "STOP" }],
                "usageMetadata": {
                    "promptTokenCount": read, "cachedContentTokenCount": cached,
                    "candidatesTokenCount": written - thought, "thoughtsTokenCount": thought,
                },
            });
            let answers = json!([{ "response": answer, "metadata": { "key": batch.tag } }]);
            shown["response"] = json!({ "inlinedResponses": { "inlinedResponses": answers } });
        }
        shown
    }

    fn anthropic_line(&self, batch: &Batch) -> String {
        let result = match batch.stands {
            "done" => json!({ "type": "succeeded", "message": self.anthropic_answer(&batch.question) }),
            "cancelled" => json!({ "type": "canceled" }),
            _ => json!({ "type": "expired" }),
        };
        format!("{}\n", json!({ "custom_id": batch.tag, "result": result }))
    }
}

/// A batch as OpenAI shows it.
fn openai(batch: &Batch) -> Value {
    let (status, file) = match batch.stands {
        "open" => ("in_progress", Value::Null),
        "done" => ("completed", json!(format!("out-{}", batch.name))),
        stands => (stands, Value::Null),
    };
    json!({
        "id": batch.name, "object": "batch", "status": status, "output_file_id": file, "error_file_id": null,
        "metadata": { "keyway": batch.tag },
    })
}

/// A batch as Anthropic shows it. The address of its results is a trap: who follows it takes the key elsewhere.
fn anthropic(batch: &Batch) -> Value {
    let status = if batch.stands == "open" { "in_progress" } else { "ended" };
    json!({
        "id": batch.name, "type": "message_batch", "processing_status": status,
        "created_at": jiff::Timestamp::now().to_string(), "results_url": "http://127.0.0.1:9/elsewhere",
    })
}

/// A batch as Gemini lists it.
fn gemini(batch: &Batch) -> Value {
    let state = match batch.stands {
        "open" => "RUNNING",
        "done" => "SUCCEEDED",
        "cancelled" => "CANCELLED",
        _ => "EXPIRED",
    };
    json!({
        "name": format!("batches/{}", batch.name), "done": batch.stands != "open",
        "metadata": { "displayName": batch.tag, "state": format!("BATCH_STATE_{state}") },
    })
}

fn shown(book: &Book, name: &str, show: fn(&Batch) -> Value) -> (u16, String) {
    match book.of(name) {
        Some(batch) => (200, show(batch).to_string()),
        None => (404, "{}".into()),
    }
}

fn cancel(book: &mut Book, name: &str, show: fn(&Batch) -> Value) -> (u16, String) {
    if let Some(batch) = book.batches.iter_mut().find(|batch| batch.name == name && batch.stands == "open") {
        batch.stands = "cancelled";
    }
    shown(book, name, show)
}

/// The method, the path and the body of a request.
fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<(String, String, String)> {
    let (mut method, mut path, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if path.is_empty() {
            let mut words = line.split(' ');
            method = words.next().unwrap_or_default().to_owned();
            path = words.next().unwrap_or_default().to_owned();
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((method, path, String::from_utf8_lossy(&body).into_owned()))
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
