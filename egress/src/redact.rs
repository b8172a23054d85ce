//! Servers sometimes say back what they were sent. A secret that comes back is replaced before anybody
//! sees the answer. This is a net below the rope: a server that wants to can always write it differently.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use memchr::memmem;
use secret::{Hole, Open, Refused, Secret};
use tokio::sync::Semaphore;

use crate::request::{Escape, json_string};

/// Shorter secrets stay: they would be found in what has nothing to do with them.
const SHORTEST: usize = 8;

/// What stands where a secret stood.
const STARS: &[u8] = b"***";

/// Opens each secret once in a call, and remembers it for as long as the call takes.
pub(crate) struct Opened {
    open: Arc<dyn Open>,
    /// How many may open secrets at once.
    opens: Arc<Semaphore>,
    known: Mutex<BTreeMap<(String, String), Secret>>,
    made: Mutex<Vec<Secret>>,
}

/// Knows what has been opened; `learn` opens.
impl Open for Opened {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        let known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let found = known.get(&(name.to_owned(), host.to_owned()));
        found.cloned().ok_or_else(|| Refused::Unknown { name: name.into() })
    }
}

impl Opened {
    pub(crate) fn new(open: Arc<dyn Open>, opens: Arc<Semaphore>) -> Opened {
        Opened { open, opens, known: Mutex::default(), made: Mutex::default() }
    }

    /// Opens what is not known for this host, on a thread that may block.
    pub(crate) async fn learn(&self, names: BTreeSet<&str>, host: &str) -> Result<(), Refused> {
        let keys: Vec<(String, String)> = {
            let mut known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let mut shut = vec![];
            for key in names.into_iter().map(|name| (name.to_owned(), host.to_owned())) {
                if known.contains_key(&key) {
                    continue;
                }
                match self.open.held(&key.0, host) {
                    Some(secret) => drop(known.insert(key, secret)),
                    None => shut.push(key),
                }
            }
            shut
        };
        let Some((first, _)) = keys.first().cloned() else { return Ok(()) };
        let broke_off = || Refused::Sealed { name: first.clone(), why: "whoever keeps it broke off".into() };
        let opens = self.opens.acquire().await.map_err(|_| broke_off())?;
        let open = self.open.clone();
        let opening = tokio::task::spawn_blocking(move || {
            let opened = keys.into_iter().map(|(name, host)| {
                let secret = open.open(&name, &host)?;
                Ok(((name, host), secret))
            });
            opened.collect::<Result<Vec<_>, Refused>>()
        });
        let opened = opening.await.map_err(|_| broke_off())??;
        drop(opens);
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend(opened);
        Ok(())
    }

    /// Fills a hole, and remembers all that was made of secrets on the way.
    pub(crate) fn fill(&self, hole: &Hole, host: &str) -> Result<Secret, Refused> {
        let filled = secret::fill(hole, self, host)?;
        let mut made = vec![filled.clone()];
        self.parts(hole, host, &mut made)?;
        self.made.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).append(&mut made);
        Ok(filled)
    }

    fn parts(&self, hole: &Hole, host: &str, made: &mut Vec<Secret>) -> Result<(), Refused> {
        match hole {
            Hole::Name(_) | Hole::Plain(_) => Ok(()),
            Hole::Join(parts) => parts.iter().try_for_each(|part| self.parts(part, host, made)),
            Hole::Base64(inner) => {
                made.push(secret::fill(hole, self, host)?);
                self.parts(inner, host, made)
            }
            Hole::Hmac(key, message) => {
                made.push(secret::fill(hole, self, host)?);
                self.parts(key, host, made)?;
                self.parts(message, host, made)
            }
        }
    }

    /// Everything that must not come back, longest first.
    pub(crate) fn needles(&self) -> Needles {
        if cfg!(feature = "planted") {
            return Needles(vec![]);
        }
        let known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let made = self.made.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut needles = Vec::new();
        for secret in known.values().chain(made.iter()).filter(|secret| secret.expose().len() >= SHORTEST) {
            needles.extend(spellings(secret.expose()));
        }
        sort(&mut needles);
        Needles(needles)
    }
}

