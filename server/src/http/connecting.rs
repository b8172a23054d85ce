//! Connecting an account at a service: by what somebody gives, or by agreeing there in a browser. What is begun is finished by
//! who began it, in the same session or with the same token.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use connectors::manifest::Manifest;
use connectors::manifest::auth::Kind;
use connectors::signin::LASTS;
use dsl::value::Value as Plain;
use jiff::Timestamp;
use secret::Secret;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use url::form_urlencoded::Serializer;
use vault::{Connection, Place, READY};

use super::connectors::comes_back_here;
use super::issuers::COOKIE;
use super::pages::BASE;
use super::{Answer, Ask, House, Refusal};
use crate::accounts::is_over;
use crate::connections::{
    Beginning, Check, Choice, Device, Entering, Finished, MAIN, Poll, REFUSED, Tokens, Wanted, Wish, add,
    allowed, asked_for, of_deployed, verify, way,
};
use crate::error::Error;
use crate::role::Role;
use crate::token::{ATTEMPT, Scope, Token};

/// How many attempts are under way at once.
const MOST: usize = 1000;

/// What is begun and not finished.
#[derive(Default)]
pub struct Connecting(Mutex<HashMap<Key, Arc<Pending>>>);

/// Whose it will be, at which service, and what it will be called.
type Key = (String, String, String);

struct Pending {
    asker: Asker,
    /// The hash of what the browser was given, where one comes back here.
    cookie: Option<[u8; 32]>,
    entering: Entering<'static>,
    redirect: String,
    began: Instant,
    came: tokio::sync::Mutex<Came>,
}

/// How far it has come.
enum Came {
    /// Nobody has agreed yet.
    Browser,
    /// Nobody has agreed yet at another device, as far as was asked then.
    Device(Box<Device>, Instant),
    /// Somebody has agreed, and is to choose something.
    Agreed(Box<(Tokens, Plain)>),
    /// It is over. Whoever began is told what came of it, however often they ask.
    Over(Result<Box<Value>, Refusal>),
}

/// Who began.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asker {
    Session([u8; 32]),
    Token(String),
}

impl Asker {
    fn of(ask: &Ask<'_>) -> Asker {
        match &ask.who.person {
            Some(person) => Asker::Session(person.session),
            None => Asker::Token(ask.who.token.clone()),
        }
    }
}

impl Connecting {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Pending>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers one; one of the same name that was begun before is over.
    fn put(&self, key: Key, pending: Pending) -> Result<Arc<Pending>, Refusal> {
        let mut all = self.lock();
        all.retain(|_, it| it.began.elapsed() < LASTS);
        if all.len() >= MOST && !all.contains_key(&key) {
            return Err(Refusal::tries(60));
        }
        let pending = Arc::new(pending);
        all.insert(key, pending.clone());
        Ok(pending)
    }

    fn of_cookie(&self, connector: &str, cookie: [u8; 32]) -> Option<(Key, Arc<Pending>)> {
        let all = self.lock();
        let mut found = all.iter().filter(|((_, of, _), it)| of == connector && it.cookie == Some(cookie));
        found.next().map(|(key, it)| (key.clone(), it.clone()))
    }
}

