//! Actions over models: asking the models of many providers, in one form, at known cost.
//!
//! All but `ask` is pure: a question becomes a request, bytes become an answer with its usage, a usage becomes money, a
//! refusal becomes a class with its rule, and time is given. `ask` is the one place that sends, waits and writes the
//! ledger. It holds no key: the vault opens one where the request goes out. It never meets the engine, the runtime or
//! a connector.
//!
//! ```text
//! args ─ask─► Wish ─offers, route─► candidates ─call─► a row is opened ─egress─► the row is settled ─► value
//! Question ─Provider::ask─► Sent ─(egress, by the caller)─► Reply ─Provider::answer─► Answer | Refusal
//!                                                       bytes ─► Stream::push, end ─► Answer | Refusal
//! Usage ─Price::cost─► Cost        Question ─estimate─► Tokens ─Price::most─► what to reserve
//! ```

pub mod ask;
pub mod chat;
pub mod difficulty;
pub mod estimate;
pub mod gateway;
pub mod health;
pub mod price;
pub mod provider;
pub mod refusal;
pub mod remember;
pub mod route;
pub mod savings;
pub mod usage;
pub mod wire;
