//! Actions over models: asking the models of many providers, in one form, at known cost.
//!
//! What is here is pure: a question becomes a request, bytes become an answer with its usage, a usage becomes money, a
//! refusal becomes a class with its rule. Nothing here opens a connection, reads a clock, waits, or knows a key; time is
//! given. It never meets the engine, the runtime or a connector.
//!
//! ```text
//! Question ─Provider::ask─► Sent ─(egress, by the caller)─► Reply ─Provider::answer─► Answer | Refusal
//!                                                       bytes ─► Stream::push, end ─► Answer | Refusal
//! Usage ─Price::cost─► Cost        Question ─estimate─► Tokens ─Price::most─► what to reserve
//! ```

pub mod chat;
pub mod estimate;
pub mod health;
pub mod price;
pub mod provider;
pub mod refusal;
pub mod route;
pub mod usage;
pub mod wire;