/// Begins; where nobody has to agree anywhere, it is done with that.
pub fn begin(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let manifest = manifest(ask)?;
    let vault = part.vault()?;
    let name = ask.said.text("name").unwrap_or(MAIN).to_owned();
    let known = vault.connections(part.owner(), Some(&manifest.id)).map_err(Error::from)?;
    let before = known.into_iter().find(|row| row.name == name);
    let place = place(ask, before.as_ref())?;
    let named = ask.said.text("auth").or(before.as_ref().map(|row| row.auth.as_str()));
    let way = way((&vault, part.owner()), manifest, named)?;
    let fields: Vec<(String, String)> = pairs(ask, "fields");
    let mut secrets = vec![];
    let given = pairs(ask, "secrets");
    for (wanted, about) in asked_for(way) {
        let Some((_, value)) = given.iter().find(|(name, _)| *name == wanted) else {
            return Err(Refusal::unfit(format!(
                "the secret `{wanted}` is missing: {}",
                about.trim_end_matches('.')
            )));
        };
        secrets.push((wanted, Secret::new(value.clone())));
    }
    if let Some((other, _)) = given.iter().find(|(name, _)| secrets.iter().all(|(known, _)| known != name)) {
        return Err(Refusal::unfit(format!("`{}` asks for no secret `{other}`", way.id)));
    }
    let base = ask.said.text("base_url").map(str::to_owned);
    if let Some(base) = &base {
        // What is given goes there: no secret leaves in the clear, or for hosts that are not the service's.
        allowed(manifest, base, part.reach())?;
    }
    let actor = ask.who.actor();
    if !matches!(way.kind, Kind::Oauth2(_)) {
        let wanted = Wanted {
            manifest,
            auth: way,
            name: &name,
            fields: &fields,
            secrets,
            base: base.as_deref(),
            place,
        };
        add(&vault, part.acts(&actor), wanted)?;
        return tried(ask, manifest, &name);
    }
    let wish = Wish {
        manifest,
        way,
        name: name.clone(),
        actor,
        fields,
        secrets,
        scopes: scopes(ask, manifest, &name)?,
        base,
        place,
        reach: part.reach(),
    };
    let entering = Handle::current().block_on(Entering::new(vault, part.owner(), wish))?;
    let key = (part.owner().to_owned(), manifest.id.clone(), name);
    match entering.beginning() {
        Beginning::Browser => by_browser(ask, key, entering),
        Beginning::Device => by_device(ask, key, entering),
        Beginning::Nobody => {
            let tokens = Handle::current().block_on(entering.alone())?;
            let pending = pending(ask, entering, Came::Agreed(Box::new((tokens, Plain::Null))));
            let pending = ask.house.connecting().put(key.clone(), pending)?;
            finished((&key, &pending), BTreeMap::new())
        }
    }
}

/// Goes on with what was begun: with the address at which a browser ended, with what somebody chose, or to ask whether they
/// have agreed at another device.
pub fn finish(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let (connector, name) = (ask.said.part("connector"), ask.said.part("name"));
    let key = (part.owner().to_owned(), connector.to_owned(), name.to_owned());
    let none = || Refusal::absent("attempt to connect", name);
    let found = ask.house.connecting().lock().get(&key).filter(|it| it.began.elapsed() < LASTS).cloned();
    let pending = found.filter(|it| it.asker == Asker::of(ask)).ok_or_else(none)?;
    if let Some(answer) = ask.said.text("answer") {
        let (address, query) = answer.trim().split_once('?').unwrap_or((answer, ""));
        if address != pending.redirect {
            let begins = format!("the answer is an address that begins with `{}?`", pending.redirect);
            return Err(Refusal::unfit(begins));
        }
        came_back(&pending, query.split('#').next().unwrap_or_default()).map_err(Wrong::refusal)?;
    }
    let chosen = pairs(ask, "chosen").into_iter().collect();
    finished((&key, &pending), chosen)
}

/// Takes what a browser comes back with, if whoever began is still signed in there and may still do it.
pub fn back(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (house, connector) = (ask.house, ask.said.part("connector"));
    let other = || Error::from(connectors::signin::Refusal::OtherSession);
    let cookie = ask.said.attempt.as_deref().and_then(|shown| Token::read_as(ATTEMPT, shown));
    let found = cookie.and_then(|cookie| house.connecting().of_cookie(connector, cookie.hash()));
    let (key, pending) = found.ok_or_else(other)?;
    if !may_still(house, &key.0, &pending.asker)? {
        return Err(Refusal::signed_out(
            "who began this is not signed in any more, or may not do it any more",
        ));
    }
    let query = Serializer::new(String::new()).extend_pairs(&ask.said.query).finish();
    let came = match came_back(&pending, &query) {
        Ok(()) => finished((&key, &pending), BTreeMap::new()),
        Err(Wrong::NoAnswer(refusal)) => return Err(refusal),
        Err(Wrong::Denied(refusal)) => Err(refusal),
    };
    // The page asks what is to be chosen, or why nothing came of it: an address tells neither.
    let (answer, what) = match came {
        Ok(answer) if answer.status == 201 => (answer, "connected"),
        Ok(answer) => (answer, "connecting"),
        Err(refusal) => {
            let told =
                json!({ "connector": key.1, "name": key.2, "state": "refused", "why": refusal.message });
            (Answer::ok(told), "connecting")
        }
    };
    let query = Serializer::new(String::new()).append_pair(what, &key.2).finish();
    let page = format!("{BASE}/connections/{}?{query}", key.1);
    let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    Ok(answer.with(303).head("location", page).head("set-cookie", gone))
}

