//! Whom a clause tells something, and by which service.

use super::data::Data;
use super::trigger::has_word;
use super::words::spoken;
use super::{Done, Planner, ask};
use crate::clause::{Clause, own_words, quoted};
use crate::lexicon::lexicon;

/// Services by which people are told something.
pub(crate) const TELLING: &[&str] = &["slack", "teams", "discord", "telegram", "twilio", "x", "linkedin"];
/// Services of mail.
pub(crate) const MAILING: &[&str] = &["gmail", "outlook_mail", "email"];

impl Planner<'_> {
    /// By which service a clause tells somebody something, and whether by mail.
    pub(super) fn tells(&self, clause: &Clause) -> Option<(Option<String>, bool)> {
        let verb = clause.verb.as_deref();
        if verb == Some("tweet") {
            return Some((Some("x".into()), false));
        }
        let named = |services: &[&str]| {
            clause
                .services
                .iter()
                .rev()
                .find(|(_, id)| services.contains(&id.as_str()))
                .map(|(_, id)| id.clone())
        };
        if verb == Some("mail") || (verb == Some("forward")) {
            return Some((named(MAILING), true));
        }
        let mail_words = [
            "by email",
            "by e-mail",
            "by mail",
            "an email",
            "a mail",
            "an e-mail",
            "welcome email",
            "reminder email",
            "per e-mail",
            "per mail",
            "eine e-mail",
            "par e-mail",
            "por correo",
            "un correo",
            "via email",
            "una email",
            "un email",
        ];
        let by_mail =
            mail_words.iter().any(|word| has_word(&clause.text, word)) || !clause.names.mails.is_empty();
        let sends = matches!(verb, Some("send" | "publish"));
        if sends && clause.has_object("text_message") && clause.services.is_empty() {
            return Some((Some("twilio".into()), false));
        }
        if (sends || verb == Some("create")) && !clause.names.channels.is_empty() {
            return Some((named(TELLING).or(Some("slack".into())), false));
        }
        if verb == Some("invite") && by_mail {
            return Some((named(MAILING), true));
        }
        if sends {
            if by_mail && named(TELLING).is_none() {
                return Some((named(MAILING), true));
            }
            if let Some(service) = named(TELLING) {
                return Some((Some(service), false));
            }
            if clause.has_object("message") || clause.services.is_empty() {
                return Some((None, by_mail));
            }
            if named(MAILING).is_some() {
                return Some((named(MAILING), true));
            }
        }
        let mailed =
            ["by email", "by e-mail", "per e-mail", "per mail", "par e-mail", "por correo", "via email"];
        if clause.model.is_some() && verb.is_none() && mailed.iter().any(|word| has_word(&clause.text, word))
        {
            return Some((named(MAILING), true));
        }
        if clause.model.is_some() && !clause.names.channels.is_empty() {
            return Some((named(TELLING).or(Some("slack".into())), false));
        }
        None
    }

    /// A clause with what answers put in quotes, where it has no such text of its own.
    fn with_answers(&self, clause: &Clause) -> Clause {
        let mut clause = clause.clone();
        if clause.names.quoted.is_empty() {
            clause.names.quoted = self.means.answers.iter().flat_map(|answer| quoted(answer)).collect();
        }
        clause
    }

    /// Tells somebody what is at hand.
    pub(super) fn tell(&mut self, clause: &Clause, service: &Option<String>, mails: bool) -> Done<()> {
        let clause = &self.with_answers(clause);
        let quotes = !clause.names.quoted.is_empty();
        // What is spoken of and not at hand is read first.
        let written = self.data.iter().any(|data| matches!(data, Data::Text { .. }));
        if !quotes && !written {
            let mut wanted = clause.clone();
            if mails {
                wanted.objects.retain(|(_, id)| id != "mail" || clause.verb.as_deref() == Some("forward"));
            }
            let fresh = self.data.is_empty();
            if fresh
                || wanted.objects.iter().any(|(_, id)| lexicon().objects.get(id).is_some_and(|it| it.usual))
            {
                self.read(&wanted, service.as_deref())?;
            }
        }
        let service = match (service, mails) {
            (Some(service), _) => service.clone(),
            (None, true) => {
                let object = &lexicon().objects["mail"];
                self.home("mail", &object.home, true)?
            }
            (None, false) => {
                let there: Vec<String> = ["slack", "teams", "discord", "gmail"]
                    .iter()
                    .filter(|id| self.means.connected.iter().any(|it| it == *id))
                    .map(|id| (*id).to_owned())
                    .collect();
                match &there[..] {
                    [only] => {
                        self.assume(format!(
                            "it is told by {}, which is connected",
                            lexicon().service_name(only)
                        ));
                        only.clone()
                    }
                    _ => {
                        let all = ["slack", "teams", "discord", "gmail"].map(str::to_owned);
                        match self.answered(&all) {
                            Some(service) => service,
                            None => return self.which("message", &all),
                        }
                    }
                }
            }
        };
        if self.data.is_empty() && !quotes {
            let said = clause.said.to_lowercase();
            let reminds = [
                "remind", "erinner", "rappelle", "recuerda", "ricorda", "tell", "notify", "alert", "ping",
                "avisa", "message",
            ]
            .iter()
            .any(|word| said.contains(word));
            let says = own_words(&clause.text) < clause.text.len();
            if !(reminds || says) || spoken(clause).is_none() {
                return ask("what is the message to say? Put it in quotes", []);
            }
        }
        // A mail to somebody of whom nothing is known but who they are has nothing to say yet.
        let unsaid = matches!(&self.data[..], [Data::One { ty, .. }] if super::data::says_nothing(ty));
        if mails && !quotes && !written && clause.names.mails.is_empty() && unsaid {
            return ask("what is the mail to say? Put it in quotes", []);
        }
        if service == "slack" && clause.names.channels.is_empty() && self.parts.names.channels.is_empty() {
            self.assume("the channel is open: fill in the input `channel`");
        }
        let action = match service.as_str() {
            "slack" => "slack.post_message",
            "teams" => "teams.post_message",
            "discord" => "discord.send_message",
            "telegram" => "telegram.send_message",
            "twilio" => "twilio.send_message",
            "x" => "x.create_post",
            "linkedin" => "linkedin.create_post",
            "outlook_mail" => "outlook_mail.send_message",
            "email" => "email.send",
            _ => "gmail.send_message",
        };
        let Some(action) = self.means.catalog.get(action).cloned() else { return self.nothing() };
        self.act_by(&action, clause)
    }
}
