//! Drafts out of plain words, and changes of texts: as `keyway generate --json` answers. Nothing is stored, and nothing is
//! started.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dsl::value::{Hash, Value};
use serde_json::Value as Json;
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, Semaphore};

use super::ask::Said;
use super::routes::{Answering, Asked};
use super::{Answer, House, Refusal, Who, answer};
use crate::drafts::{self, Asked as Wanted, Wish, Wisher};

/// How many drafts are made at once: each may wait for a model.
const AT_ONCE: usize = 8;
/// How long a key stands for what was asked for under it, and how many keys do.
const KEPT: Duration = Duration::from_secs(24 * 3600);
const MOST: usize = 200;
/// The most letters of a wish and of an answer, and the most answers.
const LONGEST: usize = 4000;
const ANSWERS: usize = 20;

/// The drafts that are under way, and what was answered lately to those who sent a key.
pub(super) struct Drafting {
    hands: Arc<Semaphore>,
    kept: Mutex<VecDeque<Kept>>,
}

/// What was asked for under a key.
struct Kept {
    owner: String,
    key: String,
    digest: [u8; 32],
    since: Instant,
    answer: Arc<OnceCell<Json>>,
}

impl Default for Drafting {
    fn default() -> Drafting {
        Drafting { hands: Arc::new(Semaphore::new(AT_ONCE)), kept: Mutex::default() }
    }
}

impl Drafting {
    /// The answer under a key, which may be still to come; refused where the key stands for something else.
    fn under(&self, owner: &str, key: &str, digest: [u8; 32]) -> Result<Arc<OnceCell<Json>>, Refusal> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.since.elapsed() < KEPT);
        if let Some(one) = kept.iter().find(|one| one.owner == owner && one.key == key) {
            return if one.digest == digest { Ok(one.answer.clone()) } else { Err(Refusal::reused()) };
        }
        if kept.len() >= MOST {
            kept.pop_front();
        }
        let answer = Arc::new(OnceCell::new());
        kept.push_back(Kept {
            owner: owner.into(),
            key: key.into(),
            digest,
            since: Instant::now(),
            answer: answer.clone(),
        });
        Ok(answer)
    }
}

/// Drafts a workflow, or changes or mends a text.
pub fn generate(asked: Asked) -> Answering {
    Box::pin(async move {
        let Asked { house, who, said } = asked;
        let Some(key) = said.key.clone() else {
            let told = drafted(house, who, said).await?;
            return Ok(answer::written(Ok(Answer::ok(told))));
        };
        let digest = Hash::of(&Value::object(said.body.clone()).stored()).0;
        let cell = house.drafting.under(&who.owner, &key, digest)?;
        let known = cell.initialized();
        // Who asks at the same moment waits for the same answer.
        let told = cell.get_or_try_init(|| drafted(house, who, said)).await?.clone();
        let told = Answer::ok(told);
        Ok(answer::written(Ok(if known { told.head("idempotency-replayed", "true") } else { told })))
    })
}

async fn drafted(house: Arc<House>, who: Who, said: Said) -> Result<Json, Refusal> {
    let wanted = wanted(&said)?;
    let zone = said.text("zone").map(str::to_owned);
    let offline = said.flag("offline");
    let held = house.drafting.hands.clone().try_acquire_owned().map_err(|_| Refusal::often(5))?;
    // What is planned and played takes a processor, and what is connected is read from the disk.
    let done = tokio::task::spawn_blocking(move || {
        let _held = held;
        let part = house.part(&who);
        let vault = part.vault()?;
        let connected = drafts::connected(&vault, part.owner())?;
        let wisher = Wisher::new(zone.as_deref(), connected).ok_or_else(|| {
            let zone = zone.as_deref().unwrap_or_default();
            Refusal::unfit(format!("there is no time zone `{zone}`")).help("give it as `Europe/Berlin`")
        })?;
        // Which workflows stand beside a file is for the terminal alone: this text is nowhere.
        let catalog = drafts::catalog();
        let mut told = match offline {
            true => drafts::answer(&wanted, &wisher, catalog),
            false => Handle::current().block_on(async {
                let asking = part.asking().await.map_err(|failure| Refusal::upstream(failure.message))?;
                Ok::<_, Refusal>(drafts::answer_with(&wanted, &wisher, catalog, &asking).await)
            })?,
        };
        let closer = drafts::look_closer(&mut told, catalog, part.home(), part.owner(), Some(&vault));
        Handle::current().block_on(closer)?;
        Ok::<Json, Refusal>(serde_json::to_value(&told).unwrap_or_default())
    });
    // A panic there has been reported by the panic hook.
    done.await.unwrap_or_else(|_| Err(Refusal::broke()))
}

/// What is asked for: by `prompt` alone a workflow, with `text` a change of that, and by `text` alone that it is mended.
fn wanted(said: &Said) -> Result<Wanted, Refusal> {
    let answers = said.texts("answers");
    let prompt = said.text("prompt").map(str::trim).filter(|prompt| !prompt.is_empty());
    if prompt.is_some_and(|prompt| prompt.len() > LONGEST)
        || answers.len() > ANSWERS
        || answers.iter().any(|one| one.len() > LONGEST)
    {
        let help =
            format!("a wish and an answer have up to {LONGEST} bytes, and there are up to {ANSWERS} answers");
        return Err(Refusal::unfit("the wish is too long").help(help));
    }
    let wish = prompt.map(|prompt| Wish { text: prompt.into(), answers });
    match (wish, said.text("text").map(str::to_owned)) {
        (Some(wish), None) => Ok(Wanted::New(wish)),
        (Some(wish), Some(text)) => Ok(Wanted::Edit { text, wish }),
        (None, Some(text)) => Ok(Wanted::Fix { text }),
        (None, None) => Err(Refusal::unfit("there is no wish")
            .help("say in `prompt` what is to be done, and give in `text` what is to change")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_stands_for_one_wish_of_one_owner() {
        let drafting = Drafting::default();
        let first = drafting.under("a", "k", [1; 32]).unwrap();
        assert!(Arc::ptr_eq(&first, &drafting.under("a", "k", [1; 32]).unwrap()));
        assert_eq!(drafting.under("a", "k", [2; 32]).unwrap_err().code, "key_reused");
        assert!(!Arc::ptr_eq(&first, &drafting.under("b", "k", [2; 32]).unwrap()));
        for at in 0..MOST {
            drafting.under("a", &at.to_string(), [3; 32]).unwrap();
        }
        assert!(drafting.kept.lock().unwrap().len() <= MOST);
    }
}