fn by_browser(ask: &Ask<'_>, key: Key, entering: Entering<'static>) -> Result<Answer, Refusal> {
    let redirect = entering.redirect().to_owned();
    let begun = entering.begin(&redirect)?;
    // Elsewhere, as at a terminal, a person brings the address here at which the browser ended.
    let comes_here = redirect == comes_back_here(ask, &key.1);
    let cookie = (comes_here && ask.who.person.is_some()).then(|| Token::random_as(ATTEMPT));
    let mut pending = pending(ask, entering, Came::Browser);
    (pending.redirect, pending.cookie) = (redirect.clone(), cookie.as_ref().map(Token::hash));
    let scopes = pending.entering.scopes();
    let told = json!({
        "connector": key.1, "name": key.2, "state": "browser", "address": begun.address,
        "expires": begun.expires.to_string(), "comes_back_to": redirect, "scopes": scopes,
    });
    ask.house.connecting().put(key, pending)?;
    let answer = Answer::ok(told).with(202);
    Ok(match cookie {
        None => answer,
        Some(cookie) => answer.head(
            "set-cookie",
            format!(
                "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}",
                cookie.expose(),
                LASTS.as_secs()
            ),
        ),
    })
}

fn by_device(ask: &Ask<'_>, key: Key, entering: Entering<'static>) -> Result<Answer, Refusal> {
    let device = Handle::current().block_on(entering.device())?;
    let told = json!({
        "connector": key.1, "name": key.2, "state": "device", "address": device.address,
        "code": device.user_code, "scopes": entering.scopes(),
    });
    ask.house
        .connecting()
        .put(key, pending(ask, entering, Came::Device(Box::new(device), Instant::now())))?;
    Ok(Answer::ok(told).with(202))
}

fn pending(ask: &Ask<'_>, entering: Entering<'static>, came: Came) -> Pending {
    let came = tokio::sync::Mutex::new(came);
    Pending {
        asker: Asker::of(ask),
        cookie: None,
        entering,
        redirect: String::new(),
        began: Instant::now(),
        came,
    }
}

/// Why nothing comes of what came back.
enum Wrong {
    /// It is no answer to this attempt.
    NoAnswer(Refusal),
    /// The service says no, or the person there.
    Denied(Refusal),
}

impl Wrong {
    fn of(error: Error) -> Wrong {
        use connectors::signin::Refusal::{Denied, Failed, OutsideHosts, Reconnect};
        match error {
            Error::SignIn(Denied(_) | Failed(_) | OutsideHosts { .. } | Reconnect(_)) => {
                Wrong::Denied(error.into())
            }
            error => Wrong::NoAnswer(error.into()),
        }
    }

    fn refusal(self) -> Refusal {
        match self {
            Wrong::NoAnswer(refusal) | Wrong::Denied(refusal) => refusal,
        }
    }
}

/// Takes an answer; whatever is wrong with it, the attempt is over.
fn came_back(pending: &Pending, query: &str) -> Result<(), Wrong> {
    Handle::current().block_on(async {
        let mut came = pending.came.lock().await;
        if matches!(*came, Came::Over(_)) {
            return Err(Wrong::of(connectors::signin::Refusal::StateUsed.into()));
        }
        let taking = pending.entering.came_back(&pending.redirect, query).await;
        match taking {
            Ok(agreed) => *came = Came::Agreed(Box::new(agreed)),
            Err(error) => {
                let wrong = Wrong::of(error);
                let (Wrong::NoAnswer(refusal) | Wrong::Denied(refusal)) = &wrong;
                *came = Came::Over(Err(refusal.clone()));
                return Err(wrong);
            }
        }
        Ok(())
    })
}

