//! A model whose answers were written down: one after the other, then none. It keeps what it was asked.
#![allow(clippy::unwrap_used, dead_code)]

use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use dsl::catalog::{Failure, FailureKind};
use dsl::types::Field;
use generate::model::{Model, Said};
use serde_json::Value;

/// Written answers.
pub struct Written {
    answers: Mutex<Vec<Value>>,
    asked: Mutex<Vec<(String, String)>>,
}

impl Written {
    /// These, in their order.
    pub fn new(answers: &[Value]) -> Written {
        Written { answers: Mutex::new(answers.iter().rev().cloned().collect()), asked: Mutex::default() }
    }

    /// What it was told and asked.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Model for Written {
    async fn ask(&self, system: &str, prompt: &str, _: &[Field]) -> Result<Said, Failure> {
        self.asked.lock().unwrap().push((system.to_owned(), prompt.to_owned()));
        match self.answers.lock().unwrap().pop() {
            Some(value) => Ok(Said { value, tokens: 100 }),
            None => Err(Failure::new(FailureKind::Auth, "there is no key for any model")),
        }
    }
}

/// What a future gives that waits for nobody.
pub fn now<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}