/// Longest first, each once where the same stand together.
fn sort(needles: &mut Vec<Secret>) {
    needles.sort_by_key(|needle| std::cmp::Reverse(needle.expose().len()));
    needles.dedup_by(|a, b| a.expose() == b.expose());
}

/// The ways in which a server may write a secret.
fn spellings(text: &str) -> Vec<Secret> {
    let json = json_string(text);
    let slashed = json.replace('/', "\\/");
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let form = Escape::Form.apply(text);
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let texts = [
        text.to_owned(),
        json[1..json.len() - 1].to_owned(),
        slashed[1..slashed.len() - 1].to_owned(),
        html,
        form.replace('+', "%20"),
        form,
        hex.to_uppercase(),
        hex,
        STANDARD.encode(text),
        STANDARD_NO_PAD.encode(text),
        URL_SAFE_NO_PAD.encode(text),
    ];
    texts.into_iter().map(Secret::new).collect()
}

/// Texts that must not be seen.
pub(crate) struct Needles(Vec<Secret>);

impl Needles {
    /// The bytes with every secret replaced.
    pub(crate) fn redact(&self, bytes: Bytes) -> Bytes {
        let mut out = bytes;
        for needle in &self.0 {
            if let Some(replaced) = replaced(&out, needle.expose().as_bytes()) {
                out = replaced.into();
            }
        }
        out
    }

    /// The text with every secret replaced.
    pub(crate) fn redact_text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, needle| text.replace(needle.expose(), "***"))
    }
}

/// Replaces secrets in a body that comes piece by piece.
pub(crate) struct Veil {
    needles: Needles,
    /// What may be the beginning of a secret: it waits for what comes next.
    kept: Vec<u8>,
}

impl Veil {
    pub(crate) fn new(needles: Needles) -> Veil {
        Veil { needles, kept: vec![] }
    }

    /// Replaces these as well from here on.
    pub(crate) fn learn(&mut self, more: Needles) {
        self.needles.0.extend(more.0);
        sort(&mut self.needles.0);
    }

    /// What may be seen of all that came so far and was not given yet.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        let bytes = if self.kept.is_empty() {
            piece
        } else {
            let mut bytes = std::mem::take(&mut self.kept);
            bytes.extend_from_slice(&piece);
            bytes.into()
        };
        let seen = self.needles.redact(bytes);
        let begun = self.needles.0.iter().map(|needle| begun(&seen, needle.expose().as_bytes()));
        let end = seen.len() - begun.max().unwrap_or(0);
        self.kept.extend_from_slice(&seen[end..]);
        seen.slice(..end)
    }

    /// Nothing more comes.
    pub(crate) fn end(self) -> Bytes {
        self.kept.into()
    }
}

/// How many bytes at the end are the beginning of a needle, and not all of it.
fn begun(hay: &[u8], needle: &[u8]) -> usize {
    let most = hay.len().min(needle.len().saturating_sub(1));
    (1..=most).rev().find(|length| hay.ends_with(&needle[..*length])).unwrap_or(0)
}