/// Stores it, if somebody has agreed and nothing is to be chosen.
fn finished(
    (key, pending): (&Key, &Arc<Pending>),
    chosen: BTreeMap<String, String>,
) -> Result<Answer, Refusal> {
    let (_, connector, name) = key;
    let waits =
        |state: &str| Answer::ok(json!({ "connector": connector, "name": name, "state": state })).with(202);
    Handle::current().block_on(async {
        let mut came = pending.came.lock().await;
        if let Came::Device(device, asked) = &mut *came {
            // Whoever asks more often than the service wants is told what was true then.
            if asked.elapsed() < device.interval {
                return Ok(waits("device"));
            }
            *asked = Instant::now();
            match pending.entering.poll(device).await.map_err(Refusal::from)? {
                Poll::Wait => return Ok(waits("device")),
                Poll::Done(tokens) => *came = Came::Agreed(Box::new((*tokens, Plain::Null))),
            }
        }
        let agreed = match &*came {
            Came::Browser | Came::Device(..) => return Ok(waits("browser")),
            Came::Over(Ok(told)) => return Ok(Answer::ok((**told).clone()).with(201)),
            Came::Over(Err(refusal)) => return Err(refusal.clone()),
            Came::Agreed(agreed) => agreed,
        };
        let (tokens, redirect) = &**agreed;
        match pending.entering.finish((tokens, redirect), &chosen, Check::Made).await {
            Ok(Finished::Stored { label, scopes }) => {
                let told = json!({
                    "connector": connector, "name": name, "state": "connected", "account": label, "scopes": scopes,
                });
                *came = Came::Over(Ok(Box::new(told.clone())));
                Ok(Answer::ok(told).with(201))
            }
            Ok(Finished::Choose { field, choices }) => {
                let row = |it: &Choice| json!({ "value": it.value, "label": it.label });
                Ok(Answer::ok(json!({
                    "connector": connector, "name": name, "state": "choose", "field": field,
                    "choices": choices.iter().map(row).collect::<Vec<Value>>(),
                }))
                .with(202))
            }
            Err(error) => {
                // What is not stored serves nobody. Whether the service takes it back changes nothing here.
                let _ = pending.entering.give_back(tokens).await;
                let refusal = Refusal::from(error);
                *came = Came::Over(Err(refusal.clone()));
                Err(refusal)
            }
        }
    })
}

/// Tells whether the service takes what was stored.
fn tried(ask: &Ask<'_>, manifest: &Manifest, name: &str) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let mut told = json!({ "connector": manifest.id, "name": name, "state": "connected" });
    if ask.said.body.get("verify") != Some(&Plain::Bool(false)) && manifest.account.verify.is_some() {
        let vault = part.vault()?;
        let asking = verify(&vault, manifest, (part.owner(), name), part.reach());
        match Handle::current().block_on(asking) {
            Ok(label) => (told["works"], told["account"]) = (true.into(), label.into()),
            Err(failure) => (told["works"], told["why"]) = (false.into(), failure.message.into()),
        }
    }
    Ok(Answer::ok(told).with(201))
}

/// True if whoever began is signed in still, and their role goes so far.
fn may_still(house: &House, owner: &str, asker: &Asker) -> Result<bool, Refusal> {
    let Asker::Session(hash) = asker else { return Ok(false) };
    let found = house.accounts()?.read(|reader| reader.session(hash))?;
    Ok(found.is_some_and(|it| {
        let role = it.role.as_deref().and_then(Role::of);
        it.space == owner
            && !is_over(&it, Timestamp::now())
            && role.is_some_and(|role| role.covers(Scope::Admin))
    }))
}

/// Whether a connection of that name may be there already: one that works is not replaced unasked.
fn place(ask: &Ask<'_>, before: Option<&Connection>) -> Result<Place, Refusal> {
    match before {
        None => Ok(Place::Free),
        Some(row) if ask.said.flag("again") || row.state != READY || row.health == REFUSED => {
            Ok(Place::Taken)
        }
        Some(row) => {
            let message = format!("the connection `{}` is there already", row.name);
            Err(Refusal::conflict(message, "give another `name`, or say `again`"))
        }
    }
}

/// What is asked for beside what the manifest says: what was said, and what the workflows need.
fn scopes(ask: &Ask<'_>, manifest: &Manifest, name: &str) -> Result<Vec<String>, Refusal> {
    let part = ask.house.part(&ask.who);
    let mut scopes = ask.said.texts("scopes");
    if part.kept().is_some() {
        let needs = of_deployed(part.home())?.into_iter().map(|(_, need)| need);
        let ours = needs.filter(|need| need.connector == manifest.id);
        for need in ours.filter(|need| need.name.as_deref().is_none_or(|own| own == name)) {
            scopes.extend(need.scopes);
        }
    }
    scopes.sort();
    scopes.dedup();
    Ok(scopes)
}

/// Texts by their names in a field of the body.
fn pairs(ask: &Ask<'_>, field: &str) -> Vec<(String, String)> {
    let mut pairs = vec![];
    for (name, value) in ask.said.object(field) {
        pairs.extend(value.as_text().map(|text| (name.to_string(), text.to_owned())));
    }
    pairs
}

fn manifest(ask: &Ask<'_>) -> Result<&'static Manifest, Refusal> {
    let connector = ask.said.part("connector");
    let found = connectors::library().find(connector);
    found.map(|manifest| &**manifest).ok_or_else(|| Refusal::absent("connector", connector))
}