/// The bytes without the needle; nothing if it is not in them.
fn replaced(hay: &[u8], needle: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut done) = (Vec::new(), 0);
    for at in memmem::find_iter(hay, needle) {
        out.extend_from_slice(&hay[done..at]);
        out.extend_from_slice(STARS);
        done = at + needle.len();
    }
    if done == 0 {
        return None;
    }
    out.extend_from_slice(&hay[done..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct One;

    impl Open for One {
        fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
            Ok(Secret::new("cana/ry \"12\"".into()))
        }
    }

    /// Has a secret open for one host, and opens others when it is asked.
    struct Holding(AtomicUsize);

    impl Open for Holding {
        fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Secret::new("opened".into()))
        }

        fn held(&self, _: &str, host: &str) -> Option<Secret> {
            (host == "h").then(|| Secret::new("held".into()))
        }
    }

    #[tokio::test]
    async fn what_is_open_for_a_host_serves_that_host_alone_and_is_hidden_like_any_other() {
        let holding = Arc::new(Holding(AtomicUsize::new(0)));
        let opened = Opened::new(holding.clone(), Arc::new(Semaphore::new(1)));
        let filled = async |host: &str| {
            opened.learn(["a"].into(), host).await.unwrap();
            opened.fill(&Hole::Name("a".into()), host).unwrap().expose().to_owned()
        };
        assert_eq!(filled("h").await, "held");
        assert_eq!(holding.0.load(Ordering::Relaxed), 0);
        assert_eq!(filled("g").await, "opened");
        assert_eq!(holding.0.load(Ordering::Relaxed), 1);
        let mut veil = Veil::new(opened.needles());
        let seen = [veil.push(Bytes::from_static(b"it is held, and opened")), veil.end()].concat();
        let seen = String::from_utf8(seen).unwrap();
        assert!(!seen.contains("held") && !seen.contains("opened"), "{seen}");
    }

    #[tokio::test]
    async fn a_secret_is_found_in_every_usual_spelling() {
        let opened = Opened::new(Arc::new(One), Arc::new(Semaphore::new(1)));
        opened.learn(["a"].into(), "h").await.unwrap();
        let pair = Hole::Join(vec![Hole::Plain("me:".into()), Hole::Name("a".into())]);
        opened
            .fill(&Hole::Join(vec![Hole::Plain("Basic ".into()), Hole::Base64(Box::new(pair))]), "h")
            .unwrap();
        let needles = opened.needles();
        let spellings = [
            "cana/ry \"12\"",
            "cana/ry \\\"12\\\"",
            "cana\\/ry \\\"12\\\"",
            "cana/ry &quot;12&quot;",
            "cana%2Fry+%2212%22",
            "cana%2Fry%20%2212%22",
            "63616e612f72792022313222",
            "Y2FuYS9yeSAiMTIi",
            "bWU6Y2FuYS9yeSAiMTIi",
        ];
        for spelling in spellings {
            let text = format!("<{spelling}|{spelling}>");
            assert_eq!(needles.redact(Bytes::from(text.clone())), "<***|***>", "{spelling}");
            assert_eq!(needles.redact_text(&text), "<***|***>", "{spelling}");
        }
        assert_eq!(needles.redact(Bytes::from_static(b"canary 12")), "canary 12");
    }

    #[test]
    fn a_secret_that_comes_in_pieces_is_never_seen() {
        let secret = "sk-canary-0123456789";
        let text = format!("<{secret}|sk-can|{secret}{secret}>sk-canary-01");
        let whole = needles(secret).redact(Bytes::from(text.clone()));
        assert_eq!(whole, "<***|sk-can|******>sk-canary-01");
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut veil = Veil::new(needles(secret));
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                let mut seen: Vec<u8> = pieces
                    .iter()
                    .flat_map(|piece| veil.push(Bytes::copy_from_slice(piece.as_bytes())))
                    .collect();
                seen.extend_from_slice(&veil.end());
                assert_eq!(seen, whole, "{first} {second}");
            }
        }
        let mut veil = Veil::new(needles(secret));
        assert_eq!(veil.push(Bytes::from_static(b"Hello, s")), "Hello, ");
        assert_eq!(veil.push(Bytes::from_static(b"ir")), "sir");
    }

    fn needles(secret: &str) -> Needles {
        Needles(spellings(secret))
    }

    #[test]
    fn replacing_leaves_the_rest_as_it_is() {
        assert_eq!(replaced(b"aab", b"ab").unwrap(), b"a***");
        assert_eq!(replaced(b"abcab", b"ab").unwrap(), b"***c***");
        assert_eq!(replaced(b"xyz", b"ab"), None);
    }
}
